"""A row of buttons of which one is chosen: All, Draft, Ready."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app import theme


class Segments(QFrame):
    """Choices are ``{value: words}``; Left and Right move between them."""

    chosen = Signal(str)
    """The value that the user chose."""

    def __init__(self, choices: dict[str, str], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "segments")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(1)
        for value, words in choices.items():
            button = _Segment(words)
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {words}")
            button.clicked.connect(lambda _checked, value=value: self.chosen.emit(value))
            self._buttons[value] = button
            self._group.addButton(button)
            row.addWidget(button)
        next(iter(self._buttons.values())).setChecked(True)

    @property
    def value(self) -> str:
        """The chosen value; empty when none is."""
        return next((value for value, button in self._buttons.items() if button.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Choose without a signal; an unknown value chooses none."""
        self._group.setExclusive(False)
        for key, button in self._buttons.items():
            button.setChecked(key == value)
        self._group.setExclusive(True)

    def set_words(self, value: str, words: str) -> None:
        """Change what one choice is called (a count, for example)."""
        self._buttons[value].setText(words)

    def button(self, value: str) -> QPushButton:
        """The button of a value."""
        return self._buttons[value]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrow keys."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        values = list(self._buttons)
        place = values.index(self.value) + step if self.value in values else 0
        button = self._buttons[values[place % len(values)]]
        button.setFocus(Qt.FocusReason.TabFocusReason)
        button.click()


class _Segment(QPushButton):
    """Always as wide as its words are when it is chosen, which are bold; so nothing is cut and nothing moves."""

    def sizeHint(self) -> QSize:
        """The usual size, and what bold words need more."""
        usual, strong = QFontMetrics(theme.ui_font()), QFontMetrics(theme.ui_font(strong=True))
        more = strong.horizontalAdvance(self.text()) - usual.horizontalAdvance(self.text())
        return super().sizeHint() + QSize(max(0, more), 0)

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return self.sizeHint()
