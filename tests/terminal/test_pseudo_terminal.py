"""What a person sees: the command in a real pseudo-terminal."""

import re
from pathlib import Path

import pexpect
import pytest

from assistant import Paper

SHEEP = "With what error does the drone's detector count the animals of a flock?"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def seen(
    environment: dict[str, str], home: Path, arguments: list[str], *, columns: int = 40, **variables: str
) -> str:
    """All that the terminal was sent, with its line ends as one character."""
    process = pexpect.spawn(
        "assistant",
        arguments,
        env={**environment, "ASSISTANT_HOME": str(home), "TERM": "xterm-256color", **variables},
        cwd=str(home.parent),
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=60,
    )
    process.expect(pexpect.EOF)
    process.close()
    assert isinstance(process.before, str)
    output = process.before.replace("\r\n", "\n")
    assert process.exitstatus == 0, output
    return output


def test_an_answer_is_wrapped_and_without_colour_where_none_is_wanted(
    environment: dict[str, str], small_home: Path
) -> None:
    output = seen(environment, small_home, ["ask", SHEEP], NO_COLOR="1")
    assert "\x1b" not in output
    assert output.splitlines() == [
        "A drone photographs a flock and a",
        "detector counts the animals with an",
        "error of 2 in 1,000. [1]",
        "",
        "Sources (extractive reader)",
        "[1] Counting Sheep from the Air (5",
        "    January 2023)",
    ]


def test_an_answer_has_colour_where_nothing_speaks_against_it(
    environment: dict[str, str], small_home: Path
) -> None:
    output = seen(environment, small_home, ["ask", SHEEP])
    assert ESCAPE.search(output)
    plain = ESCAPE.sub("", output)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 40


def test_no_line_is_wider_than_is_easy_to_read(environment: dict[str, str], small_home: Path) -> None:
    output = ESCAPE.sub(
        "",
        seen(
            environment,
            small_home,
            ["papers", "show", "BridgeGPT: A Language Model that Inspects Bridges"],
            columns=180,
        ),
    )
    widths = [len(line) for line in output.splitlines()]
    assert 80 < max(widths) <= 100


def test_titles_go_on_under_themselves(environment: dict[str, str], small_home: Path) -> None:
    output = seen(environment, small_home, ["search", "avalanches", "--limit", "1"], NO_COLOR="1")
    first, *others = ESCAPE.sub("", output).splitlines()
    assert first.startswith("1.00 SnowCast: Forecasting")
    assert others
    assert all(line.startswith("     ") for line in others)


def test_indexing_shows_a_bar_and_takes_it_away(environment: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "page.jsonl").write_text('{"title": "On Umbrellas", "abstract": "They fold."}')
    output = seen(environment, home, ["ingest", "page.jsonl"], columns=80, ASSISTANT_EMBEDDING="words")
    assert "Indexing papers" in output
    assert (
        ESCAPE.sub("", output)
        .splitlines()[-1]
        .endswith("Read 1 listing: 1 paper added, 0 updated, 0 unchanged.")
    )
    assert "\x1b[?25h" in output[output.rindex("Indexing papers") :]


@pytest.mark.parametrize("columns", [10, 20])
def test_a_narrow_terminal_loses_no_word(
    environment: dict[str, str], small_home: Path, sheep: Paper, columns: int
) -> None:
    output = seen(environment, small_home, ["ask", SHEEP], columns=columns, NO_COLOR="1")
    assert sheep.text.replace(" ", "") in re.sub(r"\s", "", ESCAPE.sub("", output))


@pytest.fixture
def sheep(titled: "object") -> Paper:
    assert callable(titled)
    found = titled("Counting Sheep")
    assert isinstance(found, Paper)
    return found
