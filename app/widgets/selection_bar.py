"""What can be done with several examples at once; shown while more than one is selected."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from app import format
from app.example_words import STATUS_WORDS
from app.theme import SPACE

_WIDE = 490  # pixels; below, words and buttons do not fit beside each other


class SelectionBar(QFrame):
    """Signals: ``status_wanted(Status)``, ``duplicate_wanted`` and ``delete_wanted`` for all that are selected."""

    status_wanted = Signal(object)
    duplicate_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "well")
        self._words = QLabel()
        status = QPushButton("Mark as")
        menu = QMenu(status)
        for value, words in STATUS_WORDS.items():
            menu.addAction(words).triggered.connect(lambda _=False, value=value: self.status_wanted.emit(value))
        status.setMenu(menu)
        status.setStyleSheet("padding-right: 26px;")
        self._duplicate = duplicate = QPushButton("Duplicate")
        duplicate.clicked.connect(self.duplicate_wanted)
        self.delete = QPushButton()
        self.delete.setProperty("kind", "danger")
        self.delete.clicked.connect(self.delete_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.UNIT, SPACE.UNIT)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._words)
        row.addStretch(1)
        for button in (status, duplicate, self.delete):
            row.addWidget(button)
        self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the button that deletes says the number, and Ctrl+D duplicates."""
        super().resizeEvent(event)
        wide = event.size().width() >= _WIDE
        self._words.setVisible(wide)
        self._duplicate.setVisible(wide)

    def set_count(self, count: int) -> None:
        """How many are selected; the bar shows from two on."""
        self._words.setText(f"{format.count(count)} selected")
        self.delete.setText(f"Delete {format.count(count)} examples")
        self.setVisible(count > 1)
