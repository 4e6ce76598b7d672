"""Makes the list of ids that the table of examples shows: off the drawing thread, and its beginning first."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.latest import Latest
from core.dataset.example import Example, Split, Status
from core.dataset.store import Counts, Query

FIRST = 200  # ids of a long list that are shown before the others are there
_SHORT = 20_000  # examples; with fewer the whole list is there in a moment


class Source(Protocol):
    """What is read of an example store."""

    def ids(self, query: Query = ...) -> array[int]:
        """All ids that match, in order."""
        ...

    def first_ids(self, query: Query = ..., limit: int = ...) -> array[int]:
        """The first of them."""
        ...

    def rows(self, ids: Sequence[int]) -> list[Example]:
        """The examples with these ids, in that order."""
        ...

    def counts(self) -> Counts:
        """How many there are of each status."""
        ...

    def heldout(self, share: float) -> frozenset[int]:
        """The ready examples that a run would keep out now."""
        ...


@dataclass(frozen=True)
class Wish:
    """What is to be listed.

    Attributes:
        query: what is asked of the store.
        side: only ready examples that a run would put there; TRAIN or HELDOUT, None for any.
        share: of the ready examples that a run keeps out.
    """

    query: Query = field(default_factory=Query)
    side: Split | None = None
    share: float = 0.0

    @property
    def narrows(self) -> bool:
        """Whether it leaves any example out."""
        return self.query.narrows or self.side is not None


@dataclass(frozen=True)
class Listing:
    """An answer: what was wished, the query that says it without the wish's side, and the ids."""

    wish: Wish
    query: Query
    ids: array[int]
    counts: Counts | None = None
    """None while only the first ids are there."""


class ExampleListing(QObject):
    """One list at a time; of several wishes only the newest is carried out.

    Signals:
        first(Listing): the beginning of a long list; the whole follows.
        whole(Listing): the list and the counts.
        counted(Counts): the counts alone.
        heldout(frozenset): the ids of the examples that a run would keep out now.
        failed(UserError): the store could not be read.
    """

    first = Signal(object)
    whole = Signal(object)
    counted = Signal(object)
    heldout = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._first = Latest(self._on_first, failed=self.failed.emit, parent=self)
        self._whole = Latest(self._on_whole, failed=self.failed.emit, parent=self)
        self._counts = Latest(self.counted.emit, failed=self.failed.emit, parent=self)
        self._sides = Latest(self.heldout.emit, failed=self.failed.emit, parent=self)
        self._source: Source | None = None

    @property
    def busy(self) -> bool:
        """Whether a list is under way."""
        return self._first.busy or self._whole.busy

    def forget(self) -> None:
        """Want no answer any more."""
        for question in (self._first, self._whole, self._counts, self._sides):
            question.forget()

    def ask(self, source: Source, wish: Wish, *, soon: bool) -> None:
        """List again; ``soon`` tells the beginning before the whole."""
        self._source = source
        self._whole.forget()
        self._first.forget()
        if soon:
            self._first.ask(lambda: _first(source, wish))
        else:
            self._whole.ask(lambda: _whole(source, wish))

    def count(self, source: Source) -> None:
        """Count again."""
        self._counts.ask(source.counts)

    def ask_sides(self, source: Source, share: float) -> None:
        """Find out again which examples a run would keep out."""
        self._sides.ask(lambda: source.heldout(share))

    def _on_first(self, listing: Listing) -> None:
        source, wish = self._source, listing.wish
        if source is not None:
            self._whole.ask(lambda: _whole(source, wish))
        self.first.emit(listing)

    def _on_whole(self, listing: Listing) -> None:
        self.whole.emit(listing)


def is_long(count: int) -> bool:
    """Whether a list of so many takes more than a moment."""
    return count > _SHORT


def _first(source: Source, wish: Wish) -> Listing:
    query = _resolved(source, wish)
    return Listing(wish, query, source.first_ids(query, FIRST))


def _whole(source: Source, wish: Wish) -> Listing:
    query = _resolved(source, wish)
    return Listing(wish, query, source.ids(query), source.counts())


def _resolved(source: Source, wish: Wish) -> Query:
    """The query that finds what is wished; the store knows only the side that the user assigned."""
    query = wish.query
    if wish.side is None:
        return query
    out = source.heldout(wish.share)
    if wish.side is Split.HELDOUT:
        among = out if query.among is None else out.intersection(query.among)
        return replace(query, among=tuple(sorted(among)))
    if query.status not in (None, Status.READY):
        return replace(query, among=())  # only ready examples are on a side
    return replace(query, status=Status.READY, without=tuple(sorted(out)))
