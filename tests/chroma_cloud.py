"""A stand-in for Chroma Cloud: a real `chroma run` behind a door that has what only the cloud has.

That is, as Chroma's own sources and documentation have it: sparse vectors in metadata and an index of them in
the schema (scores 1 - q·d, the question's values times ln(1 + (N - n + 0.5) / (n + 0.5)) where the index says
`bm25`), `/search`, and quotas. Dense vectors, metadata and filters are the real server's.
"""

import json
import math
import re
import threading
from collections import Counter, defaultdict
from typing import Any

from chroma_server import Door, Passage

MOST = 300
"""Records of a request, and results."""
MOST_QUERIES = 20
"""Vectors searched for in a request, by default (Chroma, `NumQueryEmbeddings`)."""
LONGEST_VALUE, LONGEST_TEXT = 8_182, 16_384
"""Bytes of a value of metadata, and of a text."""

_OF_COLLECTION = re.compile(r"(?P<root>/api/v2/.*/collections)(?:/(?P<name>[^/]+)(?:/(?P<verb>\w+))?)?")

Sparse = dict[int, float]


class Cloud(Door):
    """The stand-in in front of a server."""

    def __init__(self, port: int, key: str | None = None) -> None:
        super().__init__(port, key, CloudPassage)
        self.asked: Counter[str] = Counter()
        """How often each verb of a collection was."""
        self.indexed: dict[str, dict[str, Any]] = {}
        """The schema of each collection that has one, by its identifier."""
        self.vectors: defaultdict[str, dict[str, tuple[str, dict[str, Any]]]] = defaultdict(dict)
        """Sparse vectors: by collection and record, their key and what was written."""
        self.knows_schemas = True
        """Whether it is no server from before there were any."""
        self.lock = threading.Lock()


