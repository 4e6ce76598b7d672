"""What a place shows while it has nothing: what it is for, and the one next step."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE


class EmptyState(QWidget):
    """A sign, a sentence, an explanation and at most two buttons, in the middle of the free room."""

    acted = Signal()
    acted_second = Signal()

    def __init__(
        self, sign: str, title: str, text: str, act: str = "", second_act: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._sign = QLabel()
        theme.on_change(self, lambda: self._sign.setPixmap(theme.icon(sign, "accent").pixmap(40, 40)))
        self._title = QLabel(title)
        self._title.setProperty("kind", "heading")
        self._text = QLabel(text)
        for label in (self._title, self._text):  # what a user searched for may stand in it
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setMaximumWidth(460)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.button = QPushButton(act)
        self.button.setProperty("kind", "primary")
        self.button.setVisible(bool(act))
        self.button.clicked.connect(self.acted)
        self.second_button = QPushButton(second_act)
        self.second_button.setVisible(bool(second_act))
        self.second_button.clicked.connect(self.acted_second)
        centre = Qt.AlignmentFlag.AlignHCenter
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(self.second_button)
        buttons.addWidget(self.button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE.UNIT)
        layout.addStretch(2)
        layout.addWidget(self._sign, 0, centre)
        layout.addWidget(self._title, 0, centre)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._text, 4)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addSpacing(SPACE.UNIT)
        layout.addLayout(buttons)
        layout.addStretch(3)

    def set_words(self, title: str, text: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._text.setText(text)
