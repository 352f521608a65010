"""A command loads what it needs and no more: a heavy import that comes back is named here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "asyncio",
    "chromadb",
    "httpx",
    "jinja2",
    "llama_index",
    "numpy",
    "onnx",
    "onnxruntime",
    "openai",
    "prompt_toolkit",
    "pydantic",
    "rich",
    "scipy",
    "tantivy",
    "tiktoken",
    "tokenizers",
}
"""Packages that take from some 30 milliseconds to some seconds."""

STORES = {"asyncio", "numpy", "pydantic", "rich", "tantivy"}
"""What opening a home takes: its settings, the words, and the layout of what is printed."""

SCRIPT = """
import sys
from assistant.terminal.app import main

try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "embedding", "needed"),
    [
        (["--help"], "minilm", set()),
        (["ask", "--help"], "minilm", {"pydantic"}),  # with which typer reads options
        (["--version"], "minilm", set()),
        (["papers", "list"], "minilm", STORES),
        (["papers", "show", "Counting Sheep from the Air"], "minilm", STORES),
        (["status"], "minilm", STORES),
        (["search", "kettles"], "words", STORES),
        (["ask", "How much energy does KettleNet save?"], "words", STORES),
        # All that Chroma imports by itself comes along.
        (
            ["ask", "How much energy does KettleNet save?"],
            "minilm",
            {*STORES, "chromadb", "httpx", "onnxruntime", "tokenizers"},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_command_loads_no_more_than_it_needs(
    arguments: list[str],
    embedding: str,
    needed: set[str],
    environment: dict[str, str],
    small_home: Path,
    words_home: Path,
) -> None:
    home = small_home if embedding == "minilm" else words_home
    variables = {**environment, "ASSISTANT_HOME": str(home), "ASSISTANT_EMBEDDING": embedding}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, **variables},
        cwd=home,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "assistant" in loaded
    assert loaded & HEAVY <= needed


@pytest.fixture(scope="module")
def words_home(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of words alone, in which the paper of the questions is."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "papers.jsonl").write_text(
        '{"title": "KettleNet: Boiling Water with Fewer Joules", "abstract": "KettleNet saves 17.5% of the '
        'energy of a thermostat on a test bench of 40 kettles."}\n'
    )
    home = folder / "home"
    variables = {**environment, "ASSISTANT_HOME": str(home), "ASSISTANT_EMBEDDING": "words"}
    subprocess.run(
        ["assistant", "ingest", folder / "papers.jsonl"], env=variables, check=True, capture_output=True
    )
    return home
