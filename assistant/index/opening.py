"""Opening a collection of a server, creating it as well as the server can."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chromadb.api.models.Collection import Collection
from chromadb.api.types import Schema, SparseVectorIndexConfig, VectorIndexConfig
from chromadb.errors import ChromaError, InvalidArgumentError, NotFoundError

from assistant.index.place import HNSW
from assistant.index.sparse import has_sparse

if TYPE_CHECKING:
    from chromadb.api.fastapi import FastAPI
    from chromadb.types import Collection as Model


def open_collection(
    api: "FastAPI",
    there: Mapping[str, str],
    name: str,
    metadata: dict[str, Any] | None,
    sparse: str | None = None,
) -> Collection:
    """Open a collection, creating it where it is missing.

    Args:
        api: of the server.
        there: its tenant and database.
        name: what the collection is called.
        metadata: of a new one.
        sparse: the key of sparse vectors that a new one is to be searched by too, if the server can.
    """
    model: Model | None = None
    try:
        model = api.get_collection(name, **there)
    except NotFoundError:
        if sparse is not None:
            model = _with_sparse(api, there, name, metadata, sparse)
    if model is None:
        model = api.get_or_create_collection(
            name,
            configuration={"hnsw": HNSW},
            metadata=metadata,
            tenant=there["tenant"],
            database=there["database"],
        )
    return Collection(client=api, model=model, embedding_function=None)


def _with_sparse(
    api: "FastAPI", there: Mapping[str, str], name: str, metadata: dict[str, Any] | None, key: str
) -> "Model | None":
    """Create a collection that is searched by sparse vectors too; None where it is there, or cannot be.

    Chroma Cloud has them, and `chroma run` refuses. A server from before there were any makes the
    collection as it makes all, by another distance: that one is deleted.
    """
    schema = Schema().create_index(VectorIndexConfig(space=HNSW["space"]))
    schema.create_index(SparseVectorIndexConfig(bm25=True), key)
    try:  # and not get or create: another home's must not be taken for one that was made here
        model = api.create_collection(
            name, schema=schema, metadata=metadata, tenant=there["tenant"], database=there["database"]
        )
    except InvalidArgumentError:
        return None
    except ChromaError as error:
        if "already exists" in str(error):
            return None
        raise
    if not has_sparse(model.serialized_schema, key):
        api.delete_collection(name, **there)
        return None
    return model
