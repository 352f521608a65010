"""Where papers may be read from: files, folders, patterns, standard input."""

import io
import os
import time
from pathlib import Path

import pytest

from assistant.corpus import Reading, read_sources
from assistant.errors import InputError

SENTENCE = "This sentence stands for an abstract and is as short as the shortest that one meets on a page."
RECORD = '{"title": "Of a Line", "abstract": "A record of JSON."}\n'


def listing_page(title: str) -> str:
    return f"{title}\n\n{SENTENCE}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pages, in which the test stands."""
    (tmp_path / "pages" / "old").mkdir(parents=True)
    (tmp_path / "pages" / ".hidden").mkdir()
    for name in ["b.txt", "a.txt", "old/c.txt", "old/D.TXT", ".secret.txt", ".hidden/e.txt", "notes.md"]:
        (tmp_path / "pages" / name).write_text(listing_page(f"Of {name}"), encoding="utf-8")
    (tmp_path / "pages" / "f.jsonl").write_text(RECORD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pages"


def sources(reading: Reading) -> list[str]:
    return [listing.source for listing in reading.listings]


def reasons(reading: Reading) -> list[str]:
    return [str(rejection) for rejection in reading.rejected]


def refusal(given: str) -> str:
    with pytest.raises(InputError) as caught:
        read_sources(["pages/a.txt", given])
    return str(caught.value)


# What an input names


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["pages/a.txt"], ["pages/a.txt"]),
        (["./pages/a.txt"], ["./pages/a.txt"]),
        (["pages/notes.md"], ["pages/notes.md"]),
        (["pages/.secret.txt"], ["pages/.secret.txt"]),
        (["pages"], ["pages/a.txt", "pages/b.txt", "pages/f.jsonl", "pages/old/D.TXT", "pages/old/c.txt"]),
        (["pages/*.txt"], ["pages/a.txt", "pages/b.txt"]),
        (["pages/?.txt"], ["pages/a.txt", "pages/b.txt"]),
        (["pages/[!a].txt"], ["pages/b.txt"]),
        (["p*/old/*.txt"], ["pages/old/c.txt"]),
        (["pages/.*.txt"], ["pages/.secret.txt"]),
        (["pages/**/*.txt"], ["pages/a.txt", "pages/b.txt", "pages/old/c.txt"]),
        (["**/c.*"], ["pages/old/c.txt"]),
        (["pages/old/**"], ["pages/old/D.TXT", "pages/old/c.txt"]),
        (["pages/b.txt", "pages/a.txt"], ["pages/b.txt", "pages/a.txt"]),
        (["pages/b.txt", "pages/../pages/b.txt", "pages/*.txt"], ["pages/b.txt", "pages/a.txt"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_inputs_name_files(given: list[str], found: list[str]) -> None:
    assert sources(read_sources(given)) == found
    assert sources(read_sources([Path(name) for name in given])) == [
        name.removeprefix("./") for name in found
    ]


def test_one_input_needs_no_list(folder: Path) -> None:
    assert sources(read_sources("pages/a.txt")) == ["pages/a.txt"]
    assert sources(read_sources(folder / "a.txt")) == [str(folder / "a.txt")]


def test_an_absolute_pattern(folder: Path) -> None:
    assert sources(read_sources(f"{folder}/*.txt")) == [f"{folder}/a.txt", f"{folder}/b.txt"]


def test_a_name_with_the_letters_of_a_pattern_is_a_name_where_such_a_file_is(folder: Path) -> None:
    (folder / "[a].txt").write_text(listing_page("In Brackets"), encoding="utf-8")
    assert [listing.title for listing in read_sources("pages/[a].txt").listings] == ["In Brackets"]


def test_standard_input() -> None:
    reading = read_sources(["-", "-"], stdin=io.BytesIO(listing_page("Piped").encode()))
    assert [(listing.title, listing.source) for listing in reading.listings] == [("Piped", "-")]


def test_standard_input_is_the_process_s_own_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RECORD.encode())))
    assert sources(read_sources("-")) == ["-"]


def test_no_inputs_give_nothing() -> None:
    assert read_sources([]) == Reading()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("pages/z.txt", 'There is no file or folder "pages/z.txt"; check the path.'),
        ("", 'There is no file or folder ""; check the path.'),
        ("a\0b", 'There is no file or folder "a�b"; check the path.'),
        ("pages/*.csv", 'The pattern "pages/*.csv" matches no file; check it, and where it starts from.'),
        ("nowhere/*.txt", 'The pattern "nowhere/*.txt" matches no file; check it, and where it starts from.'),
        ("pages/a.txt/*", 'The pattern "pages/a.txt/*" matches no file; check it, and where it starts from.'),
        ("empty", 'The folder "empty" holds no .json, .jsonl, .txt file; name the files themselves.'),
        ("x" * 5000, f'"{"x" * 60}…" cannot be reached (File name too long); check the path.'),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_input_that_names_nothing_is_an_error(given: str, why: str) -> None:
    Path("empty").mkdir()
    assert refusal(given) == why


