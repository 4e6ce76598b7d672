"""How long an example is for the model, and how much of the allowed length that takes: words and a bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import format, theme
from app.theme import SPACE

_NEARLY_FULL = 0.9


class TokenMeter(QWidget):
    """Says "96 of 1,024 tokens" with a bar; over the limit it says what happens to the example."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setProperty("kind", "secondary")
        self._words.setWordWrap(True)
        self._bar = _Bar()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._words, 1)
        row.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignVCenter)
        self.clear()

    def clear(self) -> None:
        """Show nothing, in the same height."""
        self._words.setText(" ")
        self._bar.set_share(0.0)
        self._bar.setVisible(False)

    def say(self, words: str) -> None:
        """Show a sentence in place of the count."""
        self.clear()
        self._words.setText(words)

    def set_count(self, tokens: int, limit: int) -> None:
        """Show ``tokens`` of ``limit``."""
        words = f"{format.count(tokens)} of {format.count(limit)} tokens"
        if tokens > limit:
            words += ". Too long: training leaves it out."
        self._words.setText(words)
        self._words.setToolTip("The whole example as the model sees it, with the marks of the chat template.")
        self._bar.setVisible(True)
        self._bar.set_share(tokens / limit)
        self._bar.setAccessibleName(words)

    def text(self) -> str:
        """The words shown."""
        return self._words.text()


class _Bar(QWidget):
    """A thin bar, full at a share of 1."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        self._share = share
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        rounded = QPainterPath()
        rounded.addRoundedRect(whole, 3, 3)
        painter.fillPath(rounded, theme.colour("track"))
        name = "bad" if self._share > 1 else "warn" if self._share > _NEARLY_FULL else "accent"
        painter.setClipPath(rounded)
        filled = whole.width() * min(self._share, 1.0)
        left = whole.right() - filled if self.isRightToLeft() else whole.left()
        painter.fillRect(QRectF(left, whole.top(), filled, whole.height()), theme.colour(name))
