"""What a chart is drawn on: axes, the view, marks and the cross-hair, without a menu and in the window's colours."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QLabel, QWidget

from app import theme
from app.widgets.axes import ProgressAxis, ValueAxis
from app.widgets.gestures import GestureView
from app.widgets.marks import MarksItem

_NOTE_MARGIN = 8
_WIDEST_NOTE = 420


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """Holds the parts; :class:`app.widgets.chart.Chart` decides what they show."""

    def __init__(self, parent: QWidget) -> None:
        self.value_axis, self.progress_axis = ValueAxis(), ProgressAxis()
        self.box = GestureView()
        axes = {"left": self.value_axis, "bottom": self.progress_axis}
        super().__init__(parent, viewBox=self.box, axisItems=axes)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusProxy(parent)
        self.plotItem.layout.setContentsMargins(0, 8, 16, 0)
        self.marks = MarksItem()
        self.addItem(self.marks, ignoreBounds=True)
        self.hair = pg.InfiniteLine(angle=90, movable=False)
        self.hair.setZValue(4)
        self.hair.hide()
        self.addItem(self.hair, ignoreBounds=True)
        self.empty, self.note = self._words(), self._words()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.note.setMaximumWidth(_WIDEST_NOTE)
        self.note.setProperty("kind", "chart-note")

    def _words(self) -> QLabel:
        label = QLabel(self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("kind", "secondary")
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        label.hide()
        return label

    def dress(self) -> None:
        """Take the colours of the theme in force."""
        self.setBackground(theme.colour("card"))
        self.value_axis.dress()
        self.progress_axis.dress()
        self.box.dress(QColor(theme.colour("accent")))
        self.hair.setPen(pg.mkPen(QColor(theme.colour("border")), width=1))

    def show_empty(self, empty: bool) -> None:
        """Say why there is nothing; axes without a curve would tell of numbers that there are not."""
        self.plotItem.setVisible(not empty)
        self.empty.setVisible(empty and bool(self.empty.text()))
        self.empty.resize(self.size())

    def say(self, text: str) -> None:
        """A note in the upper right corner; none with an empty text."""
        if text != self.note.text():
            self.note.setText(text)
            self.note.adjustSize()
        self.note.move(self.width() - self.note.width() - 2 * _NOTE_MARGIN, _NOTE_MARGIN)
        self.note.setVisible(bool(text))

    def image(self) -> QImage:
        """The plot as it is, at twice the size."""
        image = QImage(self.size() * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2)
        image.fill(theme.colour("card"))
        painter = QPainter(image)
        self.render(painter, self.rect().toRectF(), self.rect())
        painter.end()
        return image
