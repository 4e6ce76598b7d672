"""The left half of the Examples page: search, filter, table, and what can be done with a selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QFrame, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app import format, theme
from app.example_words import SPLIT_WORDS
from app.models.example_listing import Wish
from app.models.example_table import ExampleTable
from app.theme import SPACE
from app.widgets.column_menu import add_column_menu
from app.widgets.counting_bar import CountingBar
from app.widgets.empty_state import EmptyState
from app.widgets.example_list import ExampleList
from app.widgets.filter_button import FilterButton
from app.widgets.filter_chips import FilterChips
from app.widgets.search_field import SearchField
from app.widgets.segments import Segments
from app.widgets.selection_bar import SelectionBar
from core.dataset.example import Split, Status

_FILTERS = {
    "": "All",
    Status.DRAFT.value: "Draft",
    Status.READY.value: "Ready",
    Status.EXCLUDED.value: "Excluded",
}
_WIDE = 500  # pixels; below, search and filters do not fit beside each other


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
        self.more = FilterButton()
        self.more.side_chosen.connect(self._choose_side)
        self.more.tag_chosen.connect(self.show_tag)
        self._among: tuple[tuple[int, ...], str] | None = None  # ids, and what they are
        self._side: Split | None = None
        self._tag = ""
        self.list = ExampleList(table)
        self.list.chosen_changed.connect(self._count_chosen)
        add_column_menu(self.list)
        self.selection = SelectionBar()
        self.progress = CountingBar()
        self.progress.setContentsMargins(SPACE.HALF, SPACE.UNIT, 0, SPACE.UNIT)
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
        self._bar = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._bar.setContentsMargins(SPACE.FIELD, SPACE.FIELD, SPACE.FIELD, SPACE.UNIT)
        self._bar.setSpacing(SPACE.UNIT)
        filters = QHBoxLayout()
        filters.setSpacing(SPACE.UNIT)
        filters.addWidget(self.filter)
        filters.addWidget(self.more)
        filters.addStretch(1)
        self._bar.addWidget(self.search, 1)
        self._bar.addLayout(filters)
        chips = QVBoxLayout()
        chips.setContentsMargins(SPACE.FIELD, 0, SPACE.FIELD, SPACE.UNIT)
        chips.addWidget(self.chips)
        foot = QVBoxLayout()
        foot.setContentsMargins(SPACE.UNIT, 0, SPACE.UNIT, 0)
        foot.addWidget(self.progress)
        foot.addWidget(self.selection)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, SPACE.UNIT)  # the card's border stays in sight
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addLayout(chips)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the filters stand under the search field."""
        super().resizeEvent(event)
        wide = event.size().width() >= _WIDE
        self._bar.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter leaves some examples out."""
        return self._table.wish.narrows

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
        self._ask()

    def set_busy(self, words: str) -> None:
        """Say what is being done with the selected examples, if it takes a moment; "" when it is over."""
        self.selection.setEnabled(not words)
        if words:
            self.progress.begin(words)
        else:
            self.progress.stop()

    def make_room_for_new(self) -> None:
        """Take away what would hide an example that is about to be written."""
        wish = self._table.wish
        others = replace(wish, query=replace(wish.query, status=None))
        if others.narrows or wish.query.status not in (None, Status.DRAFT):
            self.show_all()

    def show_tag(self, tag: str) -> None:
        """Show only examples with a tag; "" for any."""
        self._tag = tag
        self._ask()

    def _choose_side(self, side: Split | None) -> None:
        self._side = side
        self._ask()

    def _clear(self) -> None:
        self.search.reset()
        self.filter.set_value("")
        self._among, self._side, self._tag = None, None, ""
        self._show_chips()

    def _take_away(self, key: str) -> None:
        if key == "among":
            self._among = None
        elif key == "side":
            self._side = None
        else:
            self._tag = ""
        self._ask()

    def _show_chips(self) -> None:
        chips = {} if self._among is None else {"among": self._among[1]}
        if self._side is not None:
            chips["side"] = f"Split: {SPLIT_WORDS[self._side]}"
        if self._tag:
            chips["tag"] = f"Tag: {self._tag}"
        self.chips.set_chips(chips)
        self.more.set_value(self._side, self._tag)

    def _ask(self) -> None:
        if not self.isAncestorOf(QApplication.focusWidget() or self):
            # Who asks for other rows has done with the form; not every button takes the focus when it is clicked.
            (self.list if self.list.isVisible() else self.search).setFocus()
        self._show_chips()
        value = self.filter.value
        query = replace(
            self._table.query,
            search=self.search.text().strip(),
            status=Status(value) if value else None,
            tag=self._tag,
            among=None if self._among is None else self._among[0],
        )
        self._table.set_wish(Wish(query, self._side, self._table.wish.share))
        self.narrowed.emit()

    def _open_menu(self, place: QPoint) -> None:
        """What can be done with the selected examples, where the mouse is."""
        count = len(self.list.chosen_ids())
        if not count:
            return
        menu = QMenu(self.list)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Write in it").triggered.connect(self.list.open_wanted)
        self.selection.fill(menu)
        menu.addSeparator()
        menu.addAction(f"Delete {format.plural(count, 'example')}\tDel").triggered.connect(self.selection.delete_wanted)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _count_chosen(self) -> None:
        self.selection.set_count(self.list.chosen_count())

    def _choose_face(self) -> None:
        wish = self._table.listed_wish
        nothing = self._table.rowCount() == 0 and wish.narrows
        if nothing:
            self._nothing.set_words("Nothing found", _why_nothing(wish))
        self._stack.setCurrentWidget(self._nothing if nothing else self.list)
        self._count_chosen()


def _why_nothing(wish: Wish) -> str:
    query = wish.query
    filtered = replace(wish, query=replace(query, search="")).narrows
    if query.search:
        which = "None of the examples chosen by the filters" if filtered else "No example"
        return f"{which} has “{_short(query.search)}” in it."
    if query.status is not None and wish.side is None and not query.tag and query.among is None:
        return "No example has this status."
    return "No example is like that."


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:39] + "…"
