"""The page of a report, read by a parser."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic import GATE, HOSTILE, RUN, answered, right

from assistant.evaluation.gate import Flip, GateReport
from assistant.evaluation.judging.judge import Claim, Judgement, Verdict
from assistant.evaluation.reports import markdown, write_html, write_junit
from assistant.evaluation.results import JudgedSentence
from assistant.evaluation.run import Run
from assistant.evaluation.scores import Score, failed


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)

    def all(self, tag: str = "", **attributes: str) -> Iterator["Node"]:
        """Find those below, by tag and by words of an attribute (`class_="failed"`)."""
        for child in self.children:
            if isinstance(child, Node):
                wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
                if tag in ("", child.tag) and all(
                    set(value.split()) <= set(child.attributes.get(name, "").split())
                    for name, value in wanted.items()
                ):
                    yield child
                yield from child.all(tag, **attributes)

    def one(self, tag: str = "", **attributes: str) -> "Node":
        return next(self.all(tag, **attributes))

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


class Page(HTMLParser):
    """Builds a tree, and takes no tag that is not closed in its place."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root], f"left open: {self._open[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        assert len(node.attributes) == len(attrs)
        self._open[-1].children.append(node)
        if tag not in self.VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def page(run: Run, gate: GateReport | None, folder: Path) -> Node:
    write_html(run, gate, folder / "report.html")
    return Page((folder / "report.html").read_text(encoding="utf-8")).root


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return page(RUN, GATE, tmp_path_factory.mktemp("report"))


def questions(root: Node) -> dict[str, Node]:
    return {item.attributes["data-name"]: item for item in root.all("li") if "data-name" in item.attributes}


def question(root: Node, name: str) -> Node:
    return root.one("li", data_name=name)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Node:
    bad = right(
        "s001",
        question=HOSTILE,
        titles=(HOSTILE,),
        facts=((HOSTILE,),),
        answer=answered(HOSTILE, title=HOSTILE),
        sentences=(
            JudgedSentence(HOSTILE, (1,), Judgement((Claim(HOSTILE, Verdict.NOT_FOUND, 0.1, HOSTILE),))),
        ),
        scores={"all facts": Score(0.0), "faithfulness": failed(HOSTILE)},
    )
    settings = {
        "reader": HOSTILE,
        "versions": {HOSTILE: HOSTILE},
        "started": HOSTILE,
        "questions": {HOSTILE: 1},
    }
    gate = replace(
        GATE,
        comparisons=(replace(GATE.comparisons[1], reason=HOSTILE),),
        flips=(Flip("s001#0", "all facts", 1.0, 0.0, answered(f"{HOSTILE} before"), None),),
        notes=(HOSTILE,),
    )
    folder = tmp_path_factory.mktemp("hostile")
    run = Run(settings=settings, results=(bad,))
    write_junit(run, gate, folder / "junit.xml")
    (folder / "summary.md").write_text(markdown(run, gate), encoding="utf-8")
    root = page(run, gate, folder)
    root.attributes["folder"] = str(folder)
    return root
