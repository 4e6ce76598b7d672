"""Rows of plain text to look at: what a file holds, what was skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from app.widgets.example_delegate import runs_right_to_left
from app.widgets.plain_tip import plain_tip

_NOWHERE = QModelIndex()
_ROW = 30
_TIP = 60  # letters from which on a cell is worth a tip


class PlainTable(QTableView):
    """The chosen rows can be copied; nothing can be changed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._cells = _Cells(self)
        self.setModel(self._cells)
        self.setAccessibleName(name)
        self.setItemDelegate(_PlainDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def fill(self, titles: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int]) -> None:
        """Show these rows; a column of width 0 shares the room that the others leave."""
        self._cells.fill(titles, rows)
        header = self.horizontalHeader()
        for column, width in enumerate(widths):
            header.setSectionResizeMode(
                column, QHeaderView.ResizeMode.Fixed if width else QHeaderView.ResizeMode.Stretch
            )
            if width:
                header.resizeSection(column, width)

    def cells(self) -> list[list[str]]:
        """What is shown, row by row."""
        return [list(row) for row in self._cells.rows]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the chosen rows as a table."""
        if not event.matches(QKeySequence.StandardKey.Copy):
            super().keyPressEvent(event)
            return
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        if chosen:
            QGuiApplication.clipboard().setText("\n".join("\t".join(self._cells.rows[row]) for row in chosen))


class _PlainDelegate(QStyledItemDelegate):
    """Text that runs from right to left begins at the right."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if runs_right_to_left(option.text):
            option.direction = Qt.LayoutDirection.RightToLeft


class _Cells(QAbstractTableModel):
    """Plain words in rows and columns."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._titles: Sequence[str] = ()
        self.rows: Sequence[Sequence[str]] = ()

    def fill(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.beginResetModel()
        self._titles, self.rows = titles, rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(text) if len(text) > _TIP else None
        return text if role == Qt.ItemDataRole.DisplayRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        horizontal = orientation == Qt.Orientation.Horizontal
        return self._titles[section] if horizontal and role == Qt.ItemDataRole.DisplayRole else None
