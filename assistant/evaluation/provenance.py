"""What a run rests on: the code, the packages, the papers, the index and the questions."""

import hashlib
import platform
import shutil
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import assistant
from assistant.assistant import Assistant
from assistant.corpus import Paper
from assistant.evaluation.questions import Dialogue
from assistant.resources import resource
from assistant.settings import Settings

PACKAGES = (
    "assistant",
    "chromadb",
    "llama-index-core",
    "numpy",
    "onnxruntime",
    "openai",
    "tantivy",
    "tiktoken",
    "tokenizers",
)
"""The packages whose version can change an answer."""


def digest(*parts: str | bytes) -> str:
    """Digest texts, so that no two lists of them have the same: 16 hexadecimal digits."""
    total = hashlib.sha256()
    for part in parts:
        whole = part.encode() if isinstance(part, str) else part
        total.update(len(whole).to_bytes(8, "big") + whole)
    return total.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that answers rest on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit(folder: Path | None = None) -> str | None:
    """Name the git commit of a folder, with `+` where files differ from it; None where there is none."""
    git = shutil.which("git")
    if git is None:
        return None

    def said(*arguments: str) -> str | None:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            [git, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    head = said("rev-parse", "HEAD")
    return head and head + ("+" if said("status", "--porcelain", "--untracked-files=no") else "")


def of_papers(papers: Iterable[Paper]) -> str:
    """Digest all that a collection holds, in whatever order."""
    return digest(
        *sorted(f"{paper.paper_id}\n{paper.title}\n{paper.text}\n{paper.published}" for paper in papers)
    )


def of_indexing(embedding: str) -> str:
    """Digest what makes an index of papers: the code that does, and the packages it does it with."""
    package = Path(assistant.__file__).parent
    files = [
        path for part in ("corpus", "index") for path in sorted((package / part).iterdir()) if path.is_file()
    ]
    found = versions()
    makers = [found.get(name, "") for name in ("chromadb", "onnxruntime", "tantivy", "tokenizers")]
    return digest(embedding, *makers, *(part for path in files for part in (path.name, path.read_bytes())))


def shipped_home(settings: Settings) -> Path:
    """Name a home for the shipped papers alone, kept among what can be made again.

    It is another one whenever what makes its index changed, so that a run never rests on an old index.
    """
    made_of = digest(of_indexing(settings.embedding), resource("corpus/papers.jsonl").read_bytes())
    return settings.cache / "evaluation" / made_of


def of_questions(dialogues: Iterable[Dialogue]) -> str:
    """Digest questions with all that is known of them."""
    return digest(*(repr(turn) for dialogue in dialogues for turn in dialogue))


def of_prompts(settings: Settings) -> str:
    """Digest what a model is told: the shipped prompts, and those that take their place."""
    folders = [resource("prompts"), *([settings.prompts] if settings.prompts else [])]
    files = [path for folder in folders for path in sorted(folder.glob("*.jinja"))]
    return digest(*(part for path in files for part in (path.name, path.read_bytes())))


def fingerprint(asked: Assistant) -> dict[str, str]:
    """Digest the papers of a home, and its index."""
    papers = of_papers(asked.papers())
    encoder = asked.status().encoder
    return {"corpus": papers, "index": digest(papers, encoder, of_indexing(asked.settings.embedding))}
