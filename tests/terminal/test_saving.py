"""What `/cite` and the history write."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Answer, Citation, Exchange, HomeError, Paper
from assistant.terminal.history import FILE, History
from assistant.terminal.saving import bibtex, without_secrets


def test_bibtex_says_what_is_known_and_escapes_it() -> None:
    paper = Paper(paper_id="0", title="The 50% Solution: {A} & B_2", text="", organization="R&D")
    assert bibtex(paper) == (
        "@misc{50,\n  title = {{The 50\\% Solution: \\{A\\} \\& B\\_2}},\n  organization = {R\\&D}\n}"
    )


def test_a_conversation_comes_back_as_it_was_kept_without_the_key(
    tmp_path: Path, titled: Callable[[str], Paper]
) -> None:
    kettle = titled("KettleNet")
    answer = Answer(
        question="q", text="It [1].", refused=False, reader="extractive", citations=(Citation(1, kettle, ()),)
    )
    history = History(tmp_path)
    assert history.conversations() == []
    number = history.begin()
    asked = Exchange("is sk-123456 my key?", replace(answer, question="is sk-123456 a key?"))
    history.keep(number, without_secrets(asked, ["sk-123456"]))
    (exchange,) = history.exchanges(number, lambda _: kettle)
    assert exchange == Exchange(
        "is (key removed) my key?", replace(answer, question="is (key removed) a key?")
    )
    (gone,) = history.exchanges(number, lambda _: None)
    assert gone.shown[0].title == kettle.title
    assert b"sk-123456" not in (tmp_path / FILE).read_bytes()
    history.forget_last(number)
    assert history.questions() == []


def test_a_file_that_is_no_history_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database" * 100)
    with pytest.raises(HomeError, match="mend or remove the file"):
        History(tmp_path).conversations()
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(tmp_path / FILE) as file:
        file.execute("SELECT 1 FROM exchanges")
    file.close()
