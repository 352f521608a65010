"""The texts that are tried: of one piece many times over, and made up of pieces."""

from hypothesis import strategies as st

REPEATED = (
    *(".", ". ", " ", "\n", "\t", "1", "1^", "a^", "1+", "a", "s", "ing", "A1 ", "[1]", "[1", "[", "(1", "("),
    *(
        "; ",
        ": ",
        ", ",
        "the ",
        "that ",
        "sk-a",
        '"',
        ").",
        "| ",
        "-",
        " - ",
        "a.",
        "1,",
        "1.",
        "**a ",
        "*a ",
    ),
    *(
        "`",
        "<",
        "< ",
        "<a",
        "</paper ",
        "·\n",
        "• 4 authors\n",
        "A a\n\nBb ccc. ",
        '{"',
        '{"a":',
        "{}\n",
        "[[",
    ),
    *(
        "://",
        "://a@",
        "\x1b]",
        "\x1b[",
        "\u200b",
        "\u202e",
        "\u0301",
        "ﷺ",
        "\ud800",
        "x <",
        "\r",
        "Subscribe",
    ),
)
"""Pieces of which long texts are made."""

PIECES = (
    *REPEATED,
    *("KettleNet: Boiling Water with Fewer Joules", "We boil water. It saves 17.5%.", "Jun 13, 2024 1"),
    *("· ", "Daily Papers", "by AK and the research community", "Get trending papers in your inbox!"),
    *('{"title": "A", "abstract": "B."}', '"title"', '"abstract": ', "null", "1e999", "-0", "NaN", "\\ud800"),
    *('{"id": "a", "suite": "single", "question": "Q?", "titles": ["T"], "facts": [["f"]]}', '"suite": []'),
    *("'; DROP TABLE papers; --", "title:foo AND (bar OR *)~2^9", "{{ 7*7 }}", "{% for x in y %}", "$(id)"),
    *("`id`", "%s%n", "../../etc/passwd", "<script>alert(1)</script>", "NO_ANSWER_IN_PAPERS", "<think>"),
    *(
        "which of these is older",
        "the second one",
        "[99999999999]",
        "[1-9999999999]",
        "\u3010" + "4\u2020s\u3011",
    ),
    *(
        "مرحبا",
        "שלום",
        "👩‍👩‍👧‍👦",
        "\x00",
        "\ufeff",
        "\ufffe",
        "\u2028",
        "\x85",
        "\x0c",
        "\udfff",
        "2024-02-30",
    ),
)
"""Pieces of which texts are made up."""


def texts() -> st.SearchStrategy[str]:
    """Make up texts: of pieces, some many times over, and of any characters."""
    repeated = st.builds(lambda piece, times: piece * times, st.sampled_from(PIECES), st.integers(2, 3_000))
    part = st.sampled_from(PIECES) | st.text(max_size=30) | repeated
    return st.lists(part, max_size=25).map("".join)
