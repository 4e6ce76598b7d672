"""All runs of the project as a table; a tick lays a run over the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app import format
from app.widgets.plain_tip import plain_tip
from core.runs import words
from core.runs.folder import RunFolder
from core.runs.overview import Summary

Index = QModelIndex | QPersistentModelIndex
MOST_TICKS = 5
SORT_ROLE = Qt.ItemDataRole.UserRole
RUN_ROLE = Qt.ItemDataRole.UserRole + 1


class Column(IntEnum):
    """The columns from left to right."""

    NUMBER = 0
    NAME = 1
    STATE = 2
    STEPS = 3
    LOSS = 4
    HELDOUT = 5
    CREATED = 6
    DIFFERENCE = 7


HEADS = {
    Column.NUMBER: "Run",
    Column.NAME: "Name",
    Column.STATE: "State",
    Column.STEPS: "Steps",
    Column.LOSS: "Loss",
    Column.HELDOUT: "Held-out loss",
    Column.CREATED: "Created",
    Column.DIFFERENCE: "Different settings",
}
_NUMBERS = (Column.STEPS, Column.LOSS, Column.HELDOUT)


@dataclass(frozen=True, slots=True)
class Row:
    """A run with what is different in its settings."""

    summary: Summary
    difference: str


class RunsTable(QAbstractTableModel):
    """Rows keep their place and their tick while their values change."""

    ticked = Signal()
    """Another choice of runs is to lie over the chart."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._ticks: list[RunFolder] = []

    @property
    def ticks(self) -> list[RunFolder]:
        """The ticked runs, in the order in which they were ticked; at most five."""
        known = {row.summary.run for row in self._rows}
        return [run for run in self._ticks if run in known]

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these runs; where they are the same as before, only values change."""
        rows = list(rows)
        if [row.summary.run for row in rows] == [row.summary.run for row in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_ticks(self, runs: Sequence[RunFolder]) -> None:
        """Tick exactly these."""
        self._ticks = list(runs)[-MOST_TICKS:]
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))
        self.ticked.emit()

    def row_of(self, run: RunFolder) -> int | None:
        """Where a run stands."""
        return next((number for number, row in enumerate(self._rows) if row.summary.run == run), None)

    def summaries(self) -> list[Summary]:
        """The runs in the table."""
        return [row.summary for row in self._rows]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many runs."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many columns."""
        return 0 if parent.isValid() else len(Column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The number can be ticked."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == Column.NUMBER else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' heads."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, alignment, tick, tip and sort key of a cell."""
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _shown(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.CheckStateRole if column is Column.NUMBER:
                return Qt.CheckState.Checked if row.summary.run in self._ticks else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{HEADS[column]} {_shown(row, column)}"
        if role == SORT_ROLE:
            return _sort_key(row, column)
        return row.summary.run if role == RUN_ROLE else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tick or untick a run; with the sixth, the first goes."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != Column.NUMBER:
            return False
        run = self._rows[index.row()].summary.run
        others = [other for other in self._ticks if other != run]
        self.set_ticks([*others, run] if Qt.CheckState(value) is Qt.CheckState.Checked else others)
        return True


def _shown(row: Row, column: Column) -> str:
    summary, progress = row.summary, row.summary.progress
    match column:
        case Column.NUMBER:
            return str(summary.run.number)
        case Column.NAME:
            return f"★ {summary.name}" if summary.notes.starred else summary.name
        case Column.STATE:
            return words.state(progress.state)
        case Column.STEPS:
            return format.count(progress.step)
        case Column.LOSS:
            return format.loss(progress.loss)
        case Column.HELDOUT:
            return format.loss(progress.heldout_loss)
        case Column.CREATED:
            return format.ago(summary.created)
        case Column.DIFFERENCE:
            return row.difference or format.NOTHING


def _tip(row: Row, column: Column) -> str | None:
    match column:
        case Column.NUMBER:
            return "Tick to lay this run over the chart"
        case Column.CREATED:
            return format.moment(row.summary.created)
        case Column.STATE if row.summary.progress.error is not None:
            return row.summary.progress.error.message
        case Column.NAME:
            return plain_tip(row.summary.notes.note) or None
        case Column.DIFFERENCE:
            return row.difference.replace(", ", "\n") or None
    return None


def _sort_key(row: Row, column: Column) -> Any:
    progress = row.summary.progress
    match column:
        case Column.NUMBER:
            return row.summary.run.number
        case Column.NAME:
            return not row.summary.notes.starred, row.summary.name.lower()
        case Column.STEPS:
            return progress.step
        case Column.LOSS:
            return float("inf") if progress.loss is None else progress.loss
        case Column.HELDOUT:
            return float("inf") if progress.heldout_loss is None else progress.heldout_loss
        case Column.CREATED:
            return row.summary.created
    return _shown(row, column).lower()


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