def test_an_error_comes_before_anything_is_read(folder: Path) -> None:
    pipe = io.BytesIO(RECORD.encode())
    with pytest.raises(InputError):
        read_sources(["-", folder / "z.txt"], stdin=pipe)
    assert pipe.tell() == 0


def test_links_in_circles_end(folder: Path) -> None:
    for name in ["again", "once-more"]:
        (folder / "old" / name).symlink_to(folder, target_is_directory=True)
    (folder / "itself.txt").symlink_to("itself.txt")
    (folder / "another.txt").symlink_to("a.txt")
    assert sources(read_sources("pages/**/[ac].txt")) == ["pages/a.txt", "pages/old/c.txt"]
    assert sources(read_sources("pages/a*.txt")) == ["pages/a.txt"]
    assert len(read_sources("pages").listings) == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_a_folder_is_passed_over(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert len(read_sources("pages").listings) == 5


# What a file holds


@pytest.mark.parametrize(
    ("name", "text", "titles"),
    [
        ("page.jsonl", listing_page("A Page All the Same"), ["A Page All the Same"]),
        ("lines.txt", f"\n  {RECORD}", ["Of a Line"]),
        ("lines.jsonl", f"not JSON\n{RECORD}", ["Of a Line"]),
        ("array.txt", f"[\n{RECORD}]", ["Of a Line"]),
        ("page.txt", listing_page("[Re] Reading {All} Readers"), ["[Re] Reading {All} Readers"]),
    ],
)
def test_the_content_tells_the_format(folder: Path, name: str, text: str, titles: list[str]) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    assert [listing.title for listing in read_sources(folder / name).listings] == titles


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "text", [listing_page("Poincaré — a Title"), RECORD.replace("Of a Line", "Poincaré — a Title")]
)
def test_encodings(folder: Path, encoding: str, text: str) -> None:
    (folder / "encoded.txt").write_text(text, encoding=encoding)
    assert [listing.title for listing in read_sources("pages/encoded.txt").listings] == ["Poincaré — a Title"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            f"One\r\n\r\n{SENTENCE}\rPoincaré\n".encode("latin-1"),
            "4: This line is not UTF-8 (byte 0xE9); save the file as UTF-8.",
        ),
        (
            "One\nTwo\n".encode("utf-16") + b"\x00\xdc",
            "3: This line is not UTF-16 (byte 0x00); save the file as UTF-8.",
        ),
        (
            "One\nTwo".encode("utf-16-le"),
            "1: This line holds a NUL, so this is no text; save the listing as UTF-8 text.",
        ),
        (b"One\n\x00", "2: This line holds a NUL, so this is no text; save the listing as UTF-8 text."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "1: This line is not UTF-8 (byte 0x89); save the file as UTF-8."),
        (b"\xef\xbb\xbfOne\n\xffab", "2: This line is not UTF-8 (byte 0xFF); save the file as UTF-8."),
        (b"", "1: The page is empty; save the listing again."),
    ],
)
def test_what_is_no_text_is_rejected_and_the_rest_is_read(folder: Path, content: bytes, why: str) -> None:
    (folder / "bad.txt").write_bytes(content)
    reading = read_sources(["pages/bad.txt", "pages/a.txt"])
    assert reasons(reading) == [f"pages/bad.txt:{why}"]
    assert sources(reading) == ["pages/a.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_is_rejected(folder: Path) -> None:
    (folder / "b.txt").chmod(0)
    (folder / "old").chmod(0)
    try:
        reading = read_sources("pages")
    finally:
        (folder / "old").chmod(0o700)
    assert sources(reading) == ["pages/a.txt", "pages/f.jsonl"]
    assert reasons(reading) == [
        "pages/b.txt: It cannot be read (Permission denied); check its permissions.",
        "pages/old: It cannot be read (Permission denied); check its permissions.",
    ]


def test_a_name_that_is_no_unicode_is_shown_with_a_mark(folder: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.txt")).write_text(
            listing_page("Odd"), encoding="utf-8"
        )
    except OSError:
        pytest.skip("this file system takes no such name")
    assert sources(read_sources("pages/*.txt"))[-1] == "pages/�.txt"


def test_a_line_of_fifty_megabytes_is_named_at_once(folder: Path) -> None:
    (folder / "long.txt").write_text(f"{listing_page('One')}\nTwo\n\n{'x' * 50_000_000}\n", encoding="utf-8")
    start = time.process_time()
    reading = read_sources("pages/long.txt")
    assert time.process_time() - start < 5
    assert [listing.title for listing in reading.listings] == ["One"]
    assert reasons(reading) == [
        "pages/long.txt:7: This line has 50,000,000 characters, more than 1,000,000; split or remove it."
    ]


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    monkeypatch.setattr("assistant.corpus.reading.LARGEST", 4 * 2**20)
    reading = read_sources("-", stdin=io.BufferedReader(Endless()))
    assert reasons(reading) == ["-: It is larger than 4 MB; split it."]
