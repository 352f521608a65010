"""The files of a Tantivy index, and whether they are what Tantivy wrote.

Tantivy ends each file of a segment with a footer that has the CRC-32 of what stands before it, and does not
look at it again. Such a file is never changed: one found sound needs no second look.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = ("fast", "fieldnorm", "idx", "pos", "store", "term")
"""The files of every segment."""

MAGIC = 1337
"""Ends every file that has a footer; the footer's length stands before it."""

ATTEMPTS = 3
"""A writer may merge segments between the reading of their list and of their files."""


def damaged_files(folder: Path, sound: set[str]) -> list[str]:
    """Name the files of committed segments that are missing, or not what Tantivy wrote.

    Args:
        folder: the index.
        sound: names of files that need no second look; those found sound are added.
    """
    damaged: list[str] = []
    for _ in range(ATTEMPTS):
        if not (folder / "meta.json").exists():
            return []  # nothing was ever committed
        try:
            names = list(_committed(folder))
        except (KeyError, TypeError, ValueError):
            damaged = ["meta.json"]
            continue
        damaged = [name for name in names if name not in sound and not _is_sound(folder / name)]
        sound.update(set(names).difference(damaged))
        if not damaged:
            break
    return damaged


def _committed(folder: Path) -> Iterator[str]:
    for segment in json.loads((folder / "meta.json").read_bytes())["segments"]:
        stem = segment["segment_id"].replace("-", "")
        yield from (f"{stem}.{suffix}" for suffix in SUFFIXES)
        if segment["deletes"]:
            yield f"{stem}.{segment['deletes']['opstamp']}.del"


def _is_sound(path: Path) -> bool:
    try:
        content = path.read_bytes()
        length, magic = struct.unpack("<II", content[-8:])
        body = len(content) - 8 - length
        if magic != MAGIC or body < 0:
            return False
        return bool(json.loads(content[body:-8])["crc"] == zlib.crc32(content[:body]))
    except (OSError, struct.error, KeyError, TypeError, ValueError):
        return False
