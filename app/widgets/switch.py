"""An on/off switch: a check box that looks like what it does."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from app import theme

_TRACK = QSize(36, 20)
_GAP = 8


class Switch(QCheckBox):
    """With the word On or Off beside it, so that colour never speaks alone."""

    value_changed = Signal(bool)
    """The user switched it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.value_changed)

    def set_value(self, value: bool) -> None:
        """Switch without a signal."""
        self.setChecked(value)

    def sizeHint(self) -> QSize:
        """The track and the longer of the two words."""
        words = self.fontMetrics().horizontalAdvance("Off")
        return QSize(_TRACK.width() + _GAP + words + 4, 24)

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return self.sizeHint()

    def hitButton(self, place: QPoint) -> bool:
        """Track and word can be clicked."""
        return self.rect().contains(place)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw track, knob, word, and the focus ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, enabled = self.isChecked(), self.isEnabled()
        top = (self.height() - _TRACK.height()) / 2
        track = QRectF(1, top + 1, _TRACK.width() - 2, _TRACK.height() - 2)
        fill = theme.colour("accent" if on and enabled else "field" if enabled else "track")
        edge = theme.colour(("accent" if on else "border") if enabled else "line")
        painter.setBrush(fill)
        painter.setPen(QPen(edge, 1))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        size = track.height() - 6
        left = track.right() - size - 3 if on else track.left() + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("on_accent" if on and enabled else "border" if enabled else "disabled"))
        painter.drawEllipse(QRectF(left, track.top() + 3, size, size))
        painter.setPen(theme.colour("text" if enabled else "disabled"))
        words = self.rect().adjusted(_TRACK.width() + _GAP, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, "On" if on else "Off")
        if self.hasFocus() and self.property("ring"):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("text"), 2))
            painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
