"""A line to search in; it speaks when typing has paused for a moment, so that each letter does not start a search."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_PAUSE_MS = 150


class SearchField(QLineEdit):
    """Signals: ``searched(str)`` after a pause in typing or at once on Enter, never twice for the same words.

    Escape clears the line; in an empty line it is left to the parent.
    """

    searched = Signal(str)

    def __init__(self, placeholder: str, *, icon: QIcon | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = ""
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setClearButtonEnabled(True)
        if icon is not None:
            self.addAction(icon, QLineEdit.ActionPosition.LeadingPosition)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._search)
        self.textChanged.connect(self._changed)
        self.returnPressed.connect(self._search)

    def reset(self) -> None:
        """Empty the line without a word."""
        self._asked = ""
        self.clear()
        self._pause.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape clears."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self._search()
            return
        super().keyPressEvent(event)

    def _changed(self, text: str) -> None:
        if text:
            self._pause.start()
        else:
            self._search()  # the clear button answers at once

    def _search(self) -> None:
        self._pause.stop()
        words = self.text().strip()
        if words != self._asked:
            self._asked = words
            self.searched.emit(words)
