"""How a chart's view is moved with the mouse: a drawn box or the wheel zooms, Shift or the middle button moves."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal

_SMALLEST_BOX = 6  # pixels; less is a click with a shaking hand
_FLAT_BOX = 24  # pixels; a box no higher than that means its width alone
_WHEEL_SHARE = 0.1  # of the view, for a notch of the wheel with Shift


class GestureView(pg.ViewBox):  # type: ignore[misc]
    """Says what was drawn; who owns it decides what is shown."""

    box_drawn = Signal(QRectF, bool)
    """The rectangle in the coordinates of the view, and whether its height was meant too."""
    pan_wanted = Signal(float)
    """By which share of the view to move along; positive: onward."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self._drawing = False
        self.setMouseEnabled(x=True, y=False)
        self.setDefaultPadding(0)
        self.disableAutoRange()

    def dress(self, colour: Any) -> None:
        """Give the rectangle that is being drawn its colour."""
        fill = pg.mkColor(colour)
        fill.setAlpha(40)
        self.rbScaleBox.setPen(pg.mkPen(colour, width=1))
        self.rbScaleBox.setBrush(pg.mkBrush(fill))

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """Draw a rectangle with the left button; move with Shift or with the middle button."""
        left = event.button() == Qt.MouseButton.LeftButton
        if event.isStart():  # what a movement began as it stays, whatever becomes of the key
            self._drawing = left and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if left and self._drawing:
            event.accept()
            self._draw(event)
        elif left or event.button() == Qt.MouseButton.MiddleButton:
            super().mouseDragEvent(event, axis)
        else:
            event.ignore()

    def _draw(self, event: Any) -> None:
        start, end = event.buttonDownPos(event.button()), event.pos()
        box = QRectF(start, end).normalized().intersected(self.rect())
        if not event.isFinish():
            self.updateScaleBox(box.topLeft(), box.bottomRight())
            return
        self.rbScaleBox.hide()
        if box.width() >= _SMALLEST_BOX:
            self.box_drawn.emit(self.childGroup.mapRectFromParent(box).normalized(), box.height() >= _FLAT_BOX)

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        """Zoom around the pointer; with Shift move along."""
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            event.accept()
            self.pan_wanted.emit(-_WHEEL_SHARE if event.delta() > 0 else _WHEEL_SHARE)
        else:
            super().wheelEvent(event, axis)
