"""The table of examples as a widget: what is chosen and where it is scrolled to outlive every change of the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.models.example_cells import Column
from app.models.example_listing import Wish
from app.models.example_table import ExampleTable, ranges
from app.widgets.example_delegate import ROW_HEIGHT, ExampleDelegate, monospace

_WIDE_ENOUGH_FOR_SPLIT = 580  # what dragging the splitter gives in a window 1280 wide
_WIDE_ENOUGH_FOR_WORDS = 600  # the status is a sign with a word; below, the sign alone
_ANCHORS = 200


@dataclass(frozen=True)
class _Kept:
    """What was chosen and in sight before the list was made again."""

    current: int = 0
    chosen: set[int] = field(default_factory=set)
    all_chosen: bool = False
    anchors: list[int] = field(default_factory=list)  # ids from the row that should stay where it is, downwards
    offset: int = 0  # that row's distance from the top of the view, in pixels
    wish: Wish = field(default_factory=Wish)


class ExampleList(QTableView):
    """Rows of one height, chosen whole.

    Signals:
        current_changed(int): the user went to another example (its id); not sent when the list is made again.
        chosen_changed: the set of selected rows is another.
        open_wanted: double click or Enter.
        delete_wanted: the Delete key.
        paste_wanted: the key that pastes.
    """

    current_changed = Signal(int)
    chosen_changed = Signal()
    open_wanted = Signal()
    delete_wanted = Signal()
    paste_wanted = Signal()

    def __init__(self, model: ExampleTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = model
        self._digits = 1  # of the largest number listed
        self._share = 0.5  # the instruction's part of the width that the two text columns have
        self._split_shown: bool | None = None
        self._restoring = False
        self._kept = _Kept()
        self.setModel(model)
        self.setItemDelegate(ExampleDelegate(model, self))
        self.setAccessibleName("Examples")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self._set_up_headers()
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)
        model.rowsAboutToBeInserted.connect(self._keep_all_chosen)
        model.rowsInserted.connect(self._more)
        self.doubleClicked.connect(lambda _index: self.open_wanted.emit())

    def _set_up_headers(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        # Painting it asks for every row whether it is selected: 0.9 s of 100,000. This one never has any.
        header.setSelectionModel(QItemSelectionModel(self._table, header))
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.INSTRUCTION, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(Column.OUTPUT, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(Column.NUMBER, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.sectionResized.connect(self._section_resized)

    def reset_order(self) -> None:
        """Show the order of a fresh table: by number."""
        self.horizontalHeader().setSortIndicator(Column.NUMBER, Qt.SortOrder.AscendingOrder)

    # --- What is chosen -------------------------------------------------------------------------------------------

    def current_id(self) -> int:
        """The example the keyboard is on; 0 for none."""
        row = self.currentIndex().row()
        return self._table.id_at(row) if row >= 0 else 0

    def chosen_ids(self) -> list[int]:
        """The selected examples, in the order of the list."""
        ids = self._table.ids
        spans = sorted((span.top(), span.bottom()) for span in self.selectionModel().selection())
        return [id for top, bottom in spans for id in ids[top : bottom + 1]]

    def chosen_count(self) -> int:
        """How many examples are selected."""
        return sum(span.height() for span in self.selectionModel().selection())

    def go_to(self, id: int) -> bool:
        """Make this the one chosen example and bring it into sight; False when it is not listed."""
        row = self._table.row_of(id)
        if row < 0:
            return False
        self._set_current(row, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(self._table.index(row, Column.NUMBER))
        return True

    def let_go(self) -> None:
        """Choose nothing."""
        self._restoring = True
        self.clearSelection()
        self.setCurrentIndex(QModelIndex())
        self._restoring = False

    def _set_current(self, row: int, how: QItemSelectionModel.SelectionFlag) -> None:
        index = self._table.index(row, Column.NUMBER)
        self.selectionModel().setCurrentIndex(index, how | QItemSelectionModel.SelectionFlag.Rows)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        """Qt's hook: tell where the user went."""
        super().currentChanged(current, previous)
        if not self._restoring and current.isValid() and current.row() != previous.row():
            self.current_changed.emit(self._table.id_at(current.row()))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Qt's hook: tell that other rows are selected."""
        super().selectionChanged(selected, deselected)
        if not self._restoring:
            self._kept = _Kept()  # what was chosen before is of no interest any more
            self.chosen_changed.emit()

    # --- Outliving a new list -----------------------------------------------------------------------------------------

    def _keep(self) -> None:
        self._restoring = True
        count = self._table.rowCount()
        all_chosen = self._all_chosen()
        first, last = max(self.rowAt(0), 0), self.rowAt(self.viewport().height() - 1)
        current = self.currentIndex().row()
        anchor = current if first <= current <= (last if last >= 0 else count) else first
        self._kept = _Kept(
            current=self.current_id(),
            chosen=set() if all_chosen else set(self.chosen_ids()),
            all_chosen=all_chosen,
            anchors=list(self._table.ids[anchor : anchor + _ANCHORS]),
            offset=self.rowViewportPosition(anchor) if count else 0,
            wish=self._table.listed_wish,
        )

    def _all_chosen(self) -> bool:
        return 1 < self._table.rowCount() == self.chosen_count()

    def _keep_all_chosen(self) -> None:
        self._restoring = True
        self._kept = replace(self._kept, all_chosen=self._all_chosen())

    def _more(self, _parent: QModelIndex, first: int, last: int) -> None:
        """Rows came at the end: they are chosen where all are, and the current example may be among them."""
        flag = QItemSelectionModel.SelectionFlag
        kept = self._kept
        if kept.all_chosen:
            self.selectionModel().select(self._span(first, last), flag.Select)
        elif kept.chosen:
            self.selectionModel().select(self._rows_of(kept.chosen), flag.Select)
        row = self._table.row_of(kept.current) if kept.current and not self.currentIndex().isValid() else -1
        if row >= 0:
            self._set_current(row, flag.NoUpdate)
        self._measure_numbers()
        self._fit_columns()
        self._restoring = False
        self.chosen_changed.emit()

    def _restore(self) -> None:
        kept = self._kept
        row = self._table.row_of(kept.current) if kept.current else -1
        if row >= 0:
            self._set_current(row, QItemSelectionModel.SelectionFlag.NoUpdate)
        self._select(kept)
        self.updateGeometries()
        self._measure_numbers()
        self._fit_columns()
        self._scroll_back(kept, row)
        self._restoring = False
        self.chosen_changed.emit()

    def _scroll_back(self, kept: _Kept, current: int) -> None:
        """After a change of the data what was in sight stays there; after another question the current row does."""
        bar = self.verticalScrollBar()
        if self._table.listed_wish != kept.wish:
            if current < 0:
                bar.setValue(0)
            elif kept.anchors and kept.anchors[0] == kept.current:
                bar.setValue(current * ROW_HEIGHT - kept.offset)
            else:
                self.scrollTo(self._table.index(current, 0), QAbstractItemView.ScrollHint.PositionAtCenter)
            return
        if self._table.is_ascending:
            stays = next((id for id in kept.anchors if self._table.row_of(id) >= 0), None)
        else:
            listed = set(kept.anchors).intersection(self._table.ids)
            stays = next((id for id in kept.anchors if id in listed), None)
        if stays is not None:
            bar.setValue(self._table.row_of(stays) * ROW_HEIGHT - kept.offset)

    def _select(self, kept: _Kept) -> None:
        count = self._table.rowCount()
        chosen = self._span(0, count - 1) if kept.all_chosen and count else self._rows_of(kept.chosen)
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _rows_of(self, chosen: set[int]) -> QItemSelection:
        """Those of the examples that are listed, as stretches of rows."""
        rows: Iterable[int]
        if self._table.is_ascending or len(chosen) <= 1:
            rows = (row for row in map(self._table.row_of, chosen) if row >= 0)
        else:
            rows = (row for row, id in enumerate(self._table.ids) if id in chosen)
        selection = QItemSelection()
        last = len(Column) - 1
        for top, bottom in ranges(rows):
            selection.select(self._table.index(top, 0), self._table.index(bottom, last))
        return selection

    def _span(self, top: int, bottom: int) -> QItemSelection:
        return QItemSelection(self._table.index(top, 0), self._table.index(bottom, len(Column) - 1))

    # --- Keys ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes, Enter opens, the key that pastes pastes rows of a table."""
        if event.matches(QKeySequence.StandardKey.Delete) and self.selectionModel().hasSelection():
            self.delete_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() and self.current_id():
            self.open_wanted.emit()
        else:
            super().keyPressEvent(event)

    # --- Widths -------------------------------------------------------------------------------------------------------

    @property
    def share(self) -> float:
        """The instruction's part of the text columns' width, which the user can drag; to be remembered."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = min(max(share, 0.15), 0.85)
        self._fit_columns()

    @property
    def split_shown(self) -> bool | None:
        """Whether the column Split is wanted; None leaves it to the width."""
        return self._split_shown

    @split_shown.setter
    def split_shown(self, shown: bool | None) -> None:
        self._split_shown = shown
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the text columns what the others leave."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        header, width = self.horizontalHeader(), self.viewport().width()
        self._table.status_in_words = width >= _WIDE_ENOUGH_FOR_WORDS
        shown = width >= _WIDE_ENOUGH_FOR_SPLIT if self._split_shown is None else self._split_shown
        self.setColumnHidden(Column.SPLIT, not shown)
        header.blockSignals(True)  # only the user's dragging changes the share
        figures = QFontMetrics(monospace(self.font().key())).horizontalAdvance("0" * self._digits)
        header.resizeSection(Column.NUMBER, max(figures + 20, self._room("#", 20)))
        header.resizeSection(Column.STATUS, self._room("Excluded", 20) if self._table.status_in_words else 32)
        header.resizeSection(Column.SPLIT, self._room("Held-out", 12))
        header.resizeSection(Column.LENGTH, self._room("Tokens", 24))
        header.resizeSection(Column.INSTRUCTION, round(self._text_width() * self._share))
        header.blockSignals(False)
        self.updateGeometries()
        self.viewport().update()

    def _measure_numbers(self) -> None:
        """A short list can have long numbers."""
        ids = self._table.ids
        largest = 0 if not ids else ids[-1] if self._table.is_ascending else max(ids)
        self._digits = len(str(largest))

    def _room(self, text: str, more: int) -> int:
        """The width a text takes in a cell."""
        return self.fontMetrics().horizontalAdvance(text) + 16 + more

    def _text_width(self) -> int:
        others = (Column.NUMBER, Column.STATUS, Column.SPLIT, Column.LENGTH)  # a hidden one has no width
        return max(self.viewport().width() - sum(self.columnWidth(column) for column in others), 160)

    def _section_resized(self, section: int, _old: int, new: int) -> None:
        if section == Column.INSTRUCTION:
            self._share = min(max(new / self._text_width(), 0.15), 0.85)
