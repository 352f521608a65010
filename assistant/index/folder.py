"""A Chroma collection in a folder of this machine, and what is peculiar to one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from assistant.errors import DamageError, HomeError
from assistant.index.full import disk_is_full
from assistant.index.place import HNSW

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection


PAGE = 1_000
"""Chunks read at a time."""


class CollectionFolder:
    """A folder with one collection.

    Chroma loses vectors when two processes write one folder, and answers from an old state when another
    process has written since it was opened: writes go through the home's lock, and `reopen` sees them.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Name the folder and the collection; nothing is opened yet."""
        self._folder = folder
        self._name = name
        self._client: Client | None = None

    def open(self) -> "Collection":
        """Open the collection, creating it where it is missing.

        Raises:
            DamageError: Chroma cannot open the folder.
            HomeError: the disk is full.
        """
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings

        with self.told():
            try:
                client = cast(
                    "Client",
                    chromadb.PersistentClient(
                        str(self._folder), settings=Settings(anonymized_telemetry=False)
                    ),
                )
            except BaseException:
                # What failed to start stays in Chroma's table, and would be given for the folder made anew.
                if str(self._folder) not in SharedSystemClient._identifier_to_refcount:  # noqa: SLF001
                    SharedSystemClient._identifier_to_system.pop(str(self._folder), None)  # noqa: SLF001
                raise
            try:
                collection = client.get_or_create_collection(
                    self._name, embedding_function=None, configuration={"hnsw": HNSW}
                )
            except BaseException:
                # A client that stays open would be given back for the same folder made anew.
                client.close()
                raise
        self._client = client
        return collection

    def reopen(self) -> "Collection":
        """Open it again, to see what other processes have written since."""
        # Clients of one folder share a system: only closing the last one lets go of the old state.
        self.close()
        return self.open()

    def close(self) -> None:
        """Let go of the folder."""
        if self._client is not None:
            self._client.close()

    def batch_size(self) -> int:
        """Say how many chunks can be written at once; call it while the folder is open."""
        return self._client.get_max_batch_size() if self._client else 0

    def page_size(self) -> int:
        """Say how many chunks are read at a time where all are gone through."""
        return PAGE

    def is_shared(self) -> bool:
        """Say no: one process writes at a time, and others see it when they open it again."""
        return False

    def ranks_words(self) -> bool:
        """Say no: Chroma has sparse vectors in its cloud alone."""
        return False

    @contextmanager
    def told(self, *, writing: bool = False) -> Iterator[None]:
        """Say in a sentence what Chroma says about its files."""
        try:
            yield
        except HomeError:
            raise
        except BaseException as error:
            # A panic of Chroma's Rust is no Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            if disk_is_full(error):
                raise HomeError(
                    f"The disk took no more of {self._folder}: make room, and run the command again, "
                    "which goes on where it was."
                ) from error
            if writing:
                # On a full disk Chroma says which of its steps failed, and not always why.
                raise HomeError(
                    f"The vectors in {self._folder} could not be written ({error}): make room on the disk "
                    "and run the command again, or, where that does not help, run assistant ingest --rebuild."
                ) from error
            raise DamageError(
                f"The vectors in {self._folder} cannot be used ({error}): run assistant ingest --rebuild."
            ) from error
