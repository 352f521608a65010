"""The index of one home, open for questions and for papers."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.corpus import Paper, Reading, paper_id, read_sources
from assistant.errors import DamageError, HomeError, IndexMismatchError
from assistant.index.checking import Check, check, unlike_vectors, unlike_words
from assistant.index.checksums import Checksums
from assistant.index.encoder import Encoder
from assistant.index.encoder_loading import WORDS_ALONE, EncoderOnDemand
from assistant.index.finding import find_paper
from assistant.index.home import Home, discard
from assistant.index.ingest import CURATED, ENCODER, THINNED, IngestReport, plan, write
from assistant.index.kept import Kept
from assistant.index.ledger import Ledger, State
from assistant.index.server import ChromaServer
from assistant.index.settling import (
    DISCARDING,
    REMAKING,
    Progress,
    Stores,
    forget_derived,
    leave_no_others,
    settle,
)
from assistant.index.shared_vectors import SharedVectors
from assistant.index.sharing import Sharing
from assistant.index.tokens import Tokens
from assistant.index.words import Words
from assistant.resources import resource
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.index.vectors import Vectors

CHECKS = 3
"""Times that stores are compared while other homes keep writing to a shared server."""


class Index:
    """The stores of a home behind one door. Safe to use from several threads.

    The stores open when they are first needed: listing papers never waits for Chroma.
    """

    def __init__(self, settings: Settings, *, encoder: Encoder | None = None) -> None:
        """Open the home, making it where there is none.

        Args:
            settings: which home, and how to index it.
            encoder: takes the place of the encoder that the settings name.

        Raises:
            HomeError: the home cannot be used.
        """
        self.settings = settings
        self.home = Home(settings.home)
        self.home.prepare()
        self.home.miss_no_ledger()
        self.ledger = Ledger(self.home.ledger)
        self._opening = threading.RLock()
        self._encoder = EncoderOnDemand(settings, encoder, self._opening)
        self.tokens = Tokens(self.ledger)
        self.kept = Kept(self.ledger, self.tokens)
        self.checksums = Checksums(self.ledger)
        self._seen_revision = self.ledger.revision()
        self._agrees_first = True
        self.sharing = Sharing(self.ledger, ChromaServer(settings)) if settings.chroma_url else None

    def close(self) -> None:
        """Let go of the home."""
        with self._opening:
            if (vectors := self.__dict__.get("_vectors")) is not None:
                vectors.close()
            if self.sharing is not None:
                self.sharing.server.close()
            self.ledger.close()

    @property
    def encoder_name(self) -> str:
        """The encoder that the settings ask for, or `words` for none."""
        return self._encoder.name

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded on first use.

        Raises:
            EncoderError: there are no weights, or they are damaged.
        """
        return self._encoder.loaded()

    def expect_encoder(self) -> None:
        """Begin to load the encoder, for somebody who will ask for it soon."""
        self._encoder.expect()

    @property
    def words(self) -> Words:
        """The word index, opened on first use."""
        with self._opening:
            return self._words

    @property
    def vectors(self) -> "Vectors | None":
        """The vectors, opened on first use; None in an index of words alone.

        Raises:
            IndexMismatchError: they were made by another encoder than the settings ask for.
        """
        made_with = self.ledger.fact(ENCODER)
        if made_with not in (None, self.encoder_name):
            raise IndexMismatchError(
                f"The index in {self.home.folder} was made with {made_with}, not with {self.encoder_name}: "
                "set ASSISTANT_EMBEDDING as it was, or run assistant ingest --rebuild."
            )
        with self._opening:
            return None if self.encoder_name == WORDS_ALONE else self._vectors

    @property
    def without_tokens(self) -> int:
        """How many indexed papers late interaction cannot see: 0, unless an older version indexed them."""
        if self.ledger.fact(ENCODER) in (None, WORDS_ALONE):
            return 0
        return max(0, self.ledger.counts()[State.INDEXED] - self.tokens.count())

    @property
    def token_rarity(self) -> NDArray[np.float64]:
        """Each token's inverse document frequency in this collection, shape `(vocabulary,)`."""
        with self._opening:
            return self._token_rarity

    @cached_property
    def _token_rarity(self) -> NDArray[np.float64]:
        return self.tokens.rarity()

    @cached_property
    def _words(self) -> Words:
        before = self.ledger.settled()
        words = Words(self.home.words)
        self._agree(before, lambda: unlike_words(words, self.ledger))
        return words

    @cached_property
    def _vectors(self) -> "Vectors":
        from assistant.index.folder import CollectionFolder
        from assistant.index.place import COLLECTION
        from assistant.index.vectors import Vectors

        if self.sharing is not None:  # others may be writing: what it holds is compared only when asked to
            return Vectors(SharedVectors(self.sharing.server, COLLECTION, self.encoder_name))
        before = self.ledger.settled()
        vectors = Vectors(CollectionFolder(self.home.vectors, COLLECTION))
        try:
            self._agree(before, lambda: unlike_vectors(vectors, self.ledger, self.checksums))
        except HomeError:
            vectors.close()
            raise
        return vectors

    def _agree(self, before: int | None, compare: Callable[[], str | None]) -> None:
        """Compare a store with the ledger, unless somebody is changing them: then the next one does.

        Args:
            before: the ledger's settled revision before the store was opened.
            compare: gives a sentence where they disagree.
        """
        sentence = compare() if before is not None and self._agrees_first else None
        if sentence is not None and self.ledger.settled() == before:
            raise DamageError(sentence)

    def refresh(self) -> None:
        """See what other processes have changed; cheap when nothing has."""
        revision = self.ledger.revision()
        with self._opening:
            if revision == self._seen_revision:
                return
            before = self.ledger.settled()
            if (words := self.__dict__.get("_words")) is not None:
                words.reload()
                self._agree(before, lambda: unlike_words(words, self.ledger))
            if self.sharing is None and (vectors := self.__dict__.get("_vectors")) is not None:
                vectors.reload()
                self._agree(before, lambda: unlike_vectors(vectors, self.ledger, self.checksums))
            self._see(revision)

    def look(self) -> None:
        """Take in what other homes wrote to a shared server, if nobody is writing this home; seldom asks.

        Raises:
            HomeError: there are no papers yet, and another process keeps writing the home.
            ServerError: the server cannot be used.
        """
        if self.sharing is None or not self.sharing.news():
            return
        wait = not any(self.ledger.counts().values())
        try:
            with self.home.writing(self.settings.lock_timeout if wait else 0):
                self.refresh()
                self._take_in()
        except HomeError:
            if wait:
                raise

    def _take_in(self) -> None:
        if self.sharing is not None:
            self.sharing.take_in(CURATED)

    def _see(self, revision: int) -> None:
        self._seen_revision = revision
        self.__dict__.pop("_token_rarity", None)

    def ingest(self, reading: Reading, progress: Progress | None = None) -> IngestReport:
        """Take up what was read, and finish whatever an earlier ingest left undone.

        Raises:
            HomeError: another process keeps writing the home.
            EncoderError: the encoder is needed and cannot be loaded; nothing was changed.
        """
        return self._take_up(reading, progress, shipped=False)

    def _take_up(self, reading: Reading, progress: Progress | None, *, shipped: bool) -> IngestReport:
        with self.home.writing(self.settings.lock_timeout):
            self.refresh()
            self._take_in()
            if shipped and self.sharing is not None and any(self.ledger.counts().values()):
                reading = Reading()  # there are papers on the server
            ids = {paper_id(listing.title) for listing in reading.listings}
            planned = plan(
                reading, self.ledger.records(ids), shipped=shipped, shared=self.sharing is not None
            )
            if planned.pending:
                self.expect_encoder()
            if planned.pending and self.vectors is not None:
                _ = self.encoder  # before the first write: without it nothing may change
            write(planned, self.ledger, shipped=shipped)
            self._settle(progress)
        return planned.report

    def ensure_papers(self, progress: Progress | None = None) -> None:
        """Make the home answerable: finish what is unfinished, and bring the shipped papers to an empty home.

        Raises:
            HomeError: the home is empty by somebody's choice, or another process keeps writing it.
            ServerError: there is a shared server, which cannot be used.
        """
        self.look()
        has = self.ledger.has()
        if not any(has.values()):
            if self.ledger.fact(CURATED):
                raise HomeError(
                    f"There are no papers in {self.home.folder}: add some with assistant ingest FILE."
                )
            # Another process may be at it: then this one waits for the lock and finds nothing to do.
            self._take_up(read_sources([resource("corpus/papers.jsonl")]), progress, shipped=True)
        elif has[State.PENDING] or has[State.LEAVING]:
            self._finish(progress, wait=not has[State.INDEXED])

    def _finish(self, progress: Progress | None, *, wait: bool) -> None:
        """Do what a killed ingest left undone, unless another process is at it."""
        try:
            with self.home.writing(self.settings.lock_timeout if wait else 0):
                self.refresh()
                self._take_in()
                self._settle(progress)
        except HomeError:
            if wait:
                raise

    def remove(self, papers: list[Paper]) -> None:
        """Remove papers from every store."""
        with self.home.writing(self.settings.lock_timeout):
            self.refresh()
            self._take_in()
            records = self.ledger.records(paper.paper_id for paper in papers)
            with self.ledger.transaction():
                self.ledger.set_fact(CURATED, "yes")
                self.ledger.mark(records.values(), State.LEAVING)
            self._settle(None)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Make every derived store anew from the ledger, with the encoder that the settings ask for.

        Vectors on a shared server are compared with new ones, and written over where they differ or no search
        finds them, so that other homes find them meanwhile.
        """
        with self.home.writing(self.settings.lock_timeout):
            if self.encoder_name != WORDS_ALONE:
                _ = self.encoder  # before anything is discarded: without it nothing can be made
            if self.sharing is not None:
                with self._opening:
                    _ = self.encoder_name == WORDS_ALONE or self._vectors  # nor on vectors of another encoder
            self._take_in()
            forget_derived(
                self.ledger,
                self.kept,
                self.checksums,
                self.encoder_name,
                shared=self.sharing is not None,
            )
            self._settle(progress)

    def check(self) -> Check:
        """Compare every store with the ledger, whole; lets nobody write meanwhile, but to a shared server.

        Changes nothing, but for taking in what other homes wrote to a server.

        Raises:
            HomeError: another process keeps writing the home.
            ServerError: there is a shared server, which cannot be used.
        """
        with self.home.writing(self.settings.lock_timeout):
            self._agrees_first = False  # what opening would refuse is what is to be named
            try:
                for _ in range(CHECKS):
                    self._take_in()
                    found = check(self)
                    if self.sharing is None or not self.sharing.news(now=True):
                        break
                return found
            finally:
                self._agrees_first = True

    def _discard_folders(self) -> None:
        """Delete what can be made again from the ledger, whatever state it is in."""
        with self._opening:
            if (vectors := self.__dict__.pop("_vectors", None)) is not None:
                vectors.close()
            self.__dict__.pop("_words", None)
            for folder in (self.home.vectors, self.home.words):
                discard(folder)
        with self.ledger.transaction():
            self.ledger.set_fact(DISCARDING, "")
            self.ledger.set_fact(THINNED, "")

    def find(self, reference: str) -> Paper:
        """Find a paper by its title, however it is spelt, or by the first digits of its identifier.

        Raises:
            PaperNotFoundError: none or several fit; names the nearest titles.
        """
        return find_paper(reference, self.ledger, lambda: self.words)

    def _settle(self, progress: Progress | None) -> None:
        if self.ledger.fact(DISCARDING):
            self._discard_folders()
        has = self.ledger.has()
        if not has[State.PENDING] and not has[State.LEAVING] and not self.ledger.fact(REMAKING):
            self.kept.drop_former()
            return  # without opening Chroma, which takes longer than all the rest
        stores = self._stores()  # or refused, before this home remembers its encoder
        if self.ledger.fact(ENCODER) is None:
            with self.ledger.transaction():
                self.ledger.set_fact(ENCODER, self.encoder_name)
                self.ledger.set_fact(THINNED, "")
        with self.sharing.server.writing() if self.sharing is not None else nullcontext():
            settle(stores, progress)
            leave_no_others(stores)
        # What this process wrote, its own stores have seen.
        self._see(self.ledger.revision())

    def _stores(self) -> Stores:
        return Stores(
            self.ledger,
            self.words,
            self.vectors,
            self.tokens,
            self.kept,
            self.checksums,
            self.encoder_name,
            lambda: self.encoder,
            self.sharing,
        )
