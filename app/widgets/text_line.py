"""Fields for a short text, or a few names, that are taken with Enter or on leaving them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget


class TextLine(QLineEdit):
    """Empty text is not taken, what was there comes back; unless it is said what empty means."""

    value_changed = Signal(str)
    """The user confirmed another text."""

    def __init__(self, name: str, *, empty: str = "", parent: QWidget | None = None) -> None:
        """``empty`` is what an empty field means, shown in it."""
        super().__init__(parent)
        self._value = ""
        self._may_be_empty = bool(empty)
        self.setPlaceholderText(empty)
        self.setAccessibleName(name)
        self.editingFinished.connect(self.confirm)

    def set_value(self, value: str) -> None:
        """Show a text."""
        self._value = value
        self.setText(value)

    def confirm(self) -> None:
        """Take what is typed now, as Enter does."""
        text = self.text().strip()
        if text == self._value:
            return
        if text or self._may_be_empty:
            self._value = text
            self.value_changed.emit(text)
        else:
            self.setText(self._value)


class NamesLine(TextLine):
    """Shows a list of names; what is confirmed is the text with commas between them."""

    def set_value(self, value: str | Sequence[str]) -> None:
        """Show the names."""
        super().set_value(value if isinstance(value, str) else ", ".join(value))
