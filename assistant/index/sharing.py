"""Keeping this home's ledger and the papers on a shared server the same, both ways.

The ledger's database remembers of each paper what the server had when it was last seen or written. With that,
a paper that this home has and the server has not is told apart: never shared yet, or removed by another home.
"""

import json
import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

from assistant.index.ledger import Ledger, Record, State
from assistant.index.server import ChromaServer
from assistant.index.shared import CURATED, Note, SharedPaper, SharedPapers, digest_of, text_of, united

HOME = "home"
"""The ledger's fact that names this home among those of a server."""
NOTED = "noted"
"""The ledger's fact that has the mark of the last note that was seen of each home."""
NOTING = "noting"
"""The ledger's fact that has the marks of this home's notes of which it knows not whether they arrived."""
SHARED_WITH = "shared_with"
"""The ledger's fact that has the identity of the papers on the server that the table below is of."""

UNDERWAY = "?"
"""Stands before the digest that the server last had, where this home began to change the paper there and may
have been killed; alone where the server had none."""

EVERY = 1.0
"""Seconds between two looks at the notes."""

SCHEMA = "CREATE TABLE IF NOT EXISTS shared (paper_id TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;"


class Sharing:
    """One home's part in a shared server."""

    def __init__(self, ledger: Ledger, server: ChromaServer) -> None:
        """Use the ledger's database, adding the table where it is missing; nothing is sent yet."""
        self._ledger = ledger
        self.server = server
        ledger.add_tables(SCHEMA)
        if ledger.fact(HOME) is None:
            with ledger.transaction():
                ledger.set_fact(HOME, uuid.uuid4().hex)
        self._papers: SharedPapers | None = None
        self._looked = -EVERY
        self._compared = False

    def _opened(self) -> SharedPapers:
        if self._papers is None:
            papers = SharedPapers(self.server)
            if self._ledger.fact(SHARED_WITH) != papers.identity:
                self._begin_anew(papers.identity)
            self._papers = papers
        return self._papers

    def _begin_anew(self, identity: str) -> None:
        """Know nothing of what the server has: all papers of this home will go there, where they differ."""
        with self._ledger.transaction():
            self._ledger.execute("DELETE FROM shared")
            self._ledger.set_fact(NOTED, "{}")
            self._ledger.set_fact(SHARED_WITH, identity)

    @property
    def _home(self) -> str:
        # The copy of a home is another one: it has a file of its own.
        return f"{self._ledger.fact(HOME)}-{self._ledger.file_number()}"

    # What others wrote

    def news(self, *, now: bool = False) -> bool:
        """Tell whether a home has written since `take_in`; asks the server every second at the most.

        Args:
            now: asks in any case.

        Raises:
            ServerError: the server cannot be used.
        """
        if not now and time.monotonic() - self._looked < EVERY:
            return False
        if self._papers is not None:
            self.server.version()  # within seconds, where reading waits longer
        notes = self._opened().notes()
        self._looked = time.monotonic()
        return _marks(notes) != self._seen() or (not self._compared and self._unshared())

    def _seen(self) -> dict[str, str]:
        seen: dict[str, str] = json.loads(self._ledger.fact(NOTED) or "{}")
        return seen

    def _unshared(self) -> bool:
        ((found,),) = self._ledger.execute(
            "SELECT EXISTS (SELECT 1 FROM papers WHERE state = 'indexed' "
            "AND paper_id NOT IN (SELECT paper_id FROM shared))"
        )
        return bool(found)

    def take_in(self, curated: str) -> None:
        """Bring what other homes wrote into the ledger; call it with the home locked.

        What is new or changed is pending then, and what they removed is leaving. What they wrote while this
        went on, the next call finds: notes are read before papers are, and written after.

        Args:
            curated: the ledger's fact that somebody chose the papers.

        Raises:
            ServerError: the server cannot be used.
        """
        if not self.news(now=True):
            self._compared = True
            return
        papers = self._opened()
        notes, seen = papers.notes(), self._seen()
        marks, behind = _marks(notes), False
        if marks.get(self._home) not in (seen.get(self._home), *self._noting()):
            # A backup of the server was put back: what it lacks was not removed.
            self._begin_anew(papers.identity)
            seen, behind = {}, True
        touched = None if self._unshared() else since(notes, seen)
        listed, known = papers.listed(touched), self._known(touched)
        changed = [key for key, digest in listed.items() if known.get(key) != digest]
        for found in papers.fetch(changed):
            local = self._ledger.records(found)
            with self._ledger.transaction():
                for key, one in found.items():
                    if one is None:  # nobody can read it: whoever has the paper writes it anew
                        self._forget([key])
                    else:
                        self._take(local.get(key), one, known.get(key), behind=behind)
        # A list that is read page by page may miss one while others write.
        missing = known.keys() - listed.keys()
        self._lose(missing - papers.present(missing), known, noted=touched is not None)
        with self._ledger.transaction():
            if CURATED in notes:
                self._ledger.set_fact(curated, "yes")
            if self._ledger.execute("SELECT 1 FROM papers WHERE NOT shipped AND state != 'leaving' LIMIT 1"):
                self._ledger.mark_shipped_leaving()
            self._ledger.execute(
                "UPDATE papers SET state = 'pending' WHERE state = 'indexed' "
                "AND paper_id NOT IN (SELECT paper_id FROM shared)"
            )
            self._ledger.set_fact(NOTED, json.dumps(marks))
        self._compared = True

    def _known(self, paper_ids: Iterable[str] | None = None) -> dict[str, str]:
        select = "SELECT paper_id, digest FROM shared"
        if paper_ids is None:
            return dict(self._ledger.execute(select))
        return dict(self._ledger.of_papers(select, paper_ids))

    def _take(self, local: Record | None, shared: SharedPaper, known: str | None, *, behind: bool) -> None:
        """Bring one paper of the server into the ledger, inside a transaction.

        What another home wrote since goes before what this one could not send: that was acknowledged.

        Args:
            local: this home's record.
            shared: what the server has.
            known: what it last had.
            behind: whether the server has gone back to an older state.
        """
        unchanged = known is not None and shared.digest == known.removeprefix(UNDERWAY)
        if local is not None and local.state is State.LEAVING and unchanged:
            return  # removed here, which the server is still to be told
        arrived = local is not None and shared.digest == _digest(local)
        if arrived and known is not None and known.startswith(UNDERWAY):
            return  # sent from here, which other homes are still to be told
        self._know({shared.paper.paper_id: shared.digest})
        if local is None or local.state is State.LEAVING:
            paper, shipped = shared.paper, shared.shipped
        else:
            paper, shipped = united(local, shared, newer=unchanged or behind)
        self._ledger.put(paper, shipped=shipped, state=State.PENDING)

    def _lose(self, paper_ids: Collection[str], known: Mapping[str, str], *, noted: bool) -> None:
        """Let papers go that another home removed; not those that never arrived.

        Args:
            paper_ids: what is not on the server.
            known: what it last had, by paper.
            noted: whether homes noted to have changed them, so that they have been there.
        """
        local = self._ledger.records(paper_ids)
        leaving = {key for key, held in local.items() if held.state is State.LEAVING}
        # Deleted from here, which other homes are still to be told.
        lost = [key for key in paper_ids if key not in leaving or not known[key].startswith(UNDERWAY)]
        with self._ledger.transaction():
            self._ledger.mark(
                [local[key] for key in lost if key in local and (noted or known[key] != UNDERWAY)],
                State.LEAVING,
            )
            self._forget(lost)

    def _forget(self, paper_ids: Iterable[str]) -> None:
        self._ledger.execute_many("DELETE FROM shared WHERE paper_id = ?", [(key,) for key in paper_ids])

    def _know(self, digests: Mapping[str, str]) -> None:
        self._ledger.execute_many("INSERT OR REPLACE INTO shared VALUES (?, ?)", list(digests.items()))

    # What this home writes

    def publish(self, records: Sequence[Record]) -> list[Record]:
        """Give the server papers that it has not, or not so; gives those.

        Raises:
            ServerError: the server cannot be used.
        """
        known = self._known(held.paper.paper_id for held in records)
        wanted = [held for held in records if known.get(held.paper.paper_id) != _digest(held)]
        if wanted:
            with self._ledger.transaction():
                self._know(_underway(known, wanted))
            texts = {held.paper.paper_id: text_of(held.paper, shipped=held.shipped) for held in wanted}
            self._opened().put(texts)
        return wanted

    def published(self, records: Iterable[Record]) -> None:
        """Remember what the server has of papers now; inside the transaction that marks them indexed."""
        self._know({held.paper.paper_id: _digest(held) for held in records})

    def withdraw(self, records: Sequence[Record]) -> list[Record]:
        """Delete papers that this home removes from the server; gives those that another has not removed yet.

        Raises:
            ServerError: the server cannot be used.
        """
        known = self._known(held.paper.paper_id for held in records)
        wanted = [held for held in records if held.paper.paper_id in known]
        if wanted:
            with self._ledger.transaction():
                self._know(_underway(known, wanted))
            self._opened().delete(held.paper.paper_id for held in wanted)
        return wanted

    def withdrawn(self, records: Iterable[Record]) -> None:
        """Forget papers; inside the transaction that erases them."""
        self._forget(held.paper.paper_id for held in records)

    def note(self, records: Sequence[Record], *, curated: bool) -> None:
        """Tell other homes that these papers changed, if there are any; after all else is on the server.

        Raises:
            ServerError: the server cannot be used.
        """
        if not records:
            return
        note = Note(uuid.uuid4().hex, [held.paper.paper_id for held in records])
        with self._ledger.transaction():
            self._ledger.set_fact(NOTING, " ".join((*self._noting(), note.mark)))
        self._opened().note(self._home, note, curated=curated)
        seen = {**self._seen(), self._home: note.mark, **({CURATED: ""} if curated else {})}
        with self._ledger.transaction():
            self._ledger.set_fact(NOTED, json.dumps(seen))
            self._ledger.set_fact(NOTING, "")

    def _noting(self) -> list[str]:
        return (self._ledger.fact(NOTING) or "").split()

    def unchanged(self, records: Sequence[Record]) -> list[Record]:
        """Choose the papers that the server has as this home has them, and no other home has changed since.

        Raises:
            ServerError: the server cannot be used.
        """
        listed = self._opened().listed([held.paper.paper_id for held in records])
        return [held for held in records if listed.get(held.paper.paper_id) == _digest(held)]

    def strangers(self, paper_ids: Iterable[str]) -> set[str]:
        """Choose the papers that the server does not list.

        Raises:
            ServerError: the server cannot be used.
        """
        wanted = set(paper_ids)
        return wanted - self._opened().present(wanted)


def since(notes: Mapping[str, Sequence[Note]], seen: Mapping[str, str]) -> set[str] | None:
    """Tell which papers were changed since notes were seen; None where the notes do not go back so far.

    >>> since({"a": [Note("1", ["x"]), Note("2", ["y"]), Note("3", ["z"])]}, {"a": "1"}) == {"y", "z"}
    True
    """
    changed: set[str] = set()
    for home, noted in notes.items():
        marks = [note.mark for note in noted]
        if home == CURATED or (marks and marks[-1] == seen.get(home)):
            continue
        if seen.get(home) not in marks:
            return None
        for note in noted[marks.index(seen[home]) + 1 :]:
            changed.update(note.paper_ids)
    return changed


def _marks(notes: Mapping[str, Sequence[Note]]) -> dict[str, str]:
    return {home: noted[-1].mark if noted else "" for home, noted in notes.items()}


def _underway(known: Mapping[str, str], records: Iterable[Record]) -> dict[str, str]:
    ids = [held.paper.paper_id for held in records]
    return {key: UNDERWAY + known.get(key, "").removeprefix(UNDERWAY) for key in ids}


def _digest(held: Record) -> str:
    return digest_of(text_of(held.paper, shipped=held.shipped))
