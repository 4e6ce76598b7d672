"""A dot that says "this differs", and goes back when clicked."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from app import theme
from app.theme import CONTROL_HEIGHT


class ResetDot(QAbstractButton):
    """Small to the eye, large enough for the pointer; the words are in its tooltip and its accessible name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """As high as a control, so that it stands in its middle."""
        return QSize(20, CONTROL_HEIGHT)

    def say(self, words: str) -> None:
        """Tell what it differs from and what a click does."""
        self.setToolTip(words)
        self.setAccessibleName(words)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the dot, and a ring while it has the focus or the pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(self.rect().center()) + QPointF(0.5, 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(centre, 4, 4)
        if self.hasFocus() or self.underMouse():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 2 if self.hasFocus() else 1))
            painter.drawEllipse(centre, 8, 8)
