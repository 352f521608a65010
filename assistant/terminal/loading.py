"""The assistant, opened in the background while somebody is already typing."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.settings import Settings


COMPLETED = 10_000
"""Titles that are offered while somebody types: each key looks through all of them."""


class Loading:
    """Opens the home in a thread: first the settings, then the index, the encoder and the reader."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Prepare; nothing is loaded before `start`.

        Args:
            changed: told, from the thread, when there is something new to say.
        """
        self._changed = changed
        self._settings: Future[Settings] = Future()
        self._assistant: Future[Assistant] = Future()
        self._started = threading.Lock()
        self.progress: tuple[int, int] | None = None
        """Papers indexed of how many, while that takes place."""
        self.papers: list[str] = []
        """Titles, once they are there."""
        self.told = "loading"
        """What the line below the prompt says."""

    def start(self) -> None:
        """Begin, if that has not been done."""
        if self._started.acquire(blocking=False):
            threading.Thread(target=self._load, daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self._assistant.done()

    def settings(self) -> "Settings":
        """Wait for the settings.

        Raises:
            SettingsError: one of them cannot be used.
        """
        self.start()
        return self._settings.result()

    def assistant(self) -> "Assistant":
        """Wait for what is left.

        Raises:
            AssistantError: it cannot be opened.
        """
        self.start()
        return self._assistant.result()

    def close(self) -> None:
        """Let go of the home, if it was opened."""
        if self._assistant.done() and self._assistant.exception() is None:
            self._assistant.result().close()

    def describe(self, assistant: "Assistant") -> None:
        """Say anew who answers, from how many papers."""
        status = assistant.status()
        self.papers = assistant.titles(COMPLETED)
        self.told = f"{status.reader} reader · {status.papers} papers"
        self._changed()

    def _load(self) -> None:
        try:
            # Here and in this order: they cannot be imported by two threads at once.
            import numpy as np
            import onnxruntime

            del np, onnxruntime
            from assistant.assistant import Assistant
            from assistant.settings import Settings

            settings = Settings.load()
            self._settings.set_result(settings)
            assistant = Assistant.open(settings=settings, progress=self._indexing)
            assistant.prepare()
            self.describe(assistant)
            self._assistant.set_result(assistant)
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            for future in (self._settings, self._assistant):
                if not future.done():
                    future.set_exception(error)
            self.told = "not ready: ask, and see why"
        self._changed()

    def _indexing(self, done: int, total: int) -> None:
        self.progress = (done, total) if done < total else None
        self.told = f"indexing papers {done}/{total}" if done < total else "loading"
        self._changed()
