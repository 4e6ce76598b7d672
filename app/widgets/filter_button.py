"""A button whose menu narrows the list of examples to a side of the split, or to a tag."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app import theme
from app.example_words import SPLIT_WORDS
from app.widgets.menu_button import add_menu
from core.dataset.example import Split

_MOST_TAGS = 300


class FilterButton(QToolButton):
    """Signals: ``side_chosen(Split | None)`` and ``tag_chosen(str)``; None and "" are any."""

    side_chosen = Signal(object)
    tag_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(theme.icon("filter", "secondary"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._side: Split | None = None
        self._tag = ""
        self._tags: Sequence[str] = ()
        self.setAccessibleName("Filter by tag or split")
        self.setToolTip("Show only examples with a tag, or of one side of the split")
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        add_menu(self, menu)

    def set_tags(self, tags: Sequence[str]) -> None:
        """The tags in use."""
        self._tags = tags

    def set_value(self, side: Split | None, tag: str) -> None:
        """What is chosen now; no signal."""
        self._side, self._tag = side, tag

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        for action in menu.findChildren(QActionGroup):
            action.deleteLater()
        _add_title(menu, "Split")
        sides = QActionGroup(menu)
        for side, words in ((None, "Any"), (Split.TRAIN, SPLIT_WORDS[Split.TRAIN]), (Split.HELDOUT, "Held-out")):
            action = self._choice(menu, words, side is self._side, sides)
            action.triggered.connect(lambda _=False, side=side: self.side_chosen.emit(side))
        menu.addSeparator()
        _add_title(menu, "Tag")
        group = QActionGroup(menu)
        if not self._tags:
            menu.addAction("No example has a tag yet").setEnabled(False)
            return
        parent = menu if len(self._tags) <= 12 else menu.addMenu("Tags")
        for tag in ("", *self._tags[:_MOST_TAGS]):
            shown = tag if len(tag) <= 48 else tag[:47] + "…"
            action = self._choice(parent, shown.replace("&", "&&") or "Any", tag == self._tag, group)
            action.triggered.connect(lambda _=False, tag=tag: self.tag_chosen.emit(tag))

    def _choice(self, menu: QMenu, words: str, chosen: bool, group: QActionGroup) -> QAction:
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(chosen)
        group.addAction(action)
        return action


def _add_title(menu: QMenu, words: str) -> None:
    """Name the choices below (the style draws Qt's own sections as bare lines)."""
    title = menu.addAction(words)
    title.setEnabled(False)
