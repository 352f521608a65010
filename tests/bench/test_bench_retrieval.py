"""The whole command on a tiny collection: real stores, the real encoder, LlamaIndex and Chroma."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from assistant.corpus import Reading
from assistant.index.minilm import MiniLM
from bench import plots
from bench.retrieval.__main__ import main
from bench.retrieval.collection import Collection, Query, read_collection
from bench.retrieval.running import figures, groups, progress_line, run_systems
from bench.retrieval.systems import NAMES

# A question for each of some papers, in other words than the paper's or in its own.
ASKED = {
    "How much energy does a learnt kettle switch save?": "KettleNet",
    "grading tea leaves with attention": "TeapotFormer",
    "flock counted by a drone": "Counting Sheep",
    "avalanche warnings from weather stations": "SnowCast",
    "predict when bread dough has risen the most": "Sourdough",
}


@pytest.fixture(scope="module")
def folder(library: Reading, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench") / "invented"
    folder.mkdir()
    numbers = {listing.title: str(number) for number, listing in enumerate(library.listings)}
    documents = [
        {"_id": numbers[listing.title], "title": listing.title, "text": listing.text}
        for listing in library.listings
    ]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    queries = [{"_id": f"q{number}", "text": text} for number, text in enumerate(ASKED)]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    rows = ["query-id\tcorpus-id\tscore"]
    for number, beginning in enumerate(ASKED.values()):
        (document,) = (key for title, key in numbers.items() if title.startswith(beginning))
        rows.append(f"q{number}\t{document}\t1")
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def _cached_graph(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(cache))


def reported(path: Path) -> dict[str, Any]:
    read = json.loads(path.read_text())
    assert isinstance(read, dict)
    return read


@pytest.fixture(scope="module")
def whole_run(folder: Path, homes: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes about all searches."""
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_CACHE", str(cache))
        main([str(folder), "--home", str(homes), "--json", str(path)])
    return path


def test_every_search_is_measured(whole_run: Path) -> None:
    report = reported(whole_run)
    assert report["level"] == 0.95
    (collection,) = report["collections"]
    assert (collection["name"], collection["papers"]) == ("invented", 12)
    (table,) = collection["tables"]
    assert (table["group"], table["queries"]) == ("", 5)
    rows = {row["system"]: row for row in table["rows"]}
    assert tuple(rows) == NAMES
    for name, row in rows.items():
        for estimate in row["measures"].values():
            assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
        # These questions are easy: a search that finds nothing, or papers under other names, is not one.
        assert row["measures"]["hit@5"]["value"] >= 0.8, name
        assert row["milliseconds"]["value"] > 0
        best = rows["assistant"]["measures"]["nDCG@10"]["value"]
        assert row["ahead"]["value"] == pytest.approx(best - row["measures"]["nDCG@10"]["value"])
    # Twelve papers: all of them are among the first hundred.
    for name in ("assistant", "dense", "rrf", "llamaindex"):
        assert rows[name]["measures"]["recall@100"]["value"] == 1
    # Vectors are larger than words, and the whole home larger than both.
    sizes = {name: row["bytes_per_paper"] for name, row in rows.items()}
    assert 0 < sizes["bm25"] < sizes["dense"] < sizes["rrf"] < sizes["assistant"]
    assert sizes["rrf"] == pytest.approx(sizes["bm25"] + sizes["dense"])
    assert sizes["llamaindex"] > 384 * 4
    assert {"encode", "dense", "words", "late", "fusion"} <= collection["stages"].keys()


