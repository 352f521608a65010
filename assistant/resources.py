"""Where the data that the package is shipped with lies: prompts, questions and papers."""

from pathlib import Path

from assistant.errors import AssistantError

_INSTALLED = Path(__file__).parent / "_data"


def resource(name: str) -> Path:
    """Find a file or folder of the shipped data.

    An installed wheel holds it inside the package, a checkout at the repository's root.

    Args:
        name: a path from the root, such as `corpus/papers.jsonl`.

    Raises:
        AssistantError: neither place has it, so the installation is incomplete.
    """
    for root in (_INSTALLED, Path(__file__).parent.parent):
        path = root / name
        if path.exists():
            return path
    raise AssistantError(f"The installation lacks {name}: install the package again.")


def is_installed() -> bool:
    """Tell whether the data is that of an installation, which is no place to write, or of a checkout."""
    return _INSTALLED.is_dir()
