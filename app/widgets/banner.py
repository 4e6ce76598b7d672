"""A message that stays where its cause is, until it is solved or closed."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from core.errors import UserError

Tone = Literal["bad", "warn", "good", "information"]
_SIGNS: dict[Tone, str] = {"bad": "problem", "warn": "warning", "good": "good", "information": "information"}


class Banner(QFrame):
    """Title and text with a sign, an optional act and a close button; hidden while it has nothing to say."""

    acted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "banner")
        self._details = ""
        self._tone: Tone = "information"
        self._sign = QLabel()
        self._title = QLabel()
        self._title.setWordWrap(True)
        self._title.setFont(theme.ui_font(strong=True))
        self._text = QLabel()
        self._text.setWordWrap(True)
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._act = QPushButton()
        self._act.clicked.connect(self.acted)
        self._copy = QPushButton("Copy details")
        self._copy.setProperty("kind", "quiet")
        self._copy.clicked.connect(self._copy_details)
        self._close = QToolButton()
        self._close.setIcon(theme.icon("close", "secondary"))
        self._close.setAccessibleName("Close this message")
        self._close.clicked.connect(self.dismiss)
        self._arrange()
        theme.on_change(self, self._draw_sign)
        self.hide()

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.UNIT, SPACE.UNIT)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        for button in (self._copy, self._act, self._close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def title(self) -> str:
        """What it says in its first line; empty while hidden."""
        return "" if self.isHidden() else self._title.text()

    def say(self, title: str, text: str = "", *, tone: Tone = "information", act: str = "", details: str = "") -> None:
        """Show a message; ``act`` is the words of a button that emits ``acted``."""
        self._details = details
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._tone = tone
        self._draw_sign()
        self._act.setText(act)
        self._act.setVisible(bool(act))
        self._copy.setVisible(bool(details))
        self.setAccessibleName(" ".join(part for part in (title, text) if part))
        theme.set_look(self, tone=tone)
        self.show()

    def show_problem(self, error: UserError, *, act: str = "") -> None:
        """Show what happened, why, and what to do."""
        text = " ".join(part for part in (error.reason, error.hint) if part)
        self.say(error.title, text, tone="bad", act=act, details=error.details)

    def clear(self) -> None:
        """Have nothing to say."""
        self.hide()

    def dismiss(self) -> None:
        """Close it as the user does."""
        self.hide()
        self.closed.emit()

    def _draw_sign(self) -> None:
        self._sign.setPixmap(theme.icon(_SIGNS[self._tone], self._tone).pixmap(20, 20))

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._title.text()}\n{self._text.text()}\n\n{self._details}")
