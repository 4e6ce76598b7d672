"""A field for a whole number; the wheel scrolls the page, not the number."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget


class IntegerField(QSpinBox):
    """A number is taken with Enter, on leaving the field, or by a step."""

    value_changed = Signal(int)
    """The user confirmed another number."""

    def __init__(self, name: str, *, minimum: int, maximum: int, step: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(True)
        self.valueChanged.connect(self.value_changed)

    def set_value(self, value: int) -> None:
        """Show a number without a signal; what is being typed is left alone when it means the same."""
        if value != self.value():
            with QSignalBlocker(self):
                self.setValue(value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()
