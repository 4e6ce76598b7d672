"""The table of all runs as a widget: choose one to look at, tick some to compare."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.models.runs_table import RUN_ROLE, SORT_ROLE, Column, RunsTable
from core.runs.folder import RunFolder

_ROW = 40
_WIDTHS = {
    Column.NUMBER: 72,
    Column.NAME: 152,
    Column.STATE: 96,
    Column.STEPS: 64,
    Column.LOSS: 64,
    Column.HELDOUT: 104,
    Column.CREATED: 108,
}


class RunsList(QTableView):
    """Newest first; keeps what is chosen over every refresh."""

    opened = Signal(object)
    """(RunFolder): shown by double click or Enter."""
    chosen = Signal(object)
    """(RunFolder or None): the current row is another one."""

    def __init__(self, table: RunsTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(table)
        self._sorted.setSortRole(SORT_ROLE)
        self.setModel(self._sorted)
        self.setAccessibleName("All runs")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(Column.DIFFERENCE, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.NUMBER, Qt.SortOrder.DescendingOrder)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(RUN_ROLE)))
        self.selectionModel().currentRowChanged.connect(lambda now, _: self.chosen.emit(now.data(RUN_ROLE)))
        self._kept: RunFolder | None = None
        table.modelAboutToBeReset.connect(self._keep)
        table.modelReset.connect(self._restore)

    @property
    def run(self) -> RunFolder | None:
        """The chosen run."""
        run = self.currentIndex().data(RUN_ROLE)
        return run if isinstance(run, RunFolder) else None

    def choose(self, run: RunFolder) -> None:
        """Make a run the current one, if it is in the table."""
        row = self._table.row_of(run)
        if row is not None:
            self.setCurrentIndex(self._sorted.mapFromSource(self._table.index(row, 0)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the chosen run, Space ticks it."""
        index = self.currentIndex()
        if index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(index.data(RUN_ROLE))
        elif index.isValid() and event.key() == Qt.Key.Key_Space:
            self._tick(index.siblingAtColumn(Column.NUMBER))
        else:
            super().keyPressEvent(event)

    def _tick(self, index: QModelIndex) -> None:
        ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) is Qt.CheckState.Checked
        now = Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked
        self._sorted.setData(index, now, Qt.ItemDataRole.CheckStateRole)

    def _keep(self) -> None:
        self._kept = self.run

    def _restore(self) -> None:
        if self._kept is not None:
            self.choose(self._kept)
