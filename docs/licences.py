"""Write docs/licences.md: the licence of each package that the assistant is locked to, in SPDX's names.

    make licences

A package says it in its metadata, in one of three ways, of which the newest is SPDX's own. What is installed
on no machine of ours, because the lock names it for another platform alone, is listed without a licence.
"""

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-weights.txt")
PLACE = ROOT / "docs" / "licences.md"
UNKNOWN = "NOASSERTION"
"""SPDX's word for a licence that nobody has looked up."""

WORDED = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages write in place of SPDX's names."""
SPDX = re.compile(r"(?:Apache|BSD|MIT|MPL|ISC|PSF|0BSD|Unlicense|CC0)[\w.-]*(?: (?:AND|OR) [\w.-]+)*")
READ = {
    "colorama": "BSD-3-Clause",
    "dirtyjson": "MIT OR AFL-2.1",
    "jinja2": "BSD-3-Clause",
    "nest-asyncio": "BSD-2-Clause",
    "prompt-toolkit": "BSD-3-Clause",
    "uvloop": "MIT OR Apache-2.0",
}
"""Where the metadata does not say which of several: read in the package's own licence file."""

HEAD = """# Licences

The packages that `requirements.txt` and `requirements-weights.txt` lock, by `make licences`. `NOASSERTION` is
said of what is installed on other platforms alone. The assistant itself is under Apache-2.0.

| package | version | licence (SPDX) |
|---|---|---|
"""


def locked() -> list[tuple[str, str]]:
    """Name the locked packages and their versions, in order; of two versions, both."""
    found: set[tuple[str, str]] = set()
    for lock in LOCKS:
        lines = (ROOT / lock).read_text(encoding="utf-8")
        found.update(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", lines, re.MULTILINE))
    return sorted(found)


def licence(package: str) -> str:
    """Give a package's licence as SPDX writes it."""
    try:
        found = metadata(package)
    except PackageNotFoundError:
        return UNKNOWN
    return READ.get(package) or _said(found)


def _said(found: PackageMetadata) -> str:
    spdx, plain = (str(found[name]) if name in found else "" for name in ("License-Expression", "License"))
    first = plain.split("\n", maxsplit=1)[0].strip()
    classes = [
        line.split(" :: ")[-1]
        for line in found.get_all("Classifier") or []
        if line.startswith("License :: OSI Approved :: ")
    ]
    for said in (spdx, first, *classes):
        name = WORDED.get(said, said)
        if SPDX.fullmatch(name):
            return str(name)
    return UNKNOWN


def table() -> str:
    """Write the page."""
    rows = (f"| {package} | {version} | {licence(package)} |\n" for package, version in locked())
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PLACE.write_text(table(), encoding="utf-8")
