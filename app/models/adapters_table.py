"""The adapters of the project as a table: one for each run that has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app import format
from app.models.runs_table import RUN_ROLE, SORT_ROLE
from core.runs.folder import RunFolder
from core.runs.overview import Summary

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """The columns from left to right."""

    NAME = 0
    MADE = 1
    BASE = 2
    RANK = 3
    LOSS = 4
    HELDOUT = 5
    SIZE = 6


HEADS = {
    Column.NAME: ("Name", "The run that made it"),
    Column.MADE: ("Made", "When it was made"),
    Column.BASE: ("Base model", "The model that it was trained on, and works with"),
    Column.RANK: ("Rank", "How much it can learn"),
    Column.LOSS: ("Loss", "Training loss at the end"),
    Column.HELDOUT: ("Held-out", "Loss on the examples that were not trained on"),
    Column.SIZE: ("Size", "On disk"),
}
_NUMBERS = (Column.RANK, Column.LOSS, Column.HELDOUT, Column.SIZE)


@dataclass(frozen=True, slots=True)
class Row:
    """A run with an adapter, and what people call its base model."""

    summary: Summary
    base: str

    @property
    def run(self) -> RunFolder:
        """The run that made it."""
        return self.summary.run

    @property
    def made(self) -> float:
        """When it was made, in Unix seconds."""
        return self.summary.progress.ended or self.summary.created


class AdaptersTable(QAbstractTableModel):
    """Rows keep their place while their values change."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these; where they are the same runs as before, only values change."""
        rows = list(rows)
        if [row.run for row in rows] == [row.run for row in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row_of(self, run: RunFolder) -> int | None:
        """Where the adapter of a run stands."""
        return next((number for number, row in enumerate(self._rows) if row.run == run), None)

    def rows(self) -> list[Row]:
        """All of them, as they were given."""
        return list(self._rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many adapters."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' heads, and what they mean."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        words, tip = HEADS[column]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return words
            case Qt.ItemDataRole.ToolTipRole:
                return tip
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, alignment, tip and sort key of a cell."""
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return shown(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{HEADS[column][0]} {shown(row, column)}"
        if role == SORT_ROLE:
            return _sort_key(row, column)
        return row.run if role == RUN_ROLE else None


def shown(row: Row, column: Column) -> str:
    """The words of a cell."""
    summary = row.summary
    match column:
        case Column.NAME:
            return row.summary.title
        case Column.MADE:
            return format.ago(row.made)
        case Column.BASE:
            return row.base or format.NOTHING
        case Column.RANK:
            return format.count(summary.recipe.lora.rank) if summary.recipe is not None else format.NOTHING
        case Column.LOSS:
            return format.loss(summary.progress.loss)
        case Column.HELDOUT:
            return format.loss(summary.progress.heldout_loss)
        case Column.SIZE:
            return format.size(summary.adapter_bytes or 0)


def _tip(row: Row, column: Column) -> str | None:
    match column:
        case Column.NAME:
            return row.run.name
        case Column.MADE:
            return format.moment(row.made)
        case Column.BASE:
            recipe = row.summary.recipe
            return recipe.model.base if recipe is not None else "The settings of this run cannot be read."
    return None


def _sort_key(row: Row, column: Column) -> Any:
    summary = row.summary
    match column:
        case Column.NAME:
            return row.run.number
        case Column.MADE:
            return row.made
        case Column.RANK:
            return summary.recipe.lora.rank if summary.recipe is not None else 0
        case Column.LOSS:
            return float("inf") if summary.progress.loss is None else summary.progress.loss
        case Column.HELDOUT:
            return float("inf") if summary.progress.heldout_loss is None else summary.progress.heldout_loss
        case Column.SIZE:
            return summary.adapter_bytes or 0
    return shown(row, column).lower()


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
