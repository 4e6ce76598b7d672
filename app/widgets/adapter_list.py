"""The table of adapters as a widget: newest first, sorted by a click, one chosen."""

from __future__ import annotations

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.models.adapters_table import RUN_ROLE, SORT_ROLE, AdaptersTable, Column
from core.runs.folder import RunFolder

_ROW = 40
_WIDTHS = {
    Column.NAME: 186,
    Column.MADE: 124,
    Column.RANK: 58,
    Column.LOSS: 62,
    Column.HELDOUT: 80,
    Column.SIZE: 84,
}


class AdapterList(QTableView):
    """Keeps what is chosen over every refresh."""

    opened = Signal()
    """The user wants to use the chosen adapter: double click or Enter."""
    chosen = Signal(object)
    """(RunFolder or None): another one is chosen."""

    def __init__(self, table: AdaptersTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._kept: RunFolder | None = None
        self._told: RunFolder | None = None
        self._resetting = False
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(table)
        self._sorted.setSortRole(SORT_ROLE)
        self._sorted.setDynamicSortFilter(True)
        self.setModel(self._sorted)
        self.setAccessibleName("Adapters")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(48)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(Column.BASE, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.MADE, Qt.SortOrder.DescendingOrder)
        self.doubleClicked.connect(lambda _index: self.opened.emit())
        self.selectionModel().currentRowChanged.connect(lambda *_: self._tell())
        table.modelAboutToBeReset.connect(self._keep)
        table.modelReset.connect(self._restore)

    @property
    def run(self) -> RunFolder | None:
        """The run whose adapter is chosen."""
        run = self.currentIndex().data(RUN_ROLE)
        return run if isinstance(run, RunFolder) else None

    def choose(self, run: RunFolder) -> None:
        """Choose the adapter of a run, if it is in the table."""
        row = self._table.row_of(run)
        if row is not None:
            index = self._sorted.mapFromSource(self._table.index(row, 0))
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter uses the chosen adapter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() and self.run is not None:
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def _keep(self) -> None:
        self._kept, self._resetting = self.run, True

    def _restore(self) -> None:
        """After a reset: the same one again, the first where it is gone."""
        if self._kept is not None and self._table.row_of(self._kept) is not None:
            self.choose(self._kept)
        elif self._table.rowCount():
            self.setCurrentIndex(self._sorted.index(0, 0))
        self._resetting = False
        self._tell()

    def _tell(self) -> None:
        if not self._resetting and self.run != self._told:
            self._told = self.run
            self.chosen.emit(self._told)
