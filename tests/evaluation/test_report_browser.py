"""The page of a report in a browser."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from markup import Node, Page, questions
from synthetic import GATE, RESULTS, RUN, right

from assistant.evaluation.reports import write_html

BROWSER = next(
    filter(
        None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    ),
    None,
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 700 questions, and the folder it is in."""
    filler = tuple(right(f"s{number:03}", suite=("multi", "topic")[number % 2]) for number in range(10, 702))
    path = tmp_path_factory.mktemp("many") / "report.html"
    write_html(replace(RUN, results=(*RESULTS, *filler)), GATE, path)
    return path


def browse(path: Path, fragment: str, folder: Path) -> Node:
    """Open a page, and give what it has become; nothing may be complained about or called for."""
    log = folder / "net.json"
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            "--dump-dom",
            f"{path.as_uri()}{fragment}",
        ],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )

    assert not requests(log)
    assert "CONSOLE" not in done.stderr
    return Page(done.stdout).root


def requests(log: Path) -> list[str]:
    """Give what pages asked of the network; what the browser asks for itself has no origin."""
    told = [event.get("params", {}) for event in json.loads(log.read_text(encoding="utf-8"))["events"]]
    origins = [(event.get("initiator", "not an origin"), event.get("url", "")) for event in told]
    return [url for origin, url in origins if origin != "not an origin" and not url.startswith("file:")]


def visible(root: Node) -> list[str]:
    return [name for name, item in questions(root).items() if "hidden" not in item.attributes]


@in_browser
def test_a_page_that_asks_something_of_the_network_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "calls.html"
    path.write_text('<html><body><img src="http://kettle.invalid/x.png" alt=""></body></html>')
    with pytest.raises(AssertionError, match=r"kettle\.invalid"):
        browse(path, "", tmp_path)


@in_browser
def test_the_address_filters_by_suite_and_outcome(many: Path, tmp_path: Path) -> None:
    assert many.stat().st_size < 5_000_000
    root = browse(many, "#suite=single&outcome=flipped", tmp_path)
    assert visible(root) == ["s002", "s001"]
    assert root.one(id="shown").words == "2 of 700 shown"
    assert "hidden" not in root.one("form").attributes
    assert "hidden" in root.one(id="none").attributes


@in_browser
def test_the_address_filters_by_text_and_opens_a_question(many: Path, tmp_path: Path) -> None:
    root = browse(many, "#text=WHICH%20chip&question=s002", tmp_path)
    assert visible(root) == ["s002"]
    opened = [name for name, item in questions(root).items() if "open" in item.one("details").attributes]
    assert opened == ["s002"]


@in_browser
def test_hostile_text_does_nothing_in_a_browser(hostile: Node, tmp_path: Path) -> None:
    root = browse(
        Path(hostile.attributes["folder"], "report.html"), "#outcome=%3Cscript%3E&suite=x&text=s001", tmp_path
    )
    assert visible(root) == ["s001"]
    assert len(list(root.all("script"))) == 1
    # The page's own script ran: it put titles on the marks of the plots.
    assert list(root.one(class_="plot").all("title"))