class CloudPassage(Passage):
    """Does what the server behind does not, and leaves the rest to it."""

    def through(self, command: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Answer a request."""
        cloud = self.server.door
        assert isinstance(cloud, Cloud)
        found = _OF_COLLECTION.fullmatch(path)
        if found is None:
            return super().through(command, path, body)
        with cloud.lock:
            self._cloud, self._root = cloud, found["root"]
            verb = found["verb"] or ("create" if command == "POST" else command)
            cloud.asked[verb] += 1
            given = json.loads(body) if body else {}
            if (refused := _over_quota(given)) is not None:
                return _told({"error": "QuotaError", "message": refused}, 422)
            match verb:
                case "create" | "GET":
                    return self._described(command, path, given)
                case "search":
                    return self._search(found["name"], given)
                case "upsert" | "get" | "delete":
                    return self._records(verb, found["name"], path, given)
            return super().through(command, path, body)

    def _ask(self, command: str, path: str, given: Any) -> tuple[int, Any]:
        body = json.dumps(given).encode() if command == "POST" else b""
        status, told = super().through(command, path, body)
        return status, json.loads(told or b"null")

    def _described(self, command: str, path: str, given: dict[str, Any]) -> tuple[int, bytes]:
        schema = given.pop("schema", None)
        if schema is not None and self._cloud.knows_schemas:
            space = schema["keys"]["#embedding"]["float_list"]["vector_index"]["config"]["space"]
            given["configuration"] = {"hnsw": {"space": space}}
        status, collection = self._ask(command, path, given)
        if status == 200 and isinstance(collection, dict):
            if schema is not None and self._cloud.knows_schemas:
                self._cloud.indexed.setdefault(collection["id"], schema)
            collection["schema"] = self._cloud.indexed.get(collection["id"])
        return _told(collection, status)

    def _records(self, verb: str, name: str, path: str, given: dict[str, Any]) -> tuple[int, bytes]:
        held = self._cloud.vectors[name]
        if verb == "upsert":
            for record, metadata in zip(given["ids"], given["metadatas"] or [], strict=False):
                for key, value in list((metadata or {}).items()):
                    if isinstance(value, dict):
                        assert value["indices"] == sorted(set(value["indices"]))
                        held[record] = (key, metadata.pop(key))
        status, told = self._ask("POST", path, given)
        if verb == "delete":
            everything = {"ids": list(held), "include": []}
            _, left = self._ask("POST", f"{self._root}/{name}/get", everything)
            for record in held.keys() - set(left["ids"]):
                del held[record]
        if verb == "get" and told.get("metadatas"):
            for record, metadata in zip(told["ids"], told["metadatas"], strict=True):
                if record in held:
                    key, value = held[record]
                    metadata[key] = value
        return _told(told, status)

    def _search(self, name: str, given: dict[str, Any]) -> tuple[int, bytes]:
        ids, scores = [], []
        for one in given["searches"]:
            knn, most = one["rank"]["$knn"], one["limit"]["limit"]
            if max(knn["limit"], most) > MOST:
                return _told({"error": "QuotaError", "message": "too many results"}, 422)
            nearest = self._dense if knn["key"] == "#embedding" else self._sparse
            found = nearest(name, knn, one["filter"])[:most]
            ids.append([record for record, _ in found])
            scores.append([score for _, score in found])
        nothing = [None] * len(ids)
        reply = {"ids": ids, "scores": scores, "select": [["#score"]] * len(ids)}
        return _told({**reply, "documents": nothing, "metadatas": nothing, "embeddings": nothing})

    def _dense(self, name: str, knn: dict[str, Any], where: Any) -> list[tuple[str, float]]:
        query = {"query_embeddings": [knn["query"]], "n_results": knn["limit"], "where": where}
        _, told = self._ask("POST", f"{self._root}/{name}/query", {**query, "include": ["distances"]})
        return list(zip(told["ids"][0], told["distances"][0], strict=True))

    def _sparse(self, name: str, knn: dict[str, Any], where: Any) -> list[tuple[str, float]]:
        held = {
            record: _values(value)
            for record, (key, value) in self._cloud.vectors[name].items()
            if key == knn["key"]
        }
        _, count = self._ask("GET", f"{self._root}/{name}/count", None)
        query = _values(knn["query"])
        index = self._cloud.indexed[name]["keys"][knn["key"]]["sparse_vector"]["sparse_vector_index"]
        if index["config"]["bm25"]:
            having = Counter(dimension for vector in held.values() for dimension in vector)
            query = {
                dimension: value * math.log1p((count - having[dimension] + 0.5) / (having[dimension] + 0.5))
                for dimension, value in query.items()
            }
        everything = {"ids": list(held), "where": where, "include": []}
        _, allowed = self._ask("POST", f"{self._root}/{name}/get", everything)
        scored = {
            record: 1 - sum(value * held[record].get(dimension, 0.0) for dimension, value in query.items())
            for record in allowed["ids"]
        }
        return sorted(scored.items(), key=lambda item: item[1])[: knn["limit"]]


def _values(vector: dict[str, Any]) -> Sparse:
    assert vector["#type"] == "sparse_vector"
    return dict(zip(vector["indices"], vector["values"], strict=True))


def _over_quota(given: dict[str, Any]) -> str | None:
    if (
        len(given.get("ids") or []) > MOST
        or (given.get("limit") or 0) > MOST
        or given.get("n_results", 0) > MOST
    ):
        return "too many records"
    if len(given.get("query_embeddings") or []) > MOST_QUERIES:
        return "too many queries"
    if any(len(text.encode()) > LONGEST_TEXT for text in given.get("documents") or [] if text):
        return "a document is too long"
    values = [value for metadata in given.get("metadatas") or [] for value in (metadata or {}).values()]
    if any(len(json.dumps(value)) > LONGEST_VALUE for value in values):
        return "a metadata value is too long"
    return None


def _told(reply: Any, status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(reply, separators=(",", ":")).encode()  # as the real one writes it
