"""A drop-down list of values with words; the wheel scrolls the page, not the choice."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

_FEWEST_LETTERS = 8  # where room is short; the list that opens shows all of them


class ChoiceField(QComboBox):
    """Choices are ``{value: words}``; a line can part the first few from the others."""

    value_changed = Signal(str)
    """The user chose this value."""

    def __init__(self, name: str, choices: dict[str, str], parent: QWidget | None = None, *, first: int = 0) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_FEWEST_LETTERS)
        for value, words in choices.items():
            self.addItem(words, value)
        if 0 < first < len(choices):
            self.insertSeparator(first)
        self.activated.connect(lambda _index: self.value_changed.emit(self.value))

    @property
    def value(self) -> str:
        """The chosen value; empty when there is none."""
        return str(self.currentData() or "")

    def set_value(self, value: str) -> None:
        """Choose without a signal."""
        self.setCurrentIndex(self.findData(value))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As the style draws it, but words that are too long end in an ellipsis."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        place = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, place.width() - 2
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()
