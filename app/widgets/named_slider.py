"""A slider with its name before it and what it stands at behind it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from app.theme import SPACE


class NamedSlider(QWidget):
    """Stands at one of several texts; the arrow keys move it."""

    moved = Signal(int)
    """The user moved it to this place."""

    def __init__(self, name: str, texts: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = QLabel(name)
        self._name.setProperty("kind", "secondary")
        self._value = QLabel()
        self._value.setProperty("kind", "secondary")
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.slider = _Slider()
        self._name.setBuddy(self.slider)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._name)
        row.addWidget(self.slider, 1)
        row.addWidget(self._value)
        self.slider.valueChanged.connect(self._on_moved)
        self.set_texts(texts)

    @property
    def place(self) -> int:
        """Where it stands."""
        return self.slider.value()

    @property
    def text(self) -> str:
        """What it stands at."""
        return self._texts[self.place]

    def set_texts(self, texts: Sequence[str]) -> None:
        """Offer other places."""
        self._texts = list(texts)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, len(self._texts) - 1))
            self.slider.setPageStep(max(1, len(self._texts) // 8))
        metrics = self._value.fontMetrics()
        self._value.setMinimumWidth(max(metrics.horizontalAdvance(text) for text in self._texts) + 2)
        self._show()

    def set_place(self, place: int) -> None:
        """Move it without a signal."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(place)
        self._show()

    def _on_moved(self, place: int) -> None:
        self._show()
        self.moved.emit(place)

    def _show(self) -> None:
        self._value.setText(self.text)
        self.slider.setAccessibleName(f"{self._name.text()}: {self.text}")


class _Slider(QSlider):
    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setMinimumWidth(48)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()
