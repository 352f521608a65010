"""The collection of vectors on a shared server, as a place of `Vectors`."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from assistant.errors import IndexMismatchError
from assistant.index.server import PAGE, ChromaServer
from assistant.index.sparse import KEY, has_sparse

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection


class SharedVectors:
    """The collection of vectors on a server, as a place of `Vectors`. Always as the server has it."""

    def __init__(self, server: ChromaServer, name: str, encoder: str) -> None:
        """Name the collection, and the encoder that its vectors are made with."""
        self._server = server
        self._name = name
        self._encoder = encoder
        self._ranks_words = False

    def open(self) -> "Collection":
        """Open the collection, creating it where it is missing.

        Raises:
            IndexMismatchError: it was made with another encoder.
            ServerError: the server cannot be used.
        """
        collection = self._server.collection(self._name, {"encoder": self._encoder}, sparse=KEY)
        made_with = (collection.metadata or {}).get("encoder")
        if made_with != self._encoder:
            raise IndexMismatchError(
                f"The vectors on {self._server.address} are made with {made_with}, not with {self._encoder}: "
                "set ASSISTANT_EMBEDDING as it was, or ASSISTANT_CHROMA_DATABASE to another database."
            )
        self._ranks_words = has_sparse(collection.get_model().serialized_schema, KEY)
        return collection

    def reopen(self) -> "Collection":
        """Open it again."""
        return self.open()

    def close(self) -> None:
        """Leave the server to those that use it besides."""

    def batch_size(self) -> int:
        """Say how many chunks can be written at once."""
        return self._server.batch_size()

    def page_size(self) -> int:
        """Say how many chunks can be read at once."""
        return PAGE

    def is_shared(self) -> bool:
        """Say yes: other homes read and write it meanwhile."""
        return True

    def ranks_words(self) -> bool:
        """Say whether what is open ranks by sparse vectors too: that of Chroma Cloud."""
        return self._ranks_words

    def told(self, *, writing: bool = False) -> AbstractContextManager[None]:
        """Say in a sentence what fails."""
        return self._server.told(writing=writing)
