"""The assistant: a home of papers that can be asked."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from assistant.answering.answer import SOURCES, Answer
from assistant.answering.conversation import Conversation, Exchange
from assistant.answering.reader import reader_for
from assistant.answering.recorded import Recordings
from assistant.answering.streaming import AnswerStream, AsyncAnswerStream
from assistant.corpus import Paper, read_sources
from assistant.errors import SettingsError
from assistant.index.checking import Check
from assistant.index.index import Index
from assistant.index.ingest import ENCODER, IngestReport
from assistant.index.ledger import State
from assistant.index.settling import Progress
from assistant.retrieval import DateRange, Hit, Retrieval, checked_question, retrieve
from assistant.settings import EXTRACTIVE, Settings

if TYPE_CHECKING:
    from datetime import date

    from llama_index.core.llms import LLM

    from assistant.integrations.llamaindex import PaperQueryEngine, PaperRetriever


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
    server: str | None = None
    """The address of the Chroma server that several homes share, where there is one."""
    server_version: str | None = None
    """Its version, as it says."""


class Assistant:
    """Answers questions about the papers of one home. Safe to use from several threads.

    >>> from assistant import Assistant
    >>> with Assistant.open() as assistant:  # doctest: +SKIP
    ...     print(assistant.ask("What does WideNet share across its layers?").text)
    """

    def __init__(
        self,
        index: Index | None = None,
        *,
        llm: "LLM | None" = None,
        progress: Progress | None = None,
        recordings: Recordings | None = None,
    ) -> None:
        """Stand on an open index; `Assistant.open` is the usual way in.

        Args:
            index: the papers; by default those of the home that the settings name.
            llm: a LlamaIndex model that writes the answers, in place of the one that the settings name.
            progress: told, while papers are indexed, how many are done of how many.
            recordings: where a model's replies are kept, or come from instead of its server.

        Raises:
            SettingsError: a setting or a prompt cannot be used.
        """
        self._index = index if index is not None else Index(Settings.load())
        self._recordings = recordings
        self._reader = reader_for(self._index, self._index.settings, llm, recordings)
        self._progress = progress

    @classmethod
    def open(
        cls,
        *,
        home: Path | str | None = None,
        settings: Settings | None = None,
        llm: "LLM | None" = None,
        progress: Progress | None = None,
        recordings: Recordings | None = None,
    ) -> Self:
        """Open a home, making it where there is none.

        Args:
            home: its folder; by default that of the settings.
            settings: by default read from the environment and `.env`.
            llm: a LlamaIndex model that writes the answers, in place of the one that the settings name.
            progress: told, while papers are indexed, how many are done of how many.
            recordings: where a model's replies are kept, or come from instead of its server.

        Raises:
            HomeError: the home cannot be used.
            SettingsError: a setting has an unusable value, or a prompt cannot be used.
        """
        folder = Path(home).expanduser().absolute() if home is not None else None
        if settings is None:
            settings = Settings.load(home=folder)
        elif folder is not None:
            settings = settings.model_copy(update={"home": folder})
        return cls(Index(settings), llm=llm, progress=progress, recordings=recordings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def settings(self) -> Settings:
        """The settings that the home was opened with."""
        return self._index.settings

    def close(self) -> None:
        """Let go of the home's files, and of connections."""
        self._reader.close()
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
        """Say what this home holds and who would answer.

        Raises:
            ServerError: there is a shared server, which cannot be used.
        """
        self._index.look()
        server = self._index.sharing.server if self._index.sharing else None
        counts = self._index.ledger.counts()
        return Status(
            home=self._index.home.folder,
            papers=counts[State.INDEXED] + counts[State.PENDING],
            unfinished=counts[State.PENDING] + counts[State.LEAVING],
            encoder=self._index.ledger.fact(ENCODER) or self._index.encoder_name,
            reader=self._reader.name,
            without_tokens=self._index.without_tokens,
            server=server.address if server else None,
            server_version=server.version() if server else None,
        )

    def check(self) -> Check:
        """Compare every store of the home with the ledger, whole; changes nothing.

        Returns:
            What disagrees, each with its cure, and what could not be compared.

        Raises:
            DamageError: the ledger cannot be read.
            HomeError: another process keeps writing the home.
        """
        return self._index.check()

    def papers(self) -> list[Paper]:
        """List the papers of the home, by title.

        Raises:
            ServerError: there is a shared server, which cannot be used.
        """
        self._index.look()
        return self._index.ledger.papers()

    def titles(self, limit: int) -> list[str]:
        """List so many titles at the most, the oldest papers', in their alphabet's order."""
        return sorted(self._index.ledger.titles(limit), key=str.casefold)

    def paper(self, reference: str) -> Paper:
        """Find one paper by its title or the first digits of its identifier.

        Raises:
            PaperNotFoundError: none or several fit.
            ServerError: there is a shared server, which cannot be used.
        """
        self._index.look()
        return self._index.find(reference)

    def remove(self, *references: str) -> list[Paper]:
        """Remove papers from every store, named by title or identifier; gives back what was removed.

        Raises:
            PaperNotFoundError: one of the names fits none or several; nothing was removed.
        """
        self._index.look()
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
            ModelError: a model was to answer and did not.
        """
        return self._reader.answer(self._search_for(question, since, until))

    async def aask(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> Answer:
        """Answer a question without holding up the event loop; like `ask` in all else."""
        return await self._reader.aanswer(self._search_for(question, since, until))

    def stream(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> AnswerStream:
        """Answer a question piece by piece.

        Gives the pieces of the text while they are written; when it has ended, its `answer` is what `ask`
        would have given for the same reply. Where the model fails, the stream raises `ModelError`, and
        `answer` holds what came until then.

        Raises:
            InputError: the question or a date cannot be used.
        """
        return self._reader.stream(self._search_for(question, since, until))

    def astream(
        self, question: str, *, since: "str | date | None" = None, until: "str | date | None" = None
    ) -> AsyncAnswerStream:
        """Answer a question piece by piece, without holding up the event loop; like `stream` in all else."""
        return self._reader.astream(self._search_for(question, since, until))

    def prepare(self) -> None:
        """Load now what the first question would wait for: papers, index, encoder and reader.

        Raises:
            HomeError: there are no papers, or they cannot be used.
            EncoderError: there is no encoder.
        """
        self._retrieve("preparing", 1, DateRange())  # brings the papers, where there are none
        self._reader.prepare()

    def choose_model(self, name: str) -> None:
        """Have another model answer from now on; `extractive` for the papers' own words.

        Raises:
            SettingsError: there is no server that has models.
        """
        chosen = self._index.settings.model_copy(update={"model": name})
        replaying = self._recordings is not None and self._recordings.replay
        if name != EXTRACTIVE and not (chosen.reads_by_model or replaying):
            raise SettingsError(
                f"There is no server to run {name} on: "
                "set OPENAI_API_KEY or OPENAI_BASE_URL, and start again."
            )
        former, self._reader = self._reader, reader_for(self._index, chosen, None, self._recordings)
        former.close()

    def conversation(self, exchanges: Sequence[Exchange] = ()) -> Conversation:
        """Begin a conversation, in which a question may lean on the ones before it.

        Args:
            exchanges: what was said before, to go on with.
        """
        return Conversation(self._index, self._retrieve, lambda: self._reader, exchanges)

    def as_retriever(self, *, limit: int = 10) -> "PaperRetriever":
        """Give a LlamaIndex retriever over the papers of this home."""
        from assistant.integrations.llamaindex import PaperRetriever

        return PaperRetriever(self, limit=limit)

    def as_query_engine(self) -> "PaperQueryEngine":
        """Give a LlamaIndex query engine that answers as `ask` does."""
        from assistant.integrations.llamaindex import PaperQueryEngine

        return PaperQueryEngine(self)

    def _search_for(
        self, question: str, since: "str | date | None", until: "str | date | None"
    ) -> Callable[[], Retrieval]:
        dates = DateRange.parse(since, until)
        return lambda: self._retrieve(question, SOURCES, dates)

    def _retrieve(self, question: str, limit: int, dates: DateRange) -> Retrieval:
        checked_question(question)
        self._index.ensure_papers(self._progress)
        self._index.refresh()
        return retrieve(self._index, question, limit=limit, dates=dates)
