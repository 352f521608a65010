"""The growth bench on a thousand papers: real stores, real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import Settings
from assistant.corpus import Reading, normalised_title
from assistant.index.encoder import Encoder
from assistant.index.index import Index
from bench.growth import graphs
from bench.growth.corpus import BLOCK, Generator, Shipped, coined, read_shipped
from bench.growth.exact import nearest
from bench.growth.report import as_markdown

REPOSITORY = Path(__file__).parents[2]
SIZE = 1_000


@pytest.fixture(scope="module")
def folder(library: Reading, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("growth")
    read_shipped(folder, encoder, library.listings)
    return folder


@pytest.fixture(scope="module")
def shipped(folder: Path, encoder: Encoder) -> list[Shipped]:
    return read_shipped(folder, encoder)  # from its file


@pytest.fixture(scope="module")
def report(folder: Path, cache: Path) -> dict[str, Any]:
    path = folder / "growth.json"
    sizes = ["--sizes", str(SIZE), "--runs", "2", "--questions", "4", "--efforts", "100", "400"]
    run("bench.growth", cache, *sizes, "--folder", folder, "--json", path)
    assert path.with_suffix(".md").read_text() == as_markdown(json.loads(path.read_text()))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def run(module: str, cache: Path, *arguments: str | Path) -> None:
    subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "ASSISTANT_CACHE": str(cache)},
        check=True,
        timeout=300,
    )


def test_every_figure_is_measured(report: dict[str, Any]) -> None:
    (size,) = report["sizes"]
    assert (size["papers"], size["sentences"], size["texts"]) == (SIZE, None, True)
    assert len(size["ask"]) == len(size["query"]) == 2
    for run in size["ask"]:
        assert 0 < run["p50"] <= run["p95"]
        assert 0 < run["processor_p50"] <= run["processor_p95"]
        assert {"dense", "words", "late", "reading"} <= run["stages"].keys()
        assert 0 < run["anonymous"] < run["resident"] <= run["peak"]
    assert size["recall"]["tried"].keys() == {"100", "400"}
    assert size["recall"]["tried"]["400"]["recall"] > 0.98
    assert all(size["disk"][store] > 0 for store in ("ledger", "vectors", "words"))


def test_a_home_that_was_built_is_sound_and_built_no_more(
    report: dict[str, Any], folder: Path, cache: Path, encoder: Encoder
) -> None:
    assert report["sizes"]
    index = Index(Settings(home=folder / str(SIZE), cache=cache), encoder=encoder)
    try:
        checked = index.check()
    finally:
        index.close()
    assert (checked.papers, checked.unchecked) == (SIZE, 0)
    # Names change their letters, so that a text's tokens are others: that is said, and no more than that.
    assert [str(one) for one in checked.disagreements] == []


def test_graphs_of_the_same_vectors_are_compared(report: dict[str, Any], folder: Path, cache: Path) -> None:
    assert report["sizes"]
    path = folder / "graphs.json"
    tried = ("--graphs", "4,8", "32,200", "--efforts", "120")
    run("bench.growth.graphs", cache, folder / str(SIZE), *tried, "--json", path)
    poor, good = json.loads(path.read_text())
    assert poor["vectors"] == good["vectors"] == SIZE
    assert poor["tried"]["120"]["recall"] < good["tried"]["120"]["recall"]
    assert good["tried"]["120"]["recall"] > 0.98
    assert path.with_suffix(".md").read_text() == graphs.as_markdown([poor, good])


def test_papers_are_the_same_in_collections_of_any_size(shipped: list[Shipped]) -> None:
    generator, again = Generator(shipped, seed=3), Generator(shipped, seed=3)
    papers = generator.block(0, 80)
    for one, other in zip(papers, again.block(0, 40), strict=False):
        assert one.paper == other.paper
        assert (one.embedded[0][1] == other.embedded[0][1]).all()
    assert [one.paper for one in papers[: len(shipped)]] == [one.paper for one in shipped]
    assert Generator(shipped, seed=4).block(0, 40)[-1].paper != papers[39].paper


def test_drawn_papers_hold_together(shipped: list[Shipped]) -> None:
    papers = Generator(shipped).block(1, 200)
    assert len({normalised_title(one.paper.title) for one in papers}) == len(papers)
    for one in papers:
        tokens = one.read()
        assert len(tokens.ids) == len(tokens.spans) == len(tokens.codes)
        in_text = tokens.spans[tokens.spans[:, 0] >= 0]
        assert (in_text[:, 1] <= len(one.paper.text)).all()
        assert all(one.paper.text[start:end].strip() for start, end in in_text.tolist())
        ((chunk, vector),) = one.embedded
        assert chunk.text == one.paper.text
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_short_abstracts_keep_to_their_sentences(shipped: list[Shipped]) -> None:
    longest = max(len(sentence.text) for one in shipped for sentence in one.sentences)
    for one in Generator(shipped, most=2, texts=False).block(1, 50):
        assert len(one.paper.text) <= 2 * longest + 1
        assert one.embedded[0][0].text == ""


def test_names_are_coined_once() -> None:
    names = [coined(number) for number in range(3 * BLOCK)]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(coined(7, length)) == length for length in range(4, 30))


def test_the_nearest_are_those_of_the_largest_cosines() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((500, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    elements = np.zeros(500, [("vector", "<f4", 8), ("label", "<u8")])
    elements["vector"], elements["label"] = vectors, np.arange(500)[::-1]
    # The first vector is of a label that does not count.
    first = 499 - int(np.argsort(-(vectors @ vectors[0]))[1])
    labels, cosines = nearest(elements, range(499), vectors[:3])
    assert labels[:, 0].tolist() == [first, 498, 497]
    assert (np.diff(cosines, axis=1) <= 0).all()
    assert labels.shape == (3, 100)
