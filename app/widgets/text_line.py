"""A field for a short text that is taken with Enter or on leaving it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget


class TextLine(QLineEdit):
    """Empty text is not taken: what was there comes back."""

    value_changed = Signal(str)
    """The user confirmed another text."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = ""
        self.setAccessibleName(name)
        self.editingFinished.connect(self.confirm)

    def set_value(self, value: str) -> None:
        """Show a text."""
        self._value = value
        self.setText(value)

    def confirm(self) -> None:
        """Take what is typed now, as Enter does."""
        text = self.text().strip()
        if text and text != self._value:
            self._value = text
            self.value_changed.emit(text)
        elif not text:
            self.setText(self._value)
