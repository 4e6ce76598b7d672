"""A drop-down list of values with words; the wheel scrolls the page, not the choice."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

_FEWEST_LETTERS = 8  # where room is short; the list that opens shows all of them


class ChoiceField(QComboBox):
    """Choices are ``{value: words}``."""

    value_changed = Signal(str)
    """The user chose this value."""

    def __init__(self, name: str, choices: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_FEWEST_LETTERS)
        for value, words in choices.items():
            self.addItem(words, value)
        self.activated.connect(lambda _index: self.value_changed.emit(self.value))

    @property
    def value(self) -> str:
        """The chosen value; empty when there is none."""
        return str(self.currentData() or "")

    def set_value(self, value: str) -> None:
        """Choose without a signal."""
        self.setCurrentIndex(self.findData(value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()
