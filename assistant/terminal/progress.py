"""A progress bar on standard error, at a terminal only."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """A bar that appears with the first report and goes with the last: most commands need none."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Move the bar to so many done of so many."""
        bar = self._bar or self._started()
        bar.update(bar.task_ids[0], completed=done, total=total)
        if done >= total:
            self.stop()

    def _started(self) -> Progress:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bar.add_task(self._title)
        self._bar.start()
        return self._bar

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def bar(title: str) -> Iterator[Bar]:
    """Show how far something has come; whatever happens, the terminal is left tidy."""
    shown = Bar(title)
    try:
        yield shown
    finally:
        shown.stop()


def indexing_bar() -> AbstractContextManager[Bar]:
    """Show how far indexing has come."""
    return bar("Indexing papers")


def asking_bar() -> AbstractContextManager[Bar]:
    """Show how far a question set has come."""
    return bar("Asking questions")
