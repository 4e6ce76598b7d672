"""The left half of the Examples page: search, filter, table, and what can be done with a selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app import format, theme
from app.example_words import STATUS_WORDS
from app.models.example_table import ExampleTable
from app.theme import SPACE
from app.widgets.empty_state import EmptyState
from app.widgets.example_list import ExampleList
from app.widgets.filter_chips import FilterChips
from app.widgets.search_field import SearchField
from app.widgets.segments import Segments
from app.widgets.selection_bar import SelectionBar
from core.dataset.example import Status

_FILTERS = {
    "": "All",
    Status.DRAFT.value: "Draft",
    Status.READY.value: "Ready",
    Status.EXCLUDED.value: "Excluded",
}


class ExampleBrowser(QFrame):
    """Sets the table's query from search and filter; ``list`` and ``selection`` are the page's to join."""

    narrowed = Signal()

    def __init__(self, table: ExampleTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._table = table
        self.search = SearchField("Search", icon=theme.icon("search", "secondary"))
        self.search.searched.connect(self._ask)
        self.filter = Segments(_FILTERS, "Show")
        self.filter.chosen.connect(self._ask)
        self.chips = FilterChips()
        self.chips.removed.connect(self._take_away)
        self._among: tuple[tuple[int, ...], str] | None = None  # ids, and what they are
        self.list = ExampleList(table)
        self.list.chosen_changed.connect(self._count_chosen)
        self.selection = SelectionBar()
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self._nothing = EmptyState("search", "Nothing found", "", "", "Show all examples")
        self._nothing.acted_second.connect(self.show_all)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._nothing)
        table.listed.connect(self._choose_face)
        self._lay_out()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE.FIELD, SPACE.FIELD, SPACE.FIELD, SPACE.UNIT)
        bar.setSpacing(SPACE.UNIT)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.filter)
        chips = QVBoxLayout()
        chips.setContentsMargins(SPACE.FIELD, 0, SPACE.FIELD, SPACE.UNIT)
        chips.addWidget(self.chips)
        foot = QVBoxLayout()
        foot.setContentsMargins(SPACE.UNIT, 0, SPACE.UNIT, 0)
        foot.addWidget(self.selection)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, SPACE.UNIT)  # the card's border stays in sight
        column.setSpacing(0)
        column.addLayout(bar)
        column.addLayout(chips)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter leaves some examples out."""
        return self._table.query.narrows

    def reset(self) -> None:
        """Look as at the beginning, for another project."""
        self._clear()
        self.list.reset_order()

    def show_all(self) -> None:
        """Take search and filters away."""
        self._clear()
        self._ask()

    def show_among(self, ids: Sequence[int], words: str) -> None:
        """Show only these examples; ``words`` say what they are."""
        self._clear()
        self._among = (tuple(ids), words)
        self._show_chips()
        self._ask()

    def make_room_for_new(self) -> None:
        """Take away what would hide an example that is about to be written."""
        query = self._table.query
        if replace(query, status=None).narrows or query.status not in (None, Status.DRAFT):
            self.show_all()

    def _clear(self) -> None:
        self.search.reset()
        self.filter.set_value("")
        self._among = None
        self._show_chips()

    def _take_away(self, _key: str) -> None:
        self._among = None
        self._show_chips()
        self._ask()

    def _show_chips(self) -> None:
        self.chips.set_chips({} if self._among is None else {"among": self._among[1]})

    def _ask(self) -> None:
        value = self.filter.value
        self._table.set_query(
            search=self.search.text().strip(),
            status=Status(value) if value else None,
            among=None if self._among is None else self._among[0],
        )
        self.narrowed.emit()

    def _open_menu(self, place: QPoint) -> None:
        """What can be done with the selected examples, where the mouse is."""
        count = len(self.list.chosen_ids())
        if not count:
            return
        menu = QMenu(self.list)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Write in it").triggered.connect(self.list.open_wanted)
        marks = menu.addMenu("Mark as")
        for status, words in STATUS_WORDS.items():
            act = marks.addAction(words)
            act.triggered.connect(lambda _=False, status=status: self.selection.status_wanted.emit(status))
        menu.addAction("Duplicate\tCtrl+D").triggered.connect(self.selection.duplicate_wanted)
        menu.addSeparator()
        menu.addAction(f"Delete {format.plural(count, 'example')}\tDel").triggered.connect(self.selection.delete_wanted)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _count_chosen(self) -> None:
        spans = self.list.selectionModel().selection()
        self.selection.set_count(sum(span.height() for span in spans))

    def _choose_face(self) -> None:
        query = self._table.listed_query
        nothing = self._table.rowCount() == 0 and query.narrows
        if nothing:
            words = "No example is like that any more." if self._among else "No example has this status."
            if query.search:
                few = query.status or self._among
                words = (
                    f"None of these examples has “{_short(query.search)}” in it."
                    if few
                    else (f"No example has “{_short(query.search)}” in it.")
                )
            self._nothing.set_words("Nothing found", words)
        self._stack.setCurrentWidget(self._nothing if nothing else self.list)
        self._count_chosen()


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:39] + "…"
