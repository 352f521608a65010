"""The Python surface."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import assistant as package
from assistant import (
    Answer,
    Assistant,
    AssistantError,
    HomeError,
    InputError,
    Paper,
    PaperNotFoundError,
    Settings,
    SettingsError,
)
from assistant.corpus import Reading
from assistant.index.index import Index

Titled = Callable[[str], Paper]

QUESTION = "How much energy does KettleNet save?"


# What is exported


def test_everything_exported_is_there_and_documented() -> None:
    assert sorted(package.__all__) == package.__all__ == dir(package)
    for name in package.__all__:
        exported = getattr(package, name)
        assert exported.__name__ == name
        assert exported.__doc__


def test_names_that_are_not_exported_are_missing() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = package.Nonsense


def test_every_error_is_an_assistant_error() -> None:
    errors = [getattr(package, name) for name in package.__all__ if name.endswith("Error")]
    assert len(errors) == 11
    assert all(issubclass(error, AssistantError) for error in errors)


def test_the_package_says_that_it_is_typed() -> None:
    assert package.__file__ is not None
    assert (Path(package.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize(
    "name", ["Answer", "Citation", "Hit", "IngestReport", "Paper", "Passage", "Rejection"]
)
def test_results_are_frozen(name: str) -> None:
    kind = getattr(package, name)
    instance = object.__new__(kind)
    field = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(instance, field, None)
    assert "__slots__" in vars(kind)


# What it costs to import


def loaded_after(code: str, environment: dict[str, str], *arguments: str | Path) -> set[str]:
    """The top-level modules that a new process has loaded after running the code."""
    tail = "\nimport json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy(environment: dict[str, str]) -> None:
    loaded = loaded_after("import assistant; assistant.AssistantError", environment)
    heavy = {
        "chromadb",
        "llama_index",
        "numpy",
        "onnxruntime",
        "openai",
        "pydantic_settings",
        "rich",
        "tantivy",
        "tiktoken",
        "tokenizers",
    }
    assert not loaded & heavy
    assert "assistant" in loaded


ASK = """
import sys
from assistant import Assistant
with Assistant.open(home=sys.argv[1]) as assistant:
    assert assistant.ask(sys.argv[2]).sources[0].paper.title.startswith("KettleNet")
