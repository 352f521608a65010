"""The assistant: a home of papers that can be asked."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from assistant.answering.answer import Answer
from assistant.corpus import Paper, read_sources
from assistant.index.index import Index
from assistant.index.ingest import ENCODER, IngestReport, Progress
from assistant.index.ledger import State
from assistant.retrieval import DateRange, Hit, Retrieval, checked_question, retrieve
from assistant.settings import Settings

if TYPE_CHECKING:
    from datetime import date

    from assistant.integrations.llamaindex import PaperRetriever

SOURCES = 10
"""How many papers an answer names as retrieved."""
READ = 5
"""How many of them the extractive reader reads."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a home."""

    home: Path
    papers: int
    unfinished: int
    """Papers that an ingest which was stopped has left to be indexed or removed."""
    encoder: str
    """The encoder of the index, or `words` where it has none."""
    reader: str
    """Who answers: `extractive`, or a model's name."""
    without_tokens: int = 0
    """Papers that an older version indexed without token vectors: found by two signals of three, until
    `rebuild`."""


class Assistant:
    """Answers questions about the papers of one home. Safe to use from several threads.

    >>> from assistant import Assistant
    >>> with Assistant.open() as assistant:  # doctest: +SKIP
    ...     print(assistant.ask("What does WideNet share across its layers?").text)
    """

    def __init__(self, index: Index, *, progress: Progress | None = None) -> None:
        """Stand on an open index; `Assistant.open` is the usual way in.

        Args:
            index: the papers.
            progress: told, while papers are indexed, how many are done of how many.
        """
        self._index = index
        self._progress = progress

    @classmethod
    def open(
        cls,
        *,
        home: Path | str | None = None,
        settings: Settings | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Open a home, making it where there is none.

        Args:
            home: its folder; by default that of the settings.
            settings: by default read from the environment and `.env`.
            progress: told, while papers are indexed, how many are done of how many.

        Raises:
            HomeError: the home cannot be used.
            SettingsError: a setting has an unusable value.
        """
        folder = Path(home) if home is not None else None
        if settings is None:
            settings = Settings.load(home=folder)
        elif folder is not None:
            settings = settings.model_copy(update={"home": folder})
        return cls(Index(settings), progress=progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the home's files."""
        self._index.close()

    def ingest(
        self,
        inputs: str | Path | Iterable[str | Path],
        *,
        stdin: BinaryIO | None = None,
    ) -> IngestReport:
        """Read listing pages or JSON lines and take their papers up.

        Args:
            inputs: files, globs, folders, or `-` for standard input.
            stdin: what `-` reads.

        Returns:
            What was new, changed and unchanged, and what was rejected, each with its line.

        Raises:
            InputError: an input names nothing; nothing was changed.
            EncoderError: there is no encoder to index with; nothing was changed.
            HomeError: another process keeps writing the home.
        """
        named = [inputs] if isinstance(inputs, str | Path) else list(inputs)
        return self._index.ingest(read_sources(named, stdin=stdin), self._progress)

    def rebuild(self) -> None:
        """Make the index anew from the papers in the ledger, with the encoder of the settings."""
        self._index.rebuild(self._progress)

    def status(self) -> Status:
        """Say what this home holds and who would answer."""
        counts = self._index.ledger.counts()
        return Status(
            home=self._index.home.folder,
            papers=counts[State.INDEXED] + counts[State.PENDING],
            unfinished=counts[State.PENDING] + counts[State.LEAVING],
            encoder=self._index.ledger.fact(ENCODER) or self._index.encoder_name,
            reader="extractive",
            without_tokens=self._index.without_tokens,
        )

    def papers(self) -> list[Paper]:
        """List the papers of the home, by title."""
        return self._index.ledger.papers()

    def paper(self, reference: str) -> Paper:
        """Find one paper by its title or the first digits of its identifier.

        Raises:
            PaperNotFoundError: none or several fit.
        """
        return self._index.find(reference)

    def remove(self, *references: str) -> list[Paper]:
        """Remove papers from every store, named by title or identifier; gives back what was removed.

        Raises:
            PaperNotFoundError: one of the names fits none or several; nothing was removed.
        """
        papers = [self._index.find(reference) for reference in references]
        self._index.remove(papers)
        return papers

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        since: "str | date | None" = None,
        until: "str | date | None" = None,
    ) -> list[Hit]:
        """Rank papers for a question, best first.

        Args:
            question: words or a whole question.
            limit: how many papers at the most.
            since: the earliest day of publication, as a date or as `2024`, `2024-06` or `2024-06-13`.
            until: the latest, written alike; a year or a month counts whole.

        Raises:
            InputError: the question, the limit or a date cannot be used.
        """
        return list(self._retrieve(question, limit, DateRange.parse(since, until)).hits)

    def ask(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> Answer:
        """Answer a question from the papers, or refuse to when they do not answer it.

        Raises:
            InputError: the question or a date cannot be used.
        """
        from assistant.answering import extractive
        from assistant.answering.asking import Asking
        from assistant.answering.reading import read

        retrieval = self._retrieve(question, SOURCES, DateRange.parse(since, until))
        start = time.perf_counter()
        asked = retrieval.question
        asking = Asking.read(asked.text)
        evidence = read(self._index, asked, retrieval.hits[:READ])
        best = evidence[0].hit.paper.paper_id if evidence else ""
        probability = extractive.answerable(asking, asked.text, evidence, retrieval.cosines.get(best, 0.0))
        refused = probability < extractive.ANSWERABLE
        given = (
            extractive.Extract(extractive.REFUSAL, ()) if refused else extractive.extract(asking, evidence)
        )
        return Answer(
            question=asked.text,
            text=given.text,
            refused=refused,
            reader=extractive.NAME,
            citations=given.citations,
            sources=retrieval.hits,
            seconds={**retrieval.seconds, "reading": time.perf_counter() - start},
        )

    async def aask(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> Answer:
        """Answer a question without holding up the event loop; like `ask` in all else."""
        return await asyncio.to_thread(self.ask, question, since=since, until=until)

    def as_retriever(self, *, limit: int = 10) -> "PaperRetriever":
        """Give a LlamaIndex retriever over the papers of this home."""
        from assistant.integrations.llamaindex import PaperRetriever

        return PaperRetriever(self, limit=limit)

    def _retrieve(self, question: str, limit: int, dates: DateRange) -> Retrieval:
        checked_question(question)
        self._index.ensure_papers(self._progress)
        self._index.refresh()
        return retrieve(self._index, question, limit=limit, dates=dates)
