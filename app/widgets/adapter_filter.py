"""The line over the table of adapters: words to look for, a tag, only those with a star."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.choice_field import ChoiceField
from app.widgets.search_field import SearchField

_LONGEST = 40
_ANY = "Any tag"


class AdapterFilter(QWidget):
    """Signals: ``changed``: others are looked for."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self.search = SearchField("Search adapters", icon=theme.icon("search", "secondary"))
        self.search.searched.connect(self._on_search)
        self.tag = ChoiceField("Only with this tag", {"": _ANY})
        self.tag.value_changed.connect(lambda _tag: self.changed.emit())
        self.star = QPushButton("☆")
        self.star.setCheckable(True)
        self.star.setProperty("kind", "quiet")
        self.star.setFixedWidth(36)
        self.star.setAccessibleName("Only those with a star")
        self.star.setToolTip("Show only those with a star")
        self.star.toggled.connect(self._on_star)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.UNIT, SPACE.HALF, SPACE.UNIT, SPACE.HALF)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.search, 1)
        row.addWidget(self.tag)
        row.addWidget(self.star)
        self.set_tags([])

    @property
    def value(self) -> tuple[str, str, bool]:
        """The words, the tag and whether a star is wanted."""
        return self._words, self.tag.value, self.star.isChecked()

    @property
    def is_on(self) -> bool:
        """Whether not all are looked for."""
        return any(self.value)

    def set_tags(self, tags: Sequence[str]) -> None:
        """The tags in use; one that was chosen and is used no more is let go."""
        chosen = self.tag.value
        self.tag.setVisible(bool(tags))
        if [self.tag.itemData(index) for index in range(1, self.tag.count())] == list(tags):
            return
        self.tag.clear()
        self.tag.addItem(_ANY, "")
        for tag in tags:
            self.tag.addItem(tag if len(tag) <= _LONGEST else f"{tag[: _LONGEST - 1]}…", tag)
        self.tag.set_value(chosen if chosen in tags else "")

    def reset(self) -> None:
        """Look for all; no signal."""
        self.search.reset()
        self._words = ""
        self.tag.set_value("")
        blocked = self.star.blockSignals(True)
        self.star.setChecked(False)
        self.star.setText("☆")
        self.star.blockSignals(blocked)

    def _on_search(self, words: str) -> None:
        self._words = words
        self.changed.emit()

    def _on_star(self, on: bool) -> None:
        self.star.setText("★" if on else "☆")
        self.changed.emit()
