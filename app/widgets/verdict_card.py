"""The verdict: a sentence with its sign, the evidence under it, and what to do next, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.advice_card import link

Tone = Literal["good", "warn", "bad", "information"]
_SIGNS: dict[Tone, str] = {"good": "good", "warn": "warning", "bad": "problem", "information": "information"}


@dataclass(frozen=True, slots=True)
class NextWords:
    """A thing to do next: what, why, and the words of the button that leads there (empty: none)."""

    id: str
    title: str
    reason: str
    act: str = ""


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """All that the card says."""

    tone: Tone
    sentence: str
    lines: Sequence[str]
    next: Sequence[NextWords]


class VerdictCard(QFrame):
    """It is told the words; it judges nothing."""

    next_wanted = Signal(str)
    """(id of a thing to do next)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._words: VerdictWords | None = None
        self._sign = QLabel()
        self._sentence = _label(kind="heading")
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._sentence, 1)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(SPACE.HALF)
        self._next_title = _label("What to do next")
        self._next_title.setFont(theme.ui_font(strong=True))
        self._next = QVBoxLayout()
        self._next.setSpacing(SPACE.UNIT)
        self.buttons: dict[str, QPushButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.CARD, SPACE.CARD, SPACE.CARD, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        column.addLayout(head)
        column.addLayout(self._lines)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(self._next_title)
        column.addLayout(self._next)
        theme.on_change(self, self._draw_sign)

    @property
    def sentence(self) -> str:
        """The verdict."""
        return self._sentence.text()

    @property
    def words(self) -> VerdictWords | None:
        """All that it says."""
        return self._words

    def show_words(self, words: VerdictWords) -> None:
        """Say this."""
        if words == self._words:
            return
        self._words = words
        self._sentence.setText(words.sentence)
        self.setAccessibleName(f"Verdict: {words.sentence}")
        self._draw_sign()
        _clear(self._lines)
        for line in words.lines:
            label = _label(line)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._lines.addWidget(label)
        _clear(self._next)
        self.buttons.clear()
        for item in words.next:
            self._next.addWidget(self._entry(item))
        self._next_title.setVisible(bool(words.next))

    def _entry(self, item: NextWords) -> QWidget:
        title = _label(item.title)
        title.setFont(theme.ui_font(strong=True))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(title)
        words.addWidget(_label(item.reason, kind="secondary"))
        entry = QWidget()
        row = QHBoxLayout(entry)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.GAP)
        row.addLayout(words, 1)
        if item.act:
            button = self.buttons[item.id] = link(item.act)
            button.setAccessibleDescription(item.reason)
            button.clicked.connect(lambda: self.next_wanted.emit(item.id))
            row.addWidget(button)
        return entry

    def _draw_sign(self) -> None:
        if self._words is not None:
            tone = self._words.tone
            self._sign.setPixmap(theme.icon(_SIGNS[tone], tone).pixmap(24, 24))


def _label(text: str = "", *, kind: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if kind:
        label.setProperty("kind", kind)
    return label


def _clear(layout: QVBoxLayout) -> None:
    while item := layout.takeAt(0):
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
