"""The papers of a home as LlamaIndex sees them. Importing this imports LlamaIndex, which takes seconds."""

import asyncio
from typing import TYPE_CHECKING

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.retrieval import Hit

if TYPE_CHECKING:
    from assistant.assistant import Assistant


class PaperRetriever(BaseRetriever):
    """A LlamaIndex retriever whose nodes are whole papers, best first."""

    def __init__(self, assistant: "Assistant", *, limit: int = 10) -> None:
        """Retrieve from an open assistant.

        Args:
            assistant: whose papers; it has to stay open as long as the retriever is used.
            limit: how many papers a query gives at the most.
        """
        super().__init__()
        self._assistant = assistant
        self._limit = limit

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self._assistant.search(query_bundle.query_str, limit=self._limit)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(hit: Hit) -> NodeWithScore:
    paper = hit.paper
    metadata = {"title": paper.title, "paper_id": paper.paper_id}
    if paper.published is not None:
        metadata["published"] = paper.published.isoformat()
    # The identifier helps no model: only the title goes into what it reads.
    node = TextNode(
        id_=paper.paper_id, text=paper.text, metadata=metadata, excluded_llm_metadata_keys=["paper_id"]
    )
    return NodeWithScore(node=node, score=hit.score)
