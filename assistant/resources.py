"""Where the data that the package is shipped with lies: prompts, questions and papers."""

from pathlib import Path

from assistant.errors import AssistantError


def resource(name: str) -> Path:
    """Find a file or folder of the shipped data.

    An installed wheel holds it inside the package, a checkout at the repository's root.

    Args:
        name: a path from the root, such as `corpus/papers.jsonl`.

    Raises:
        AssistantError: neither place has it, so the installation is incomplete.
    """
    package = Path(__file__).parent
    for root in (package / "_data", package.parent):
        path = root / name
        if path.exists():
            return path
    raise AssistantError(f"The installation lacks {name}: install the package again.")
