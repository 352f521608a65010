"""The files of a Tantivy index, and whether they are what Tantivy wrote.

Tantivy ends each file of a segment with a footer that has the CRC-32 of what stands before it, and does not
look at it again. Such a file is never changed: one found sound needs no second look.

Of much, reading all takes seconds: then only each file's footer is read, which tells a file that is missing,
cut short, or lengthened, and the whole is for `assistant status --check`.
"""

import json
import mmap
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = ("fast", "fieldnorm", "idx", "pos", "store", "term")
"""The files of every segment."""

MAGIC = 1337
"""Ends every file that has a footer; the footer's length stands before it."""

AT_OPENING = 64_000_000
"""Bytes of files not looked at before that are read whole at opening, which takes a moment."""

BLOCK = 1 << 20

ATTEMPTS = 3
"""A writer may merge segments between the reading of their list and of their files."""


def damaged_files(folder: Path, sound: set[str], *, whole: bool = False, most: int = AT_OPENING) -> list[str]:
    """Name the files of committed segments that are missing, or not what Tantivy wrote.

    Args:
        folder: the index.
        sound: names of files that need no second look; those found sound are added.
        whole: read all of the files, however much it is, those found sound before among them.
        most: bytes of files without a second look that are read whole.
    """
    damaged: list[str] = []
    if whole:
        sound.clear()
    for _ in range(ATTEMPTS):
        if not (folder / "meta.json").exists():
            return []  # nothing was ever committed
        try:
            names = list(_committed(folder))
        except (KeyError, TypeError, ValueError):
            damaged = ["meta.json"]
            continue
        unseen = [name for name in names if name not in sound]
        summed = whole or sum(_size(folder / name) for name in unseen) <= most
        damaged = [name for name in unseen if not _is_sound(folder / name, summed=summed)]
        sound.update(set(names).difference(damaged))
        if not damaged:
            break
    return damaged


def uncommitted_deletions(folder: Path) -> list[Path]:
    """List the files of deletions that a process wrote, and died before it committed them.

    Tantivy numbers a commit on from the last one, names such a file by that number, and refuses to write
    where there is one: the same commit could never be made again.
    """
    if not (folder / "meta.json").exists():
        return []
    last = json.loads((folder / "meta.json").read_bytes())["opstamp"]
    return [path for path in folder.glob("*.del") if _opstamp(path) > last]


def _opstamp(path: Path) -> int:
    number = path.name.split(".")[1]
    return int(number) if number.isdecimal() else 0


def _committed(folder: Path) -> Iterator[str]:
    for segment in json.loads((folder / "meta.json").read_bytes())["segments"]:
        stem = segment["segment_id"].replace("-", "")
        yield from (f"{stem}.{suffix}" for suffix in SUFFIXES)
        if segment["deletes"]:
            yield f"{stem}.{segment['deletes']['opstamp']}.del"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_sound(path: Path, *, summed: bool) -> bool:
    """Tell whether a file ends as Tantivy ended it, and where `summed`, with its bytes' checksum."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            length, magic = struct.unpack("<II", content[-8:])
            body = len(content) - 8 - length
            if magic != MAGIC or body < 0:
                return False
            crc = json.loads(content[body:-8])["crc"]
            return not summed or bool(crc == _checksum(content, body))
    except (OSError, struct.error, KeyError, TypeError, ValueError):
        return False


def _checksum(content: mmap.mmap, size: int) -> int:
    """Give the CRC-32 of the first bytes, of which a few at a time are in memory."""
    found = 0
    for start in range(0, size, BLOCK):
        found = zlib.crc32(content[start : min(start + BLOCK, size)], found)
    return found
