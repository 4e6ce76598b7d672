"""What narrows the list at the moment, as words in a row; a click on them takes that away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from app.theme import SPACE
from app.widgets.flow_layout import FlowLayout
from app.widgets.plain_tip import plain_tip

_LONGEST = 48


class FilterChips(QWidget):
    """Signals: ``removed(str)``: the user took a filter away, by its key."""

    removed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: dict[str, QToolButton] = {}
        self._words: dict[str, str] = {}
        self._row = FlowLayout(self, spacing=SPACE.UNIT)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def set_chips(self, words: dict[str, str]) -> None:
        """Show these, by key; the row goes when there is none."""
        for key in [key for key in self._chips if words.get(key) != self._words[key]]:
            chip = self._chips.pop(key)
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for key in [key for key in words if key not in self._chips]:
            chip = self._chips[key] = self._chip(words[key])
            chip.clicked.connect(lambda _=False, key=key: self.removed.emit(key))
            self._row.addWidget(chip)
        self._words = dict(words)
        self.setVisible(bool(words))
        self.updateGeometry()

    def words(self) -> list[str]:
        """What the chips say."""
        return list(self._words.values())

    def button(self, key: str) -> QToolButton:
        """The chip of a filter."""
        return self._chips[key]

    def _chip(self, words: str) -> QToolButton:
        shown = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
        chip = QToolButton(self)
        chip.setProperty("kind", "chip")
        chip.setText(f"{shown}  ×".replace("&", "&&"))
        chip.setToolTip(plain_tip(f"Only these are shown: {words}. Click to show the others too."))
        chip.setAccessibleName(f"Take away the filter: {words}")
        chip.setCursor(Qt.CursorShape.PointingHandCursor)
        return chip
