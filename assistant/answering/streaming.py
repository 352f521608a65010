"""Answers that are shown while they are written."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from types import TracebackType
from typing import Protocol, Self

from assistant.answering.answer import Answer


class Unfinished(Protocol):
    """What an answer can be made of at any time."""

    def answer(self, *, complete: bool) -> Answer:
        """Give the answer as it stands."""
        ...


class _Closing:
    """The answer that a stream closes with."""

    def __init__(self) -> None:
        self._answer: Answer | None = None
        self._draft: Unfinished | None = None

    @property
    def answer(self) -> Answer:
        """The answer: whole after the last piece, and what came of it where the stream ended early.

        Raises:
            RuntimeError: the stream has not ended.
        """
        if self._answer is None:
            raise RuntimeError("The stream has not ended: read it to its end, or close it, for its answer.")
        return self._answer

    def _end(self, *, complete: bool) -> None:
        if self._answer is None and self._draft is not None:
            self._answer = self._draft.answer(complete=complete)


class AnswerStream(_Closing, Iterator[str]):
    """The pieces of an answer's text as they come; together they are `answer.text`.

    Closing it, leaving its `with` block, or an interrupt closes the connection and keeps what came.
    """

    def __init__(self, draft: Unfinished, pieces: Generator[str]) -> None:
        super().__init__()
        self._draft = draft
        self._pieces = pieces

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration:
            self._end(complete=True)
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop the answer; what came of it is in `answer`."""
        self._pieces.close()
        self._end(complete=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncAnswerStream(_Closing, AsyncIterator[str]):
    """The pieces of an answer's text as they come, without holding up the event loop.

    Closing it, leaving its `async with` block, or cancelling the task that reads it closes the connection
    and keeps what came.
    """

    def __init__(
        self,
        begin: Callable[[], Awaitable[Unfinished]],
        write: Callable[[Unfinished], AsyncGenerator[str]],
    ) -> None:
        """Stream what is drafted when the first piece is asked for.

        Args:
            begin: looks for papers and drafts the answer.
            write: writes it.
        """
        super().__init__()
        self._begin = begin
        self._write = write
        self._pieces: AsyncGenerator[str] | None = None
        self._closed = False

    async def __anext__(self) -> str:
        if self._closed:
            raise StopAsyncIteration
        try:
            if self._pieces is None:
                self._draft = await self._begin()
                self._pieces = self._write(self._draft)
            return await anext(self._pieces)
        except StopAsyncIteration:
            self._end(complete=True)
            raise
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Stop the answer; what came of it is in `answer`."""
        self._closed = True
        if self._pieces is not None:
            await self._pieces.aclose()
        self._end(complete=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
