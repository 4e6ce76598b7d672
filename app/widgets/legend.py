"""The legend of a chart, which is also its readout: a switch a curve, with the value under the cross-hair."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QLabel, QSizePolicy, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.curve import Curve
from app.widgets.flow_layout import FlowLayout
from app.widgets.marks import (
    ADJUSTED,
    ANSWERS,
    BEST,
    BREAK,
    CHECKPOINT,
    MARK_WORDS,
    paint_event,
    paint_ring,
    paint_ticks,
)

_SAMPLE = 18
_WIDEST_VALUE = "00.000"
_USUAL = (CHECKPOINT, BEST)  # nearly every run has them sooner or later: their room is kept, so that nothing moves


class LegendEntry(QAbstractButton):
    """One curve: a piece of its line, its name, a value. Unchecked means hidden."""

    def __init__(self, curve: Curve, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curve = curve
        self._value = ""
        self.setCheckable(True)
        self.setChecked(curve.shown)
        self.setText(curve.label)
        self.setAccessibleName(f"Show {curve.label}")
        self.setToolTip("Click to hide or show this line")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_value(self, value: str) -> None:
        """The value to show; empty for none."""
        if value != self._value:
            self._value = value
            self.setAccessibleDescription(value)
            self.update()

    @property
    def value(self) -> str:
        """The value shown."""
        return self._value

    def sizeHint(self) -> QSize:
        """Room for the widest value, so that nothing moves while values change."""
        name = QFontMetrics(theme.ui_font("small")).horizontalAdvance(self.text())
        value = QFontMetrics(self._value_font()).horizontalAdvance(_WIDEST_VALUE)
        return QSize(_SAMPLE + 6 + name + 6 + value + 10, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw sample, name and value; pale when hidden, framed with the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 5, 5)
        self._paint_sample(painter)
        painter.setFont(theme.ui_font("small"))
        painter.setPen(theme.colour("secondary" if self.isChecked() else "disabled"))
        left = 4 + _SAMPLE + 6
        painter.drawText(self.rect().adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        left += QFontMetrics(painter.font()).horizontalAdvance(self.text()) + 6
        painter.setFont(self._value_font())
        painter.setPen(theme.colour("text" if self.isChecked() else "disabled"))
        painter.drawText(self.rect().adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._value)

    def _paint_sample(self, painter: QPainter) -> None:
        colour = self.curve.colour if self.isChecked() else QColor(theme.colour("disabled"))
        pen = QPen(colour, 1.5 if self.curve.faint else 2.5)
        if self.curve.dashed:
            pen.setDashPattern([2.2, 1.6])
        painter.setPen(pen)
        middle = self.height() / 2
        painter.drawLine(QPointF(4, middle), QPointF(4 + _SAMPLE, middle))
        if self.curve.dots:
            painter.setPen(QPen(theme.colour("card"), 1.5))
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(4 + _SAMPLE / 2, middle), 4, 4)

    def _value_font(self) -> QFont:
        font = theme.ui_font("small")
        font.setFeature(QFont.Tag("tnum"), 1)
        return font


class MarkKey(QWidget):
    """What one of the chart's marks looks like, and what it means."""

    _TIPS: ClassVar = {
        CHECKPOINT: "The run can be taken up again from here",
        BEST: "The lowest held-out loss; the adapter has this state",
        BREAK: "Paused or interrupted here, and taken up again",
        ADJUSTED: "The run changed a setting by itself here to go on",
        ANSWERS: "The answers beside the chart are from here",
    }

    def __init__(self, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = kind
        self.setToolTip(self._TIPS[kind])
        self.setAccessibleName(f"{MARK_WORDS[kind]}: {self._TIPS[kind]}")
        policy = QSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(kind in _USUAL)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """Room for the sign and the word."""
        return QSize(24 + QFontMetrics(theme.ui_font("small")).horizontalAdvance(MARK_WORDS[self.kind]) + 8, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the sign as the chart does, and the word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.kind == CHECKPOINT:
            paint_ticks(painter, [6, 11, 16], 16)
        elif self.kind == BEST:
            paint_ring(painter, QPointF(11, 12))
        else:
            paint_event(painter, self.kind, QPointF(11, 9), 21)
        painter.setFont(theme.ui_font("small"))
        painter.setPen(theme.colour("secondary"))
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, MARK_WORDS[self.kind])


class Legend(QWidget):
    """The entries of all curves, and the step that their values belong to."""

    toggled = Signal(object)
    """(Curve): it is to be shown or hidden; ``shown`` is set already."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._flow = FlowLayout(self, spacing=SPACE.HALF, lines=0)
        self._step = QLabel()
        self._step.setProperty("kind", "secondary")
        self._step.setMinimumSize(QFontMetrics(theme.ui_font("small")).horizontalAdvance("Step 00,000") + 8, 24)
        self._flow.addWidget(self._step)
        self._entries: dict[str, LegendEntry] = {}
        self._keys: list[MarkKey] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_curves(self, curves: Iterable[Curve]) -> None:
        """Have exactly these entries, in this order."""
        _take_away(self._flow, self._entries.values())
        self._entries = {curve.key: self._make(curve) for curve in curves}
        for place, entry in enumerate(self._entries.values()):
            self._flow.insert_widget(1 + place, entry)
            entry.show()

    def set_marks(self, kinds: list[str]) -> None:
        """Explain these marks (:mod:`app.widgets.marks`), after the curves."""
        wanted = [*_USUAL, *(kind for kind in kinds if kind not in _USUAL)]
        if wanted != [key.kind for key in self._keys]:
            _take_away(self._flow, self._keys)
            self._keys = [MarkKey(kind, self) for kind in wanted]
            for key in self._keys:
                self._flow.addWidget(key)
        for key in self._keys:
            key.setVisible(key.kind in kinds)

    def entry(self, key: str) -> LegendEntry:
        """The entry of a curve."""
        return self._entries[key]

    def set_values(self, step: str, values: dict[str, str]) -> None:
        """Show the step in words and each curve's value."""
        self._step.setText(step)
        for key, entry in self._entries.items():
            entry.set_value(values.get(key, ""))

    def spoken(self) -> str:
        """The values as a sentence."""
        shown = [entry for entry in self._entries.values() if entry.isChecked() and entry.value]
        return ", ".join([self._step.text(), *(f"{entry.text()} {entry.value}" for entry in shown)])

    def _make(self, curve: Curve) -> LegendEntry:
        entry = LegendEntry(curve, self)
        entry.toggled.connect(lambda shown: self._toggle(curve, shown))
        return entry

    def _toggle(self, curve: Curve, shown: bool) -> None:
        curve.shown = shown
        self.toggled.emit(curve)


def _take_away(flow: FlowLayout, widgets: Iterable[QWidget]) -> None:
    for widget in widgets:
        flow.removeWidget(widget)
        widget.hide()
        widget.deleteLater()
