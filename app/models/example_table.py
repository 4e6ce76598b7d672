"""The examples of a project as a table: an ordered list of ids, and rows fetched where somebody looks."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app import format
from app.example_words import SPLIT_WORDS, STATUS_WORDS, shown_status
from app.latest import Latest
from app.models.token_counter import TokenCounter
from core.dataset.example import Example
from core.dataset.store import Counts, Query

_PAGE = 64  # rows fetched at once
_KEPT = 1024  # rows kept in memory
_PREVIEW = 320  # characters of a cell that can ever be seen in two lines

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class Column(IntEnum):
    """What stands where."""

    NUMBER = 0
    INSTRUCTION = 1
    OUTPUT = 2
    STATUS = 3
    SPLIT = 4
    LENGTH = 5


_SORTS = {
    Column.NUMBER: "id",
    Column.INSTRUCTION: "instruction",
    Column.OUTPUT: "output",
    Column.STATUS: "status",
    Column.SPLIT: "split",
    Column.LENGTH: "length",
}
_NUMBERS = (Column.NUMBER, Column.LENGTH)


class Source(Protocol):
    """What the table reads of an example store."""

    def ids(self, query: Query = ...) -> array[int]:
        """All ids that match, in order."""
        ...

    def rows(self, ids: Sequence[int]) -> list[Example]:
        """The examples with these ids, in that order."""
        ...

    def counts(self) -> Counts:
        """How many there are of each status."""
        ...


class ExampleTable(QAbstractTableModel):
    """Rows over a store. The list of ids is made off the drawing thread, and only the newest wish counts.

    Signals:
        listed: a new list of ids is in place (also when it equals the old one); ``counts`` is as new.
        counted: ``counts`` is new, the list is not.
        failed(Exception): the store could not be read.
    """

    EXAMPLE = Qt.ItemDataRole.UserRole  # the whole Example of a row

    listed = Signal()
    counted = Signal()
    failed = Signal(object)

    def __init__(self, tokens: TokenCounter | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._tokens = tokens
        self._ids: array[int] = array("q")
        self._rows: OrderedDict[int, Example] = OrderedDict()
        self._latest = Latest(self._answered, failed=self.failed.emit, parent=self)
        self.status_in_words = True  # a narrow table shows the sign alone
        self.query = Query()
        self.listed_query = Query()  # what the rows in place were asked with; ``query`` may be ahead
        self.counts = Counts(0, 0, 0, 0)
        if tokens is not None:
            tokens.counted.connect(self._repaint_lengths)

    # --- What is listed ---------------------------------------------------------------------------------------------

    def set_source(self, source: Source | None) -> None:
        """Show another store, or none, from its beginning."""
        self._latest.forget()
        self.beginResetModel()
        self._source = source
        self._ids = array("q")
        self._rows.clear()
        self.query = self.listed_query = Query()
        self.counts = Counts(0, 0, 0, 0)
        self.endResetModel()
        if source is not None:
            self.refresh()

    def set_query(self, **changes: Any) -> None:
        """Change what is searched for or the order (fields of :class:`Query`), and list again."""
        query = replace(self.query, **changes)
        if query != self.query:
            self.query = query
            self.refresh()

    def refresh(self) -> None:
        """Make the list of ids again; rows stay as they are until it is there."""
        source, query = self._source, self.query
        if source is not None:
            self._latest.ask(lambda: (query, source.ids(query), source.counts()))

    def count_again(self) -> None:
        """Make the counts again; the list stays as it is."""
        source = self._source
        if self._latest.busy:
            self.refresh()  # a list under way may have been made before the change
        elif source is not None:
            self._latest.ask(lambda: (None, array("q"), source.counts()))

    @property
    def is_in_plain_order(self) -> bool:
        """Whether no edit of an example can move it in the list or out of it."""
        return not self.query.narrows and self.query.sort == "id"

    def touch(self, ids: Iterable[int]) -> None:
        """These examples have changed: fetch them again where they are shown."""
        for id in ids:
            self._rows.pop(id, None)
        if self._ids:
            self._changed(0, len(self._ids) - 1)

    @property
    def busy(self) -> bool:
        """Whether a new list is under way."""
        return self._latest.busy

    def _answered(self, answer: tuple[Query | None, array[int], Counts]) -> None:
        query, ids, self.counts = answer
        if query is None:
            self.counted.emit()
            return
        if ids != self._ids:
            self.beginResetModel()
            self._ids, self.listed_query = ids, query
            self.endResetModel()
        self.listed_query = query
        self.listed.emit()

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
        try:
            return self._ids.index(id)
        except ValueError:
            return -1

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
        """Words for a cell; the whole example for the role ``EXAMPLE``."""
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == Column.STATUS and not self.status_in_words:
            role = Qt.ItemDataRole.DisplayRole
        if role not in (Qt.ItemDataRole.DisplayRole, self.EXAMPLE) or not index.isValid():
            return None
        example = self.example(index.row())
        if example is None or role == self.EXAMPLE:
            return example
        return self._words(example, Column(index.column()))

    def _words(self, example: Example, column: Column) -> str:
        match column:
            case Column.NUMBER:
                return str(example.id)
            case Column.INSTRUCTION:
                return _preview(example.instruction, example.input)
            case Column.OUTPUT:
                return _preview(example.output)
            case Column.STATUS:
                return STATUS_WORDS[shown_status(example)]
            case Column.SPLIT:
                return SPLIT_WORDS[example.split]
            case Column.LENGTH:
                return self._length(example)

    def _length(self, example: Example) -> str:
        if self._tokens is None or not self._tokens.ready:
            return format.count(len(example.instruction) + len(example.input) + len(example.output))
        count = self._tokens.count(example)
        return "" if count is None else format.count(count)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == Column.LENGTH else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        in_tokens = self._tokens is not None and self._tokens.ready
        if role == Qt.ItemDataRole.ToolTipRole:
            length = "Tokens as trained; sorted by characters" if in_tokens else "Characters of the three texts"
            return ("Number", "", "", "Status", "Split", length)[section]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        status = "Status" if self.status_in_words else ""
        return ("#", "Instruction", "Output", status, "Split", "Tokens" if in_tokens else "Length")[section]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """List in the order of a column."""
        if column in _SORTS:
            self.set_query(sort=_SORTS[Column(column)], descending=order == Qt.SortOrder.DescendingOrder)

    # --- Repainting -------------------------------------------------------------------------------------------------

    def _changed(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _repaint_lengths(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.LENGTH, Column.LENGTH)
        if self._ids:
            self.dataChanged.emit(self.index(0, Column.LENGTH), self.index(len(self._ids) - 1, Column.LENGTH))


def _preview(*texts: str) -> str:
    """The beginning of the texts with every run of white space as one space."""
    return " · ".join(_words(text) for text in texts if text.strip())


def _words(text: str) -> str:
    return " ".join(text[: 2 * _PREVIEW].split())[:_PREVIEW]


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
