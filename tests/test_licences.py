"""docs/licences.md lists what is locked, with the licence that each package states."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent
LISTED = {
    (name, version): licence
    for name, version, licence in re.findall(
        r"^\| ([\w.-]+) \| (\d[\w.!+-]*) \| (.+?) \|$",
        (ROOT / "docs" / "licences.md").read_text(),
        re.MULTILINE,
    )
}


def test_each_locked_package_is_listed_with_the_licence_it_states() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "licences.py"))
    assert list(LISTED) == script["locked"](), "run make licences"
    assert len(LISTED) > 100
    for (name, _), licence in LISTED.items():
        # What this Python or this platform does not install says nothing.
        assert script["licence"](name) in (licence, script["UNKNOWN"]), "run make licences"


def test_no_licence_binds_those_who_use_the_assistant_to_publish_their_own_code() -> None:
    assert [name for name, licence in LISTED.items() if re.search("GPL|SSPL|BUSL", licence)] == []
    assert [name for (name, _), licence in LISTED.items() if licence == "NOASSERTION"] == ["httpx2-jsfetch"]