def test_a_later_run_uses_the_kept_index_and_prints_what_it_writes(
    whole_run: Path, folder: Path, homes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "again.json"
    main([str(folder), "--home", str(homes), "--only", "assistant,llamaindex", "--json", str(path)])
    printed = capsys.readouterr()
    assert "indexing" not in printed.err
    assert "Generating embeddings" not in printed.err
    assert "invented: assistant: 5 of 5\n" in printed.err
    # Only times may differ from run to run.
    before = {row["system"]: row for row in reported(whole_run)["collections"][0]["tables"][0]["rows"]}
    rows = reported(path)["collections"][0]["tables"][0]["rows"]
    assert [row["system"] for row in rows] == ["assistant", "llamaindex"]
    for row in rows:
        assert row["measures"] == before[row["system"]]["measures"]
        figure = row["measures"]["nDCG@10"]
        shown = "{value:.3f} [{low:.3f}, {high:.3f}]".format(**figure)
        assert re.search(
            rf"^\| {re.escape(row['label'])} \| {re.escape(shown)} \|", printed.out, re.MULTILINE
        )
    assert "| encode | dense | words | fusion | late | papers |" in printed.out


def test_a_rebuild_makes_the_kept_index_anew(
    whole_run: Path, folder: Path, homes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert whole_run.is_file()
    main([str(folder), "--home", str(homes), "--only", "bm25", "--rebuild", "--sample", "2"])
    printed = capsys.readouterr()
    assert "indexing anew: 12 of 12\n" in printed.err
    assert "2 queries" in printed.out
    assert "Where the assistant's time goes" not in printed.out
    assert "LlamaIndex" not in printed.out


def test_suites_and_kinds_have_tables_of_their_own(folder: Path, homes: Path, encoder: MiniLM) -> None:
    read = read_collection(folder)
    suites = [("single", "named"), ("single", "described"), ("single", "named"), ("topic", ""), ("topic", "")]
    queries = tuple(
        Query(query_id=query.query_id, text=query.text, relevant=query.relevant, suite=suite, kind=kind)
        for query, (suite, kind) in zip(read.queries, suites, strict=True)
    )
    assert groups(queries) == [
        ("single", [0, 1, 2]),
        ("single, described", [1]),
        ("single, named", [0, 2]),
        ("topic", [3, 4]),
    ]
    collection = Collection("invented", read.reading, queries)
    runs = run_systems(collection, ["bm25"], homes, encoder)
    found = figures(collection, runs)
    assert [(table.group, table.queries) for table in found.tables] == [
        ("single", 3),
        ("single, described", 1),
        ("single, named", 2),
        ("topic", 2),
    ]
    assert found.tables[0].rows[0].ahead is None
    assert found.stages == {}


def test_wrong_usage_is_told_in_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"neither corpus.jsonl"):
        main([str(tmp_path)])
    with pytest.raises(SystemExit):
        main([str(folder), "--only", "bm25,google"])
    assert "'google' is none of assistant, bm25, dense, rrf, llamaindex" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(folder), "--sample", "0"])
    assert "'0' is no number of queries" in capsys.readouterr().err
    # Before a long run, and not after it.
    with pytest.raises(SystemExit):
        main([str(folder), "--json", str(tmp_path / "missing" / "figures.json")])
    assert "there is no folder" in capsys.readouterr().err


def test_progress_moves_in_large_steps_too(capsys: pytest.CaptureFixture[str]) -> None:
    tell = progress_line("indexing")
    for done in (0, 64, 64, 128, 130):
        tell(done, 130)
    assert (
        capsys.readouterr().err == "".join(f"\rindexing: {done} of 130" for done in (0, 64, 128, 130)) + "\n"
    )


# The plot


def test_the_plot_shows_every_search_and_is_the_same_every_time(whole_run: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for path in (first, second):
        plots.main([str(whole_run), str(whole_run), "--out", str(path)])
    drawn = first.read_text()
    assert drawn == second.read_text()
    assert len(drawn) < 60_000
    for row in reported(whole_run)["collections"][0]["tables"][0]["rows"]:
        assert f">{row['label']}</text>" in drawn
    assert drawn.count(">invented</text>") == 2
    assert "nDCG@10, with 95 % intervals" in drawn


def test_the_plot_leaves_kinds_to_the_table(whole_run: Path) -> None:
    report = reported(whole_run)
    (table,) = report["collections"][0]["tables"]
    report["collections"][0]["tables"] = [table | {"group": group} for group in ("single", "single, named")]
    (panel,) = plots.panels(report)
    assert panel.title == "invented: single\n5 queries"
    assert [point.is_ours for point in panel.points] == [True, False, False, False, False]
