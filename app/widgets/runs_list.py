"""A table of runs or adapters as a widget: choose one to look at, tick some where its model lets them be ticked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.models.adapters_table import AdaptersTable
from app.models.runs_table import RUN_ROLE, SORT_ROLE, Column, RunsTable
from core.runs.folder import RunFolder

_ROW = 40
_LEAST_REST = 140  # pixels that the stretched column keeps


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table of runs is called, and its columns.

    Attributes:
        name: for those who cannot see it.
        widths: in pixels, by column.
        stretch: the column that takes the rest.
        fitted: columns that grow with their contents while the stretched one keeps some room.
        newest: the column whose largest value is the newest run.
    """

    name: str
    widths: Mapping[int, int]
    stretch: int
    newest: int
    fitted: tuple[int, ...] = ()


ALL_RUNS = Columns(
    "All runs",
    {
        Column.NUMBER: 72,
        Column.NAME: 144,
        Column.STATE: 96,
        Column.STEPS: 64,
        Column.LOSS: 64,
        Column.HELDOUT: 104,
        Column.CREATED: 136,
    },
    stretch=Column.DIFFERENCE,
    newest=Column.NUMBER,
    fitted=(Column.STATE, Column.NAME),
)


class RunsList(QTableView):
    """Newest first; keeps what is chosen over every refresh."""

    opened = Signal(object)
    """(RunFolder, or an adapter's key): shown by double click or Enter."""
    chosen = Signal(object)
    """(RunFolder, or an adapter's key, or None): the current row is another one."""

    def __init__(
        self, table: RunsTable | AdaptersTable, columns: Columns = ALL_RUNS, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._table, self._columns = table, columns
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(table)
        self._sorted.setSortRole(SORT_ROLE)
        self.setModel(self._sorted)
        self.setAccessibleName(columns.name)
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
        head.setSectionResizeMode(columns.stretch, QHeaderView.ResizeMode.Stretch)
        for column, width in columns.widths.items():
            self.setColumnWidth(column, width)
        self.setSortingEnabled(True)
        self.sortByColumn(columns.newest, Qt.SortOrder.DescendingOrder)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(RUN_ROLE)))
        self.selectionModel().currentRowChanged.connect(lambda now, _: self.chosen.emit(now.data(RUN_ROLE)))
        self._by_hand: set[int] = set()  # columns that the user gave a width
        self._fitting = False
        head.sectionResized.connect(self._on_section)
        self._kept: Any = None
        table.modelAboutToBeReset.connect(self._keep)
        table.modelReset.connect(self._restore)

    @property
    def run(self) -> RunFolder | None:
        """The chosen run."""
        run = self.currentIndex().data(RUN_ROLE)
        return run if isinstance(run, RunFolder) else None

    @property
    def key(self) -> str:
        """The key of the chosen adapter; empty for none."""
        key = self.currentIndex().data(RUN_ROLE)
        return key if isinstance(key, str) else ""

    def choose(self, wanted: Any) -> None:
        """Make a run, or the adapter of a key, the current one, if it is in the table."""
        row = self._table.row_of(wanted)
        if row is not None:
            self.setCurrentIndex(self._sorted.mapFromSource(self._table.index(row, 0)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the chosen run, Space ticks it."""
        index = self.currentIndex()
        if index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(index.data(RUN_ROLE))
        elif index.isValid() and event.key() == Qt.Key.Key_Space:
            self._tick(index.siblingAtColumn(0))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share out the room anew."""
        super().resizeEvent(event)
        self._fit()

    def dataChanged(self, first: QModelIndex, last: QModelIndex, roles: Sequence[int] = ()) -> None:
        """Words may have become longer."""
        super().dataChanged(first, last, roles)
        self._fit()

    def _fit(self) -> None:
        """Give the fitted columns what their contents need, as far as the window has room."""
        used = sum(self.columnWidth(column) for column in self._columns.widths)
        spare = self.viewport().width() - used - _LEAST_REST
        self._fitting = True
        for column in self._columns.fitted:
            if column not in self._by_hand:
                now, least = self.columnWidth(column), self._columns.widths[column]
                width = max(least, min(self.sizeHintForColumn(column), now + spare))
                self.setColumnWidth(column, width)
                spare -= width - now
        self._fitting = False

    def _on_section(self, column: int, _before: int, _now: int) -> None:
        if not self._fitting and column in self._columns.fitted:
            self._by_hand.add(column)

    def _tick(self, index: QModelIndex) -> None:
        if not index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            return
        ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) is Qt.CheckState.Checked
        now = Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked
        self._sorted.setData(index, now, Qt.ItemDataRole.CheckStateRole)

    def _keep(self) -> None:
        self._kept = self.currentIndex().data(RUN_ROLE)

    def _restore(self) -> None:
        if self._kept is not None:
            self.choose(self._kept)
        self._fit()
