"""The state of a run as a dot with its word."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

_DOT = 8
TONES = {
    "queued": "secondary",
    "starting": "accent",
    "running": "accent",
    "paused": "warn",
    "finished": "good",
    "stopped": "secondary",
    "failed": "bad",
    "interrupted": "warn",
}


class StateMark(QWidget):
    """The word says it; the colour only repeats it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self._tone = "secondary"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.on_change(self, self.update)

    @property
    def words(self) -> str:
        """What it says."""
        return self._words

    def set(self, state: str, words: str) -> None:
        """Show a state (a value of core.runs.folder.State) in words."""
        if (TONES[state], words) != (self._tone, self._words):
            self._tone, self._words = TONES[state], words
            self.setAccessibleName(words)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Dot and word."""
        width = QFontMetrics(theme.ui_font("body", strong=True)).horizontalAdvance(self._words)
        return QSize(_DOT + 8 + width + 2, 22)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw them."""
        if not self._words:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(self._tone))
        painter.drawEllipse(0, (self.height() - _DOT) // 2, _DOT, _DOT)
        painter.setPen(theme.colour(self._tone))
        painter.setFont(theme.ui_font("body", strong=True))
        painter.drawText(self.rect().adjusted(_DOT + 8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._words)
