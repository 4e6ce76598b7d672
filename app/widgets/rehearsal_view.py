"""The button that measures instead of reckoning, how that goes, and what was measured."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE

_PURPOSE = "Takes a few real steps on your longest examples and measures them. Nothing is kept."


class RehearsalView(QWidget):
    """It is told everything."""

    wanted = Signal()
    cancelled = Signal()
    change_wanted = Signal()
    """The settings with which it fitted are to be used."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.change = _link()
        self.change.clicked.connect(self.change_wanted)
        self.button = _link()
        self.button.setAccessibleDescription(_PURPOSE)
        self.button.setToolTip(_PURPOSE)
        self.button.clicked.connect(self._clicked)
        self._busy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        for widget in (self.words, self.bar):
            column.addWidget(widget)
        for button in (self.change, self.button):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_idle()

    def set_possible(self, possible: bool) -> None:
        """Whether one can be begun now."""
        self.button.setEnabled(possible or self._busy)

    def show_idle(self) -> None:
        """Nothing was measured with these settings."""
        self._show("", "Rehearse", busy=False)

    def show_busy(self, words: str) -> None:
        """Say what is being done."""
        self.bar.setAccessibleName(words)
        self._show(words, "Cancel", busy=True)

    def show_result(self, words: str, change: str = "") -> None:
        """Say what was measured, and what settings it needed; empty when it went well with these."""
        self._show(words, "Rehearse again", busy=False, change=change)

    def _show(self, words: str, button: str, *, busy: bool, change: str = "") -> None:
        self._busy = busy
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.bar.setVisible(busy)
        self.change.setText(change)
        self.change.setVisible(bool(change))
        self.button.setText(button)

    def _clicked(self) -> None:
        if self._busy:
            self.cancelled.emit()
        else:
            self.wanted.emit()


def _link() -> QPushButton:
    button = QPushButton()
    button.setProperty("kind", "link")
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button
