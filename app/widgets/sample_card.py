"""One sample data set: what it teaches, and a button that makes a project with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from app.theme import SPACE
from app.widgets.card import Card


class SampleCard(Card):
    """The description takes the room; the button stays at the bottom."""

    chosen = Signal()

    def __init__(self, title: str, description: str, style_words: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.body.setSpacing(SPACE.UNIT)
        words = QLabel(description)
        words.setWordWrap(True)
        self.body.addWidget(words)
        if style_words:
            style = QLabel(style_words)
            style.setWordWrap(True)
            style.setProperty("kind", "secondary")
            self.body.addWidget(style)
        self.body.addStretch(1)
        self.button = QPushButton("Use this sample")
        self.button.setAccessibleName(f"Use the sample {title}")
        self.button.clicked.connect(self.chosen)
        self.body.addWidget(self.button)
