"""Reading the papers that a search found: the effects, so that evidence and choice stay pure."""

from collections.abc import Sequence

from assistant.answering.evidence import Evidence, PaperTokens, QuestionTokens, QuestionWords, gather
from assistant.index.chunking import embedded_text
from assistant.index.index import Index
from assistant.retrieval import Hit, Question


def read(index: Index, question: Question, hits: Sequence[Hit]) -> list[Evidence]:
    """Gather the evidence of each paper, in the order of the hits."""
    stems = tuple(dict.fromkeys(index.words.stems(question.text)))
    words = QuestionWords(stems, {stem: index.words.rarity(stem) for stem in stems}, index.words.stems)
    if question.encoding is None:
        return [gather(hit, words) for hit in hits]

    def rarity_of(word: str) -> float:
        return max((words.rarity.get(stem, 0.0) for stem in words.stem(word)), default=0.0)

    tokens = QuestionTokens.weigh(question.text, question.encoding, rarity_of)
    texts = [embedded_text(hit.paper.title, hit.paper.text) for hit in hits]
    return [
        gather(hit, words, tokens, PaperTokens(encoding, len(text) - len(hit.paper.text)))
        for hit, text, encoding in zip(hits, texts, index.encoder.encode(texts), strict=True)
    ]
