"""The examples of a project as a table: an ordered list of ids, and rows fetched where somebody looks."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.models import example_cells
from app.models.example_cells import NUMBERS, SORTS, Column
from app.models.example_listing import ExampleListing, Listing, Source, Wish, is_long
from app.models.token_counter import TokenCounter
from core.dataset.example import Example, Split
from core.dataset.store import Counts, Query

_PAGE = 64  # rows fetched at once
_KEPT = 1024  # rows kept in memory

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ExampleTable(QAbstractTableModel):
    """Rows over a store. The list of ids is made off the drawing thread, and only the newest wish counts.

    Another question about very many examples is answered in two steps: the first rows at once, then all of them
    (``is_whole``). Rows that come at the end are added to those that are there, so nothing in sight moves.

    Signals:
        listed: a new list of ids is in place (also when it equals the old one); ``counts`` is as new once it is whole.
        counted: ``counts`` is new, the list is not.
        failed(Exception): the store could not be read.
    """

    listed = Signal()
    counted = Signal()
    failed = Signal(object)

    def __init__(self, tokens: TokenCounter | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._tokens = tokens
        self._ids: array[int] = array("q")
        self._rows: OrderedDict[int, Example] = OrderedDict()
        self._listing = ExampleListing(self)
        self._listing.first.connect(self._show)
        self._listing.whole.connect(self._show)
        self._listing.counted.connect(self._show_counts)
        self._listing.heldout.connect(self._show_sides)
        self._listing.failed.connect(self.failed)
        self._heldout: frozenset[int] | None = None  # None until it is known
        self._hint = 0  # a row where the last id asked for was found
        self.status_in_words = True  # a narrow table shows the sign alone
        self.wish = Wish()
        self.listed_wish = Wish()  # what the rows in place were asked with; ``wish`` may be ahead
        self.listed_query = Query()  # the same as a question to the store
        self.is_whole = True
        self.counts = Counts(0, 0, 0, 0)
        if tokens is not None:
            tokens.counted.connect(self._repaint_lengths)

    # --- What is listed ---------------------------------------------------------------------------------------------

    @property
    def query(self) -> Query:
        """What is asked of the store."""
        return self.wish.query

    def set_source(self, source: Source | None) -> None:
        """Show another store, or none, from its beginning."""
        self._listing.forget()
        self.beginResetModel()
        self._source = source
        self._ids = array("q")
        self._rows.clear()
        self._heldout = None
        self.wish = self.listed_wish = Wish(share=self.wish.share)
        self.listed_query = Query()
        self.is_whole = source is None
        self.counts = Counts(0, 0, 0, 0)
        self.endResetModel()
        if source is not None:
            self.refresh()

    def set_query(self, **changes: Any) -> None:
        """Change what is searched for or the order (fields of :class:`Query`), and list again."""
        self.set_wish(replace(self.wish, query=replace(self.query, **changes)))

    def set_share(self, share: float) -> None:
        """So much of the ready examples a run keeps out."""
        if share != self.wish.share:
            self.wish = replace(self.wish, share=share)
            self.refresh()

    def set_wish(self, wish: Wish) -> None:
        """List something else."""
        if wish != self.wish:
            self.wish = wish
            self.refresh()

    def refresh(self) -> None:
        """Make the list of ids again; rows stay as they are until it is there."""
        if self._source is not None:
            another = self.wish != self.listed_wish or not self._ids
            soon = another and (not self.counts.total or is_long(self.counts.total))
            self._listing.ask(self._source, self.wish, soon=soon)
            self._listing.ask_sides(self._source, self.wish.share)

    def count_again(self) -> None:
        """Make the counts again; the list stays as it is."""
        if self._listing.busy:
            self.refresh()  # a list under way may have been made before the change
        elif self._source is not None:
            self._listing.count(self._source)
            self._listing.ask_sides(self._source, self.wish.share)

    @property
    def is_in_plain_order(self) -> bool:
        """Whether no edit of an example can move it in the list or out of it."""
        return not self.wish.narrows and self.query.sort == "id"

    def touch(self, ids: Collection[int]) -> None:
        """These examples have changed: fetch them again where they are shown."""
        if len(ids) > _KEPT:
            self._rows.clear()
        else:
            for id in ids:
                self._rows.pop(id, None)
        if self._ids:
            self._changed(0, len(self._ids) - 1)

    @property
    def busy(self) -> bool:
        """Whether a new list is under way."""
        return self._listing.busy

    def _show(self, listing: Listing) -> None:
        self.is_whole = listing.counts is not None
        self.counts = listing.counts or self.counts
        old, new = self._ids, listing.ids
        more = len(new) > len(old) > 0 and listing.wish == self.listed_wish and new[: len(old)] == old
        if more:
            self.beginInsertRows(_NOWHERE, len(old), len(new) - 1)
        elif new != old:
            self.beginResetModel()
        self.listed_wish, self.listed_query = listing.wish, listing.query
        self._ids = new
        if more:
            self.endInsertRows()
        elif new != old:
            self.endResetModel()
        self.listed.emit()

    def _show_counts(self, counts: Counts) -> None:
        self.counts = counts
        self.counted.emit()

    def _show_sides(self, heldout: frozenset[int]) -> None:
        if heldout != self._heldout:
            self._heldout = heldout
            if self._ids:
                last = self.index(len(self._ids) - 1, Column.SPLIT)
                self.dataChanged.emit(self.index(0, Column.SPLIT), last)

    # --- Rows and ids -----------------------------------------------------------------------------------------------

    @property
    def ids(self) -> array[int]:
        """The ids as listed; not to be changed."""
        return self._ids

    def id_at(self, row: int) -> int:
        """The id of a row.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= row < len(self._ids):
            raise IndexError(row)
        return self._ids[row]

    def row_of(self, id: int) -> int:
        """Where an example is listed; -1 when it is not."""
        ids = self._ids
        if self.is_ascending:
            row = bisect_left(ids, id)
            return row if row < len(ids) and ids[row] == id else -1
        if self._hint < len(ids) and ids[self._hint] == id:
            return self._hint
        try:
            self._hint = ids.index(id)
        except ValueError:
            return -1
        return self._hint

    @property
    def is_ascending(self) -> bool:
        """Whether the rows are in the order of their ids, so that each is found at once."""
        return self.listed_query.sort == "id" and not self.listed_query.descending

    def side_of(self, example: Example) -> Split | None:
        """Where a run would put an example: TRAIN or HELDOUT; None for one that is not ready, or not known yet."""
        if not example.is_ready or self._heldout is None:
            return None
        return Split.HELDOUT if example.id in self._heldout else Split.TRAIN

    def example(self, row: int) -> Example | None:
        """The example of a row, fetched with its neighbours if need be; None when it has just been deleted."""
        if not 0 <= row < len(self._ids):
            return None
        id = self._ids[row]
        found = self._rows.get(id)
        if found is None:
            self._fetch(row)
            found = self._rows.get(id)
        else:
            self._rows.move_to_end(id)
        return found

    def _fetch(self, row: int) -> None:
        if self._source is None:
            return
        start = row - row % _PAGE
        missing = [id for id in self._ids[start : start + _PAGE] if id not in self._rows]
        for example in self._source.rows(missing):
            self._rows[example.id] = example
        while len(self._rows) > _KEPT:
            self._rows.popitem(last=False)

    # --- What Qt asks -----------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """As many rows as examples are listed."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """The columns of :class:`Column`."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for a cell."""
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == Column.STATUS and index.isValid():
            example = self.example(index.row())
            return None if example is None else example_cells.state(example, self.side_of(example))
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        example = self.example(index.row())
        return None if example is None else self.words(example, Column(index.column()))

    def words(self, example: Example, column: Column) -> str:
        """The words in a cell of an example's row."""
        side = self.side_of(example) if column == Column.SPLIT else None
        length = self._length(example) if column == Column.LENGTH else None
        return example_cells.words(example, column, side=side, length=length)

    def _length(self, example: Example) -> int | None:
        if self._tokens is None or not self._tokens.ready:
            return example_cells.characters(example)
        return self._tokens.count(example)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == Column.LENGTH else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        in_tokens = self._tokens is not None and self._tokens.ready
        if role == Qt.ItemDataRole.ToolTipRole:
            return example_cells.help_of(section, in_tokens=in_tokens)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return example_cells.title(section, status_in_words=self.status_in_words, in_tokens=in_tokens)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """List in the order of a column."""
        if column in SORTS:
            self.set_query(sort=SORTS[Column(column)], descending=order == Qt.SortOrder.DescendingOrder)

    # --- Repainting -------------------------------------------------------------------------------------------------

    def _changed(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _repaint_lengths(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.LENGTH, Column.LENGTH)
        if self._ids:
            self.dataChanged.emit(self.index(0, Column.LENGTH), self.index(len(self._ids) - 1, Column.LENGTH))


def ranges(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Rows as (first, last) of each unbroken stretch, in order."""
    first = last = -2
    for row in sorted(rows):
        if row != last + 1:
            if last >= 0:
                yield first, last
            first = row
        last = row
    if last >= 0:
        yield first, last
