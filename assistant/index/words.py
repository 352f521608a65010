"""The words of the papers, in Tantivy: BM25 over title and text as one field.

One field and not two: BM25's length normalisation and rarity then see the paper as a whole, which ranked
better than a sum of two fields at every weight of the title that was tried.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import tantivy

from assistant.corpus import Paper
from assistant.corpus.paper import ID_DIGITS
from assistant.errors import DamageError, HomeError
from assistant.index.full import disk_is_full
from assistant.index.ledger import Record
from assistant.index.segments import damaged_files, uncommitted_deletions

_UNDATED = -1
_WRITER_BYTES = 64_000_000


def day_number(day: date) -> int:
    """Write a day as a number whose order is the days' order: 2024-06-13 is 20240613."""
    return day.year * 10_000 + day.month * 100 + day.day


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Signed: an unsigned field panics in tantivy-py.
    builder.add_integer_field("number", stored=True, indexed=True, fast=True)
    builder.add_integer_field("published", stored=False, indexed=True, fast=True)
    builder.add_text_field("words", stored=False, tokenizer_name="folded_english")
    return builder.build()


@cache
def analyzer() -> tantivy.TextAnalyzer:
    """Give what cuts a text into stems: lower case, without accents or endings."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


class Words:
    """The word index of a home. Any number of readers; writes go through the home's lock."""

    def __init__(self, folder: Path) -> None:
        """Open the index, creating it where it is missing.

        Raises:
            DamageError: the folder holds something else, or files that are not what was written.
            HomeError: the folder cannot be written.
        """
        self._folder = folder
        self._schema = _schema()
        self._analyzer = analyzer()
        self._sound: set[str] = set()
        with self._told():
            folder.mkdir(parents=True, exist_ok=True)
            self._verify()
            self._index = tantivy.Index(self._schema, path=str(folder))
            self._index.register_tokenizer("folded_english", self._analyzer)
            self._index.config_reader(reload_policy="manual")

    def reload(self) -> None:
        """See what other processes have committed since the index was opened.

        Raises:
            DamageError: it holds files that are not what was written.
        """
        with self._told():
            self._verify()
            self._index.reload()

    def verify(self) -> None:
        """Read every file whole, however many there are, and compare it with its checksum.

        Raises:
            DamageError: it holds files that are not what was written.
        """
        with self._told():
            self._verify(whole=True)

    def _verify(self, *, whole: bool = False) -> None:
        if damaged := damaged_files(self._folder, self._sound, whole=whole):
            raise DamageError(
                f"The word index in {self._folder} is damaged ({', '.join(damaged)}): "
                "run assistant ingest --rebuild."
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in a sentence what Tantivy says about its files."""
        try:
            yield
        except (OSError, ValueError) as error:
            if disk_is_full(error):
                raise HomeError(
                    f"The disk took no more of {self._folder}: make room, and run the command again, "
                    "which goes on where it was."
                ) from error
            raise DamageError(
                f"The word index in {self._folder} cannot be used ({error}): run assistant ingest --rebuild."
            ) from error

    def replace(self, records: Iterable[Record], *, leaving: bool = False) -> None:
        """Index papers in place of what the index holds of them, or only forget them; on disk on return."""
        with self._told():
            for path in uncommitted_deletions(self._folder):
                path.unlink(missing_ok=True)
            writer = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
            for record in records:
                number = int(record.paper.paper_id, 16)
                writer.delete_documents_by_term("number", number)
                if not leaving:
                    writer.add_document(_document(record, number))
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()

    def count(self) -> int:
        """Count the papers that can be found."""
        return int(self._index.searcher().num_docs)

    def count_within(self, since: date | None, until: date | None) -> int:
        """Count the papers of a range of dates."""
        found: Any = self._index.searcher().search(self._dated(since, until), 1, count=True)
        return int(found.count)  # which its types leave out

    def within(self, since: date | None, until: date | None, limit: int) -> list[str]:
        """List so many papers of a range of dates, in no order."""
        searcher = self._index.searcher()
        hits = searcher.search(self._dated(since, until), limit, count=False).hits
        return [key for key in self._keys(searcher, hits) if key is not None]

    def _keys(self, searcher: tantivy.Searcher, hits: Sequence[tuple[Any, Any]]) -> list[str | None]:
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        return [None if number is None else f"{number:0{ID_DIGITS}x}" for number in numbers]

    def _dated(self, since: date | None, until: date | None) -> tantivy.Query:
        return tantivy.Query.range_query(
            self._schema,
            "published",
            tantivy.FieldType.Integer,
            day_number(since or date.min),
            day_number(until or date.max),
        )

    def papers(self) -> Counter[str]:
        """Give how often each paper can be found: once, in a sound index."""
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return Counter()
        hits = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
        return Counter(key for key in self._keys(searcher, hits) if key is not None)

    def finds(self, record: Record) -> bool:
        """Tell whether a paper is found by all of its words together, and by its date."""
        day = day_number(record.paper.published) if record.paper.published else _UNDATED
        terms: list[tuple[str, int | str]] = [("number", int(record.paper.paper_id, 16)), ("published", day)]
        terms += [("words", stem) for stem in dict.fromkeys(self.stems(words_of(record.paper)))]
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, tantivy.Query.term_query(self._schema, name, value))
                for name, value in terms
            ]
        )
        return bool(self._index.searcher().search(query, 1, count=False).hits)

    def stems(self, text: str) -> list[str]:
        """Cut a text into words as the index knows them: lower case, without accents or endings."""
        return list(self._analyzer.analyze(text))

    def rarity(self, stem: str) -> float:
        """Give a stem's inverse document frequency as BM25 has it, as a share of that of an unknown stem.

        A share, above 0 and at most 1, means the same in a collection of any size.
        """
        searcher = self._index.searcher()
        papers, frequency = searcher.num_docs, searcher.doc_freq("words", stem)
        return math.log1p((papers - frequency + 0.5) / (frequency + 0.5)) / math.log1p((papers + 0.5) / 0.5)

    def search(
        self, question: str, limit: int, *, since: date | None = None, until: date | None = None
    ) -> dict[str, float]:
        """Score papers by BM25 (k1 1.2, b 0.75) for the words of a question.

        Returns:
            Scores above 0 by paper, the best `limit` of them, best first. Papers without a date
            are left out when a bound is given.
        """
        # Terms are built one by one: nothing in a question is ever read as query syntax.
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "words", term))
            for term in dict.fromkeys(self._analyzer.analyze(question))
        ]
        if not terms:
            return {}
        query = tantivy.Query.boolean_query(terms)
        if since is not None or until is not None:
            # A weight of zero filters without adding to the score.
            dates = tantivy.Query.const_score_query(self._dated(since, until), 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, dates)])
        searcher = self._index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        keys = self._keys(searcher, hits)
        return {key: float(score) for key, (score, _) in zip(keys, hits, strict=True) if key is not None}


def words_of(paper: Paper) -> str:
    """Give what is indexed of a paper."""
    return f"{paper.title}\n{paper.text}"


def _document(record: Record, number: int) -> tantivy.Document:
    published = record.paper.published
    document = tantivy.Document()
    document.add_integer("number", number)
    document.add_integer("published", day_number(published) if published else _UNDATED)
    document.add_text("words", words_of(record.paper))
    return document
