"""Will it fit: what a run needs, as a bar of its parts against the memory that is free, and in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.flow_layout import FlowLayout

_HEIGHT = 14
_DOT = 10


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is needed: its name, its size in words, and in bytes. ``colour`` is its place in the palette."""

    name: str
    words: str
    size: int
    colour: int


class MemoryView(QWidget):
    """It is told everything. Signals: ``change_wanted`` when the user wants the settings that make it fit."""

    change_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = _label()
        self.bar = _Bar()
        self._legend = QWidget()
        self._flow = FlowLayout(self._legend, spacing=SPACE.UNIT)
        self.change = QPushButton()
        self.change.setProperty("kind", "link")
        self.change.setCursor(Qt.CursorShape.PointingHandCursor)
        self.change.clicked.connect(self.change_wanted)
        self.remark = _label("secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        title = _label("secondary")
        title.setText("Memory")
        for widget in (title, self.words, self.bar, self._legend):
            column.addWidget(widget)
        column.addWidget(self.change, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.remark)
        self.clear("Known as soon as the base model has been read.")

    def clear(self, words: str) -> None:
        """Show a sentence alone."""
        self.words.setText(words)
        for widget in (self.bar, self._legend, self.change, self.remark):
            widget.hide()

    def show_parts(self, words: str, parts: Sequence[Part], free: int, *, change: str, remark: str) -> None:
        """Show a sentence, the parts against ``free`` bytes, what a change would do, and a remark in small."""
        self.words.setText(words)
        self.bar.show_parts(parts, free)
        self.bar.setAccessibleName(f"Memory. {words}")
        while item := self._flow.takeAt(0):
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for part in parts:
            self._flow.addWidget(_Entry(part))
        self.change.setText(change)
        self.remark.setText(remark)
        self.bar.show()
        self._legend.show()
        self.change.setVisible(bool(change))
        self.remark.setVisible(bool(remark))
        self._legend.updateGeometry()


class _Bar(QWidget):
    """Parts side by side; a line marks where the free memory ends."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: Sequence[Part] = ()
        self._free = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.on_change(self, self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT + 6)

    def show_parts(self, parts: Sequence[Part], free: int) -> None:
        self._parts, self._free = parts, free
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        needed = sum(part.size for part in self._parts)
        scale = self.width() / max(needed, self._free, 1)
        whole = QRectF(0, 3, self.width(), _HEIGHT)
        shape = QPainterPath()
        shape.addRoundedRect(whole, 4, 4)
        painter.setClipPath(shape)
        painter.fillRect(whole, theme.colour("line"))
        colours = theme.series_colours()
        left = 0.0
        for part in self._parts:
            painter.fillRect(QRectF(left, 3, part.size * scale, _HEIGHT), colours[part.colour % len(colours)])
            left += part.size * scale
        painter.setClipping(False)
        if needed > self._free:
            painter.setPen(QPen(theme.colour("bad"), 2))
            painter.drawLine(round(self._free * scale), 0, round(self._free * scale), _HEIGHT + 6)


class _Entry(QWidget):
    """A part's colour, name and size."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        dot = QLabel()
        dot.setFixedSize(_DOT, _DOT)

        def paint() -> None:
            colours = theme.series_colours()
            colour = colours[part.colour % len(colours)].name()
            dot.setStyleSheet(f"background: {colour}; border-radius: 2px;")

        theme.on_change(dot, paint)
        words = QLabel(f"{part.name} {part.words}")
        words.setProperty("kind", "secondary")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.LABEL)
        row.addWidget(dot)
        row.addWidget(words)


def _label(kind: str = "") -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if kind:
        label.setProperty("kind", kind)
    return label