"""


def test_asking_loads_neither_llamaindex_nor_openai(environment: dict[str, str], small_home: Path) -> None:
    loaded = loaded_after(ASK, environment, small_home, QUESTION)
    assert not loaded & {"llama_index", "openai", "onnx", "sklearn", "torch"}
    assert "onnxruntime" in loaded


def test_asking_by_words_alone_loads_no_encoder_and_no_chroma(
    environment: dict[str, str], new_index: Callable[..., Index], library: Reading
) -> None:
    index = new_index(embedding="words")
    index.ingest(library)
    loaded = loaded_after(ASK, {**environment, "ASSISTANT_EMBEDDING": "words"}, index.home.folder, QUESTION)
    assert not loaded & {"chromadb", "onnxruntime", "tokenizers"}


# Opening


def test_a_home_is_opened_asked_and_closed(small_home: Path, cache: Path, titled: Titled) -> None:
    with Assistant.open(home=small_home, settings=Settings(cache=cache)) as opened:
        answer = opened.ask(QUESTION)
        assert "17.5%" in answer.text
        assert answer.citations[0].title == titled("KettleNet").title
        assert answer.citations[0].published == date(2021, 3, 4)
        assert answer.citations[0].paper_id == titled("KettleNet").paper_id
    with pytest.raises(Exception, match="closed"):
        opened.papers()


def test_the_home_given_goes_before_that_of_the_settings(small_home: Path, tmp_path: Path) -> None:
    with Assistant.open(home=str(small_home), settings=Settings(home=tmp_path / "other")) as opened:
        assert len(opened.papers()) == 12
    assert not (tmp_path / "other").exists()


def test_a_home_stays_where_it_was_when_the_working_folder_changes(
    small_home: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, titled: Titled
) -> None:
    monkeypatch.chdir(small_home.parent)
    with Assistant.open(home=small_home.name, settings=Settings(cache=cache)) as opened:
        assert opened.status().home == small_home
        monkeypatch.chdir(tmp_path)
        assert opened.search(QUESTION)[0].paper == titled("KettleNet")
    monkeypatch.setenv("HOME", str(small_home.parent))
    assert Settings(home=Path("~") / small_home.name).home == small_home


def test_settings_come_from_the_environment(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSISTANT_HOME", str(small_home))
    with Assistant.open() as opened:
        assert opened.status().home == small_home
    monkeypatch.delenv("ASSISTANT_HOME")
    (tmp_path / ".env").write_text(f"ASSISTANT_HOME={small_home}\nUNRELATED=1\n")
    with Assistant.open() as opened:
        assert opened.status().home == small_home


@pytest.mark.parametrize(
    ("variable", "value"), [("ASSISTANT_EMBEDDING", "torch"), ("ASSISTANT_LOCK_TIMEOUT", "-1")]
)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable} cannot be '{value}'"):
        Assistant.open()


def test_settings_cannot_be_changed_in_place() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.embedding = "words"  # type: ignore[misc]


def test_a_home_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="ASSISTANT_HOME"):
        Assistant.open(home=tmp_path / "file" / "home")


def test_a_home_that_was_never_used_is_opened_at_once_and_holds_nothing(tmp_path: Path) -> None:
    with Assistant.open(home=tmp_path / "new" / "home") as opened:
        assert opened.papers() == []
        status = opened.status()
    assert (status.papers, status.unfinished, status.reader) == (0, 0, "extractive")
    assert status.encoder == "all-MiniLM-L6-v2"


# A home of one's own


def test_papers_go_in_are_found_and_go_out_again(copied_home: Path, cache: Path, tmp_path: Path) -> None:
    page = tmp_path / "new.jsonl"
    page.write_text(json.dumps({"title": "On Umbrellas", "abstract": "Umbrellas fold in 3 seconds."}))
    with Assistant.open(home=copied_home, settings=Settings(cache=cache)) as opened:
        before = opened.papers()
        report = opened.ingest(page)
        assert (report.listings, report.added, report.updated, report.unchanged) == (1, 1, 0, 0)
        assert "3 seconds" in opened.ask("How fast do umbrellas fold?").text
        assert opened.paper("on umbrellas").sources == (str(page),)
        assert opened.ingest([str(tmp_path / "*.jsonl")]).unchanged == 1
        (removed,) = opened.remove("On Umbrellas")
        assert removed.title == "On Umbrellas"
        assert opened.papers() == before
        assert "On Umbrellas" not in [hit.paper.title for hit in opened.search("umbrellas", limit=100)]


def test_removing_is_all_or_nothing(copied_home: Path, cache: Path) -> None:
    with Assistant.open(home=copied_home, settings=Settings(cache=cache)) as opened:
        before = opened.papers()
        with pytest.raises(PaperNotFoundError, match="Nowhere"):
            opened.remove(before[0].title, "Nowhere to be found")
        assert opened.papers() == before


def test_an_input_that_names_nothing_changes_nothing(copied_home: Path, cache: Path, tmp_path: Path) -> None:
    with Assistant.open(home=copied_home, settings=Settings(cache=cache)) as opened:
        before = opened.papers()
        with pytest.raises(InputError, match="no file or folder"):
            opened.ingest([tmp_path / "missing.txt"])
        assert opened.papers() == before


def test_the_first_question_to_an_empty_home_says_how_far_it_is(
    new_index: Callable[..., Index], encoder: object
) -> None:
    index = new_index(embedding="words")
    told: list[tuple[int, int]] = []
    opened = Assistant(index, progress=lambda done, total: told.append((done, total)))
    answer = opened.ask("What does WideNet share across its layers?")
    assert answer.sources[0].paper.title == "Go Wider Instead of Deeper"
    assert (told[0], told[-1]) == ((0, 439), (439, 439))
    assert {paper.kind for paper in opened.papers()} == {"summary"}
    assert encoder is not None


# At once


def test_eight_threads_get_the_answers_that_one_would(assistant: Assistant) -> None:
    questions = [
        QUESTION,
        "How long do sailors need to recognise a lighthouse?",
        "What does SnowCast find?",
        "Who won the football world cup?",
    ]
    expected = {question: assistant.ask(question) for question in questions}
    given: list[tuple[str, Answer]] = []
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        start.wait()
        for step in range(3):
            question = questions[(number + step) % len(questions)]
            given.append((question, assistant.ask(question)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 24
    for question, answer in given:
        assert answer.text == expected[question].text
        assert answer.citations == expected[question].citations
        assert [hit.paper for hit in answer.sources] == [hit.paper for hit in expected[question].sources]


def test_eight_threads_may_open_the_stores_at_once(small_home: Path, cache: Path) -> None:
    with Assistant.open(home=small_home, settings=Settings(cache=cache)) as opened:
        given: list[str] = []
        threads = [threading.Thread(target=lambda: given.append(opened.ask(QUESTION).text)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(given) == 8
    assert len(set(given)) == 1


@pytest.mark.anyio
async def test_questions_at_once_leave_the_event_loop_free(assistant: Assistant) -> None:
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    ticking = asyncio.create_task(tick())
    answers = await asyncio.gather(*(assistant.aask(QUESTION) for _ in range(6)))
    ticking.cancel()
    assert {answer.text for answer in answers} == {assistant.ask(QUESTION).text}
    assert turns > 6
    with pytest.raises(InputError, match="empty"):
        await assistant.aask(" ")


@pytest.mark.anyio
async def test_aask_takes_dates_as_ask_does(assistant: Assistant) -> None:
    answer = await assistant.aask(QUESTION, since="2022")
    assert "KettleNet" not in {hit.paper.title.split(":")[0] for hit in answer.sources}


# LlamaIndex


def test_the_retriever_gives_llamaindex_nodes_with_titles(assistant: Assistant, titled: Titled) -> None:
    from llama_index.core.base.base_retriever import BaseRetriever

    retriever = assistant.as_retriever(limit=3)
    assert isinstance(retriever, BaseRetriever)
    nodes = retriever.retrieve(QUESTION)
    kettle = titled("KettleNet")
    assert len(nodes) == 3
    assert [one.score for one in nodes] == [hit.score for hit in assistant.search(QUESTION, limit=3)]
    best = nodes[0].node
    assert best.metadata == {"title": kettle.title, "paper_id": kettle.paper_id, "published": "2021-03-04"}
    assert best.get_content() == kettle.text
    assert best.node_id == kettle.paper_id


@pytest.mark.anyio
async def test_the_retriever_works_in_an_event_loop(assistant: Assistant, titled: Titled) -> None:
    nodes = await assistant.as_retriever(limit=1).aretrieve(QUESTION)
    assert [one.node.metadata["title"] for one in nodes] == [titled("KettleNet").title]


def test_what_a_model_reads_of_a_node_is_title_and_text(assistant: Assistant, titled: Titled) -> None:
    from llama_index.core.schema import MetadataMode

    (node,) = assistant.as_retriever(limit=1).retrieve(QUESTION)
    content = node.node.get_content(MetadataMode.LLM)
    assert titled("KettleNet").title in content
    assert titled("KettleNet").text in content
    assert titled("KettleNet").paper_id not in content


def test_the_home_of_the_tests_is_not_that_of_whoever_runs_them(small_home: Path) -> None:
    assert not [name for name in os.environ if name.startswith("ASSISTANT_")]
    assert Settings().home != small_home
