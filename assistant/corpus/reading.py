"""Read papers from files, folders, patterns and standard input."""

import codecs
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO

from assistant.corpus.flaws import quoted
from assistant.corpus.jsonl import read_jsonl
from assistant.corpus.pages import read_page
from assistant.corpus.paper import Reading, Rejection
from assistant.errors import InputError

LARGEST = 256 * 2**20
"""Bytes that one file, or standard input, may hold."""
SUFFIXES = (".json", ".jsonl", ".txt")
"""What is read in a folder; a file named by itself or by a pattern may have any suffix, or none."""
STDIN = "-"
"""The input, and the source, that is standard input."""

_MAGIC = re.compile(r"[*?[]")
_JSON_START = re.compile(r"\s*(?:\{|\[\s*[{\]])")
_JSON_LINE = re.compile(r"^[ \t]*\{", re.MULTILINE)


def read_sources(inputs: str | Path | Iterable[str | Path], *, stdin: BinaryIO | None = None) -> Reading:
    """Read listing pages and JSON lines from all that the inputs name.

    An input is a file, a folder (with the folders in it), a pattern such as `pages/**/*.txt`, or `-`
    for standard input. Files are read in the order of the inputs and, within one, of their paths;
    each once. In folders, hidden files and links to further folders are passed over. The format is
    told by what a file holds: JSON begins with an object or an array of objects, all else is a page.

    What cannot be read or understood is rejected, and the rest is taken.

    Raises:
        InputError: An input names nothing. Nothing was read then.
    """
    sources: dict[Path | None, _Source] = {}
    for given in [inputs] if isinstance(inputs, str | Path) else inputs:
        for source in _sources(os.fspath(given)):
            sources.setdefault(source.path and source.path.resolve(), source)
    readings = [_read(source, stdin) for source in sources.values()]
    return Reading(
        listings=tuple(listing for reading in readings for listing in reading.listings),
        rejected=tuple(rejection for reading in readings for rejection in reading.rejected),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    """As the user knows it."""
    path: Path | None
    """None for standard input."""


class _UnreadableError(Exception):
    """Why nothing is taken of a source, and the line of it that shows it."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def _sources(name: str) -> list[_Source]:
    """Find what one input names, in the order of the paths."""
    if name == STDIN:
        return [_Source(STDIN, None)]
    path = Path(name)
    try:
        if name and path.is_dir():
            found = [file for file in _matching(path, ["**", "*"]) if _is_expected(file)]
            lack = (
                f"The folder {quoted(name)} holds no {', '.join(SUFFIXES)} file; name the files themselves."
            )
        elif name and path.exists():
            return [_Source(_shown(name), path)]
        elif _MAGIC.search(name):
            fixed = next(index for index, part in enumerate(path.parts) if _MAGIC.search(part))
            found = list(_matching(Path(*path.parts[:fixed]), list(path.parts[fixed:])))
            lack = f"The pattern {quoted(name)} matches no file; check it, and where it starts from."
        else:
            found, lack = [], f"There is no file or folder {quoted(name)}; check the path."
    except OSError as error:
        raise InputError(f"{quoted(name)} cannot be reached ({error.strerror}); check the path.") from error
    if not found:
        raise InputError(lack)
    return [_Source(_shown(str(file)), file) for file in sorted(set(found))]


def _shown(name: str) -> str:
    """Make a file's name storable as UTF-8, which a name on disk need not be."""
    return os.fsencode(name).decode("utf-8", "replace")


def _is_expected(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES or path.is_dir()


def _matching(folder: Path, pattern: list[str]) -> Iterator[Path]:
    """Find the files below a folder that match; a folder that cannot be listed stands for its files."""
    part, *rest = pattern
    if part == "**":
        for below in _folders(folder):
            yield from _matching(below, rest or ["*"])
        return
    try:
        entries = _visible(folder, also_hidden=part.startswith("."))
    except PermissionError:
        yield folder
        return
    for entry in entries:
        if fnmatch(entry.name, part):
            if rest and entry.is_dir():
                yield from _matching(folder / entry.name, rest)
            elif not rest and entry.is_file():
                yield folder / entry.name


def _folders(top: Path) -> Iterator[Path]:
    """Walk through a folder and all folders in it, following no links, so that none is met twice."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        yield folder
        try:
            entries = _visible(folder)
        except PermissionError:
            continue
        waiting += [folder / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def _visible(folder: Path, *, also_hidden: bool = False) -> list[os.DirEntry[str]]:
    """List a folder; none there is an empty one."""
    try:
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if also_hidden or not entry.name.startswith(".")]
            return [entry for entry in shown if _leads_somewhere(entry)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _leads_somewhere(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is itself a file or folder, or a link that ends at one."""
    try:
        return not entry.is_symlink() or bool(entry.stat())
    except OSError:
        return False


def _read(source: _Source, stdin: BinaryIO | None) -> Reading:
    try:
        text = _text(_content(source.path, stdin))
    except _UnreadableError as problem:
        return Reading(rejected=(Rejection(source=source.name, line=problem.line, reason=str(problem)),))
    return (read_jsonl if _is_json(text, source) else read_page)(text, source=source.name)


def _content(path: Path | None, stdin: BinaryIO | None) -> bytes:
    if path is None:
        return _bounded(stdin or sys.stdin.buffer)
    try:
        with path.open("rb") as stream:
            return _bounded(stream)
    except OSError as error:
        raise _UnreadableError(f"It cannot be read ({error.strerror}); check its permissions.") from error


def _bounded(stream: BinaryIO) -> bytes:
    """Read to the end, or far enough to know that there is too much."""
    content = bytearray()
    while chunk := stream.read(2**20):
        content += chunk
        if len(content) > LARGEST:
            raise _UnreadableError(f"It is larger than {LARGEST // 2**20} MB; split it.")
    return bytes(content)


def _text(content: bytes) -> str:
    """Decode UTF-8, or UTF-16 that begins with its byte order mark."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_utf16 else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = _last_line(error.object[: error.start].decode(encoding, "ignore"))
        name = "UTF-16" if is_utf16 else "UTF-8"
        reason = f"This line is not {name} (byte 0x{error.object[error.start]:02X}); save the file as UTF-8."
        raise _UnreadableError(reason, line) from error
    if "\0" in text:
        line = _last_line(text[: text.index("\0")])
        raise _UnreadableError(
            "This line holds a NUL, so this is no text; save the listing as UTF-8 text.", line
        )
    return text


def _last_line(text: str) -> int:
    """Number the line at which a text stops."""
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def _is_json(text: str, source: _Source) -> bool:
    """Judge by the first character; a name that says JSON lines makes up for a first line that is bad."""
    if _JSON_START.match(text):
        return True
    says_json = source.path is not None and source.path.suffix.lower() in (".json", ".jsonl")
    return says_json and _JSON_LINE.search(text) is not None
