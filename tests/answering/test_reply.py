"""A reply on its way to an answer, whole and in pieces, whatever it is made of."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.reply import REFUSAL_SIGN, Reply
from assistant.secrets import HIDDEN

KEY = "sk-loopback-0123456789"
SHOWN = 5

HOSTILE = [
    *(
        "[1]",
        "[2]",
        "[9]",
        "[1, 3]",
        "[1-3]",
        "[^1]",
        "【2】",
        "【1†s】",
        "(1)",
        " (2).",
        "[1",
        "[",
        "]",
        "(",
        ")",
    ),
    *(
        "[[1]]",
        "[1][3]",
        "[0]",
        "[-1]",
        "[1-999]",
        "[\u0661]",
        "\uff3b\uff19\uff3d",
        "[8",
        "8]",
        "9",
        "1",
        "[9[9]]",
        "[99999999999]",
    ),
    *("(http://a.b/c)", "https://x.y/z.", "![a](u)", "<img src=x>", "<a href='x'", "www.a.b ", "<b>", "://"),
    *("<think>", "</think>", "<thi", "nk>", REFUSAL_SIGN, REFUSAL_SIGN[:7], REFUSAL_SIGN[7:]),
    *(
        KEY,
        KEY[:5],
        KEY[5:],
        "\x1b[31m",
        "\x1b]0;t\x07",
        "\x1b",
        "\x9b2J",
        "\u202e",
        "\u200b",
        "\r\n",
        "\n",
        " ",
    ),
    *("Tea cools", ". ", "17.5%", "**", "`", "\uff1a", "et al.", "- ", "é"),
]
MARKUP = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4), max_size=30).map("".join)


def whole(text: str, shown: int = SHOWN) -> Reply:
    reply = Reply(shown, [KEY])
    assert reply.feed(text) + reply.close() == reply.text
    return reply


def result(reply: Reply) -> object:
    return reply.text, reply.cited, reply.removed, reply.refused, reply.unsupported


def check(text: str, cuts: list[int]) -> None:
    """What holds of every reply."""
    reply = whole(text)
    streamed = Reply(SHOWN, [KEY])
    came = ""
    start = 0
    for end in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        came += streamed.feed(text[start:end])
        # What was shown is never taken back, and holds no number that is not yet certain.
        assert reply.text.startswith(came)
        start = end
    assert came + streamed.close() == streamed.text
    assert result(streamed) == result(reply)
    assert all(1 <= number <= SHOWN for number in reply.cited)
    assert len(set(reply.cited)) == len(reply.cited)
    if not reply.refused:
        markers = [int(number) for number in re.findall(r"\[(\d+)\]", reply.text)]
        assert all(1 <= number <= len(reply.cited) for number in markers)
        # Papers are numbered as they appear, each at the latest when its number does.
        assert list(dict.fromkeys(markers)) == list(range(1, len(reply.cited) + 1))
    assert KEY not in reply.text
    assert "://" not in reply.text
    assert "](" not in reply.text.replace(HIDDEN, "key")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", reply.text)
    assert reply.text == reply.text.strip()


@given(text=MARKUP, cuts=st.lists(st.integers(0, 400), max_size=20))
def test_any_markup_gives_one_answer_however_it_is_cut(text: str, cuts: list[int]) -> None:
    check(text, cuts)


def test_five_hundred_hostile_replies() -> None:
    chance = random.Random(4)  # noqa: S311 - no secrets are made of it
    for _ in range(500):
        text = "".join(chance.choice(HOSTILE) for _ in range(chance.randrange(1, 40)))
        check(text, [chance.randrange(400) for _ in range(chance.randrange(30))])


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<think>Paper 2 [2].</think>Tea cools [1].", "Tea cools [1]."),
        ("<THINK>a</think>\n\nTea cools [1].", "Tea cools [1]."),
        ("Tea <think>hm [2]</think>cools [1].", "Tea cools [1]."),
        ("Tea cools [1].<think>and [2] for ever", "Tea cools [1]."),
        ("<think>a <b> c</think>Tea cools [1].", "Tea cools [1]."),
        ("2 < 3 <thin> ice [1].", "2 < 3 <thin> ice [1]."),
    ],
)
def test_reasoning_is_neither_shown_nor_cited(written: str, shown: str) -> None:
    for size in (1, 2, 3, 100):
        reply = Reply(SHOWN)
        pieces = [reply.feed(written[start : start + size]) for start in range(0, len(written), size)]
        assert "".join([*pieces, reply.close()]) == shown
        assert reply.cited == (1,)


@pytest.mark.parametrize(
    ("written", "text", "refused"),
    [
        (REFUSAL_SIGN, "", True),
        (f"{REFUSAL_SIGN}.", "", True),
        (f" **{REFUSAL_SIGN}** The papers [1] are on tea.", "", True),
        (f"`{REFUSAL_SIGN}`", "", True),
        (f"<think>no</think>\n{REFUSAL_SIGN}", "", True),
        (f"I cannot tell. {REFUSAL_SIGN}", "I cannot tell.", True),
        (f"Tea cools [1]. {REFUSAL_SIGN}", "Tea cools [1].", False),
        ("Tea cools.", "Tea cools.", False),
        ("**Tea** cools.", "**Tea** cools.", False),
    ],
)
def test_a_refusal_is_told_by_its_sign(written: str, text: str, *, refused: bool) -> None:
    reply = whole(written)
    assert (reply.text, reply.refused) == (text, refused)
    assert not (refused and reply.cited)


def test_a_refusal_shows_nothing_before_it_is_certain() -> None:
    reply = Reply(SHOWN)
    assert [reply.feed(piece) for piece in ("**", "NO", "_ANSWER_IN", "_PAPERS", "** Sorry [1]")] == [""] * 5
    assert reply.close() == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [the page](https://example.org/?q=1) now.", "See [the page] now."),
        ("![chart](http://example.org/a.png) Tea.", "![chart] Tea."),
        ("Great![1](http://example.org)", "Great![1]"),
        ("At https://example.org/a?b=c. Tea.", "At (link removed). Tea."),
        ("At <https://example.org>.", "At <(link removed)>."),
        ("Mail mailto:tea@example.org now", "Mail (link removed) now"),
        ('<a href="http://example.org">Tea</a> <img src=x onerror=y>cools.', "Tea cools."),
        ("At www.example.org, tea", "At (link removed), tea"),
        ("gopher://example.org tea", "gopher (link removed) tea"),
        ("[1]: https://example.org", "[1]: (link removed)"),
        ("x < 3 and y > 2", "x < 3 and y > 2"),
        ("the ratio 3:1 is http-like", "the ratio 3:1 is http-like"),
    ],
)
def test_links_and_images_lose_what_makes_them_so(written: str, shown: str) -> None:
    assert whole(written).text == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a \x1b[31mred\x1b[0m tea", "a red tea"),
        ("\x1b]0;title\x07tea", "tea"),
        ("\x1b]52;c;cm0=\x1b\\tea", "tea"),
        ("\x1bP1;2|hidden\x9ctea", "tea"),
        ("\x1b(Btea\x1b7", "tea"),
        ("\x1b]0;never ended\ntea", "tea"),
        ("te\x00a\x9b2J \u202eback\u2069", "tea back"),
        ("tea\u2028cups\r\n", "tea\ncups"),
        ("[\u200b9\u200b] tea", "tea"),
    ],
)
def test_control_sequences_go_whole(written: str, shown: str) -> None:
    assert whole(written).text == shown


@pytest.mark.parametrize(
    "written", [KEY, f"{KEY[:6]}\x1b[0m{KEY[6:]}", f"{KEY[:6]}[9]{KEY[6:]}", f"{KEY[:4]}<b>{KEY[4:]}"]
)
def test_a_key_never_comes_out(written: str) -> None:
    assert whole(f"It is {written}.").text == f"It is {HIDDEN}."


def test_numbers_removed_and_sentences_unsupported_are_counted() -> None:
    reply = whole("[8] Tea cools [9]. Cups break [3]. Kettles [7, 3] whistle.")
    assert reply.text == "Tea cools. Cups break [1]. Kettles [1] whistle."
    assert (reply.cited, reply.removed, reply.unsupported) == ((3,), 3, ("Tea cools.",))
