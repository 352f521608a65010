"""The home folder: where each store lies in it, and the lock that lets one process write at a time."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from assistant.errors import DamageError, HomeError

SILENTLY = 1.0
"""Seconds that a writer waits for another one before it says so."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that holds a collection of papers and its index."""

    folder: Path

    @property
    def ledger(self) -> Path:
        """The SQLite file with the papers."""
        return self.folder / "ledger.sqlite3"

    @property
    def vectors(self) -> Path:
        """Chroma's folder."""
        return self.folder / "vectors"

    @property
    def words(self) -> Path:
        """Tantivy's folder."""
        return self.folder / "words"

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            HomeError: it cannot be made, or not be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / ".writable"
            probe.touch()
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise HomeError(
                f"The home {self.folder} cannot be written ({error.strerror}): "
                "make it writable, or set ASSISTANT_HOME to a folder that is."
            ) from error

    def miss_no_ledger(self) -> None:
        """Make sure that an index has its ledger: without, the home would pass for a new one.

        Raises:
            DamageError: the ledger is gone.
        """
        made = any(folder.exists() for folder in (self.vectors, self.words))
        if made and not (self.ledger.is_file() and self.ledger.stat().st_size):
            raise DamageError(
                f"The ledger of papers {self.ledger} is gone, though its index is there: bring it back, "
                f"or empty {self.folder} and ingest the pages again."
            )

    @contextmanager
    def writing(self, timeout: float) -> Iterator[None]:
        """Be the one process that writes the home, for as long as the block lasts.

        The operating system holds the lock, so that one left by a dead process is free. A wait that is felt
        is logged as a warning.

        Raises:
            HomeError: another process is still writing after `timeout` seconds.
        """
        lock = filelock.FileLock(self.folder / "write.lock")
        try:
            self._acquire(lock, timeout)
        except filelock.Timeout:
            raise HomeError(
                f"Another process is writing {self.folder} and was not done after {timeout:g} seconds: "
                "try again when it is, or set ASSISTANT_LOCK_TIMEOUT to wait longer."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _acquire(self, lock: filelock.BaseFileLock, timeout: float) -> None:
        if timeout > SILENTLY:
            with suppress(filelock.Timeout):
                lock.acquire(timeout=SILENTLY)
                return
            _log.warning(
                "Another process is writing %s: waiting up to %g seconds for it.", self.folder, timeout
            )
            timeout -= SILENTLY
        lock.acquire(timeout=timeout)


def discard(folder: Path) -> None:
    """Delete a folder, or whatever stands in its place.

    Raises:
        HomeError: it cannot be deleted.
    """
    try:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
    except OSError as error:
        raise HomeError(
            f"{folder} cannot be deleted ({error.strerror}): delete it by hand, "
            "and run assistant ingest --rebuild."
        ) from error
