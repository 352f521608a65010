"""Reading the papers that a search found: the effects, so that evidence and choice stay pure."""

from collections.abc import Sequence

from assistant.answering.evidence import Evidence, QuestionWords, gather
from assistant.corpus import Paper
from assistant.index.chunking import Chunk, embedded_text
from assistant.index.function_words import content_words
from assistant.index.index import Index
from assistant.index.tokens import PaperTokens, paper_tokens
from assistant.retrieval import Hit, Question


def read(index: Index, question: Question, hits: Sequence[Hit]) -> list[Evidence]:
    """Gather the evidence of each paper, in the order of the hits."""
    asked = content_words(question.text) or question.text
    stems = tuple(dict.fromkeys(index.words.stems(asked)))
    words = QuestionWords(stems, {stem: index.words.rarity(stem) for stem in stems}, index.words.stems)
    if question.tokens is None:
        return [gather(hit, question, words) for hit in hits]
    kept = index.tokens.of(hit.paper.paper_id for hit in hits)
    return [
        gather(hit, question, words, kept.get(hit.paper.paper_id) or encoded_tokens(index, hit.paper))
        for hit in hits
    ]


def encoded_tokens(index: Index, paper: Paper) -> PaperTokens:
    """Encode a paper that was indexed without its tokens; what is beyond the encoder's window is not read."""
    text = embedded_text(paper.title, paper.text)
    (encoding,) = index.encoder.encode([text])
    return paper_tokens([(Chunk(paper.paper_id, paper.text, 0), text, encoding)])
