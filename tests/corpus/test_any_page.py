"""Any listing page: made up, cut anywhere, or no page at all."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import HEADER, LAYOUTS, SENTENCE, expected, page, read

WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=12)
TITLES = st.builds(
    lambda first, words, end: " ".join([first.title(), *words]) + end,
    WORDS,
    st.lists(WORDS, max_size=12),
    st.sampled_from(["", "", "?", "!"]),
).map(lambda title: title if title[0].isalnum() else f"X{title}")
ABSTRACTS = st.builds(
    lambda sentences: " ".join(
        f"The {' '.join(words)} is what we study here, among other things." for words in sentences
    ),
    st.lists(st.lists(WORDS, min_size=4, max_size=20), min_size=1, max_size=8),
)
DATES = st.dates(date(1990, 1, 1), date(2030, 12, 31))
COUNTS = st.one_of(st.none(), st.integers(1, 5000))


@given(
    st.lists(st.tuples(TITLES, ABSTRACTS), min_size=1, max_size=12),
    st.sampled_from(["\n", "\n\n"]),
    st.booleans(),
)
def test_what_is_listed_is_read_back(papers: list[tuple[str, str]], gap: str, header: bool) -> None:  # noqa: FBT001
    text = HEADER * header + "".join(f"{title}{gap}{abstract}{gap}" for title, abstract in papers)
    reading = read(text)
    assert [(listing.title, listing.text) for listing in reading.listings] == papers
    assert reading.rejected == ()


@given(
    st.lists(
        st.tuples(TITLES, ABSTRACTS, COUNTS, DATES, st.sampled_from(["", " 3", " 12", " 1,024"])),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_listed_with_details_is_read_back(
    papers: list[tuple[str, str, int | None, date, str]],
) -> None:
    text = HEADER
    for title, abstract, authors, day, comments in papers:
        text += f"{title}\n\n{abstract}\n\n"
        text += f"  • {authors} authors\n·\n{day:%b} {day.day}, {day.year}{comments}\n\n" if authors else ""
    reading = read(text)
    assert reading.rejected == ()
    assert [(p.title, p.text, p.author_count, p.published) for p in reading.listings] == [
        (title, abstract, authors, day if authors else None) for title, abstract, authors, day, _ in papers
    ]


LINES = st.sampled_from(
    [
        "",
        "",
        "new",
        "Subscribe",
        "byAK and the research community",
        "Jun 5",
        "·",
        "  • 4 authors",
        "•",
        "Title",
        SENTENCE,
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(LINES, st.text(max_size=40)), max_size=40).map("\n".join)))
def test_any_text_is_read_or_rejected(text: str) -> None:
    reading = read(text)
    last_line = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert reading.listings or reading.rejected
    for listing in reading.listings:
        assert listing.title
        assert listing.text
        assert listing.title == listing.title.strip()
        assert listing.title in text
    for rejection in reading.rejected:
        assert rejection.line is not None
        assert 1 <= rejection.line <= last_line
        assert rejection.reason.endswith(".")


@given(st.data())
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_page_cut_anywhere_gives_what_comes_before(name: str, data: st.DataObject) -> None:
    text = page(name)
    cut = text[: data.draw(st.integers(0, len(text)))]
    whole = [(fields["title"], fields["abstract"]) for fields in expected(name)]
    got = [(listing.title, listing.text) for listing in read(cut).listings]
    assert got[:-1] == whole[: max(0, len(got) - 1)]
    if got:
        # A cut right after a full stop cannot be seen: it may have cost the last abstract some sentences,
        # or lent it the beginning of the next title.
        title, abstract = got[-1]
        assert title == whole[len(got) - 1][0]
        assert whole[len(got) - 1][1].startswith(abstract) or abstract.startswith(whole[len(got) - 1][1])


@pytest.mark.parametrize(
    "part",
    [
        f"Title\n\n{SENTENCE}\n\n",
        "x\n",
        "\n",
        "·\n",
        "  • 4 authors\n",
        "lower case goes on\n",
        f"{SENTENCE} ",
        "a-",
        "(",
    ],
)
def test_time_grows_no_faster_than_the_page(part: str) -> None:
    def seconds(times: int) -> float:
        start = time.thread_time()
        read(part * times)
        return time.thread_time() - start

    few = 4_000 // len(part)
    assert min(seconds(8 * few) for _ in range(2)) < 30 * max(0.001, min(seconds(few) for _ in range(3)))
