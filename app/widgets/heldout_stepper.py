"""Goes through examples, one a click: the held-out ones, as questions nobody has to make up."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from app import format, theme
from app.theme import SPACE
from core.dataset.example import Example

_NONE = "No held-out examples"
_FIRST = "Use a held-out example"


class HeldoutStepper(QWidget):
    """Nothing is chosen until the user clicks."""

    picked = Signal(object)
    """(Example): the user wants this one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examples: list[Example] = []
        self._at = -1
        self.previous_button = _step("chevron-left", "Previous held-out example (Alt+Up)")
        self.next_button = _step("chevron-right", "Next held-out example (Alt+Down)")
        self.button = QPushButton(_FIRST)
        self.button.setProperty("kind", "link")
        self.previous_button.clicked.connect(self.previous)
        self.next_button.clicked.connect(self.next)
        self.button.clicked.connect(self.next)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.HALF)
        for widget in (self.previous_button, self.button, self.next_button):
            row.addWidget(widget)
        self.set_examples([])

    @property
    def words(self) -> str:
        """What the button says."""
        return self.button.text()

    def set_examples(self, examples: Sequence[Example]) -> None:
        """Offer these."""
        self._examples = list(examples)
        self._at = -1
        self._show()

    def next(self) -> None:
        """Pick the next one, the first after the last."""
        self._pick(self._at + 1)

    def previous(self) -> None:
        """Pick the one before, the last before the first."""
        self._pick(self._at - 1 if self._at >= 0 else -1)

    def _pick(self, at: int) -> None:
        if self._examples:
            self._at = at % len(self._examples)
            self._show()
            self.picked.emit(self._examples[self._at])

    def _show(self) -> None:
        some, begun = bool(self._examples), self._at >= 0
        words = f"Held-out example {format.count(self._at + 1)} of {format.count(len(self._examples))}"
        self.button.setText(words if begun else _FIRST if some else _NONE)
        self.button.setEnabled(some)
        self.button.setToolTip(
            "Fills in a question that was not trained on, and shows what was expected; numbered as in a comparison"
            if some
            else "This run held no examples back"
        )
        self.previous_button.setVisible(begun)
        self.next_button.setVisible(begun)


def _step(icon: str, words: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon, "secondary"))
    button.setToolTip(words)
    button.setAccessibleName(words)
    return button
