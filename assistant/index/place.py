"""Where a collection of vectors is, and how its graph is made."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

COLLECTION = "papers"

HNSW: "CreateHNSWConfiguration" = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 2_400,
}
"""How the graph of a new collection is built and searched; one that is there keeps its own."""


class Place(Protocol):
    """Where a collection is: a folder, or a server."""

    def open(self) -> "Collection":
        """Open the collection, creating it where it is missing."""
        ...

    def reopen(self) -> "Collection":
        """See what other processes have written since it was opened."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...

    def batch_size(self) -> int:
        """Say how many chunks can be written at once."""
        ...

    def page_size(self) -> int:
        """Say how many chunks can be read at once."""
        ...

    def is_shared(self) -> bool:
        """Say whether other homes read and write it meanwhile."""
        ...

    def ranks_words(self) -> bool:
        """Say whether what is open ranks by sparse vectors too."""
        ...

    def told(self, *, writing: bool = False) -> AbstractContextManager[None]:
        """Say in a sentence what Chroma says when something fails."""
        ...
