"""One example with what was expected and what each system answered, side by side; what nobody expected is marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.advice_card import link
from app.widgets.elided_label import ElidedLabel
from app.widgets.marked_text import MarkedText
from app.widgets.sample_block import agreement, spans
from core.dataset.word_diff import differences

_LONGEST = 4000
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """A system's answer, and a remark on it (its score); ``missing`` is said where ``text`` is None."""

    title: str
    text: str | None
    remark: str = ""
    missing: str = "No answer yet."


@dataclass(frozen=True, slots=True)
class BlockWords:
    """An example with its answers."""

    id: int
    heading: str
    prompt: str
    expected: str
    answers: Sequence[AnswerWords]


class AnswerBlock(QFrame):
    """Columns of equal width: what was expected first, then each system."""

    open_wanted = Signal(int)
    """(number of the example): show it in the editor."""

    def __init__(self, words: BlockWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setAccessibleName(words.heading)
        self.words = words
        heading = QLabel(words.heading)
        heading.setProperty("kind", "secondary")
        self.open = link("Open in the editor")
        self.open.setAccessibleName(f"Open in the editor: {words.heading}")
        self.open.clicked.connect(lambda: self.open_wanted.emit(words.id))
        head = QHBoxLayout()
        head.addWidget(heading, 1)
        head.addWidget(self.open)
        prompt = QLabel(_cut(_BLANK_LINES.sub("\n", words.prompt)))
        prompt.setTextFormat(Qt.TextFormat.PlainText)
        prompt.setWordWrap(True)
        prompt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        prompt.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.texts: list[MarkedText] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE.GAP)
        self._grid.setVerticalSpacing(2)
        self._add(0, "Expected", words.expected, "")
        for column, answer in enumerate(words.answers, start=1):
            self._add(column, answer.title, answer.text, answer.remark, against=words.expected, missing=answer.missing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.CARD, SPACE.FIELD, SPACE.CARD, SPACE.CARD)
        layout.setSpacing(SPACE.UNIT)
        layout.addLayout(head)
        layout.addWidget(prompt)
        layout.addLayout(self._grid)

    def _add(
        self,
        column: int,
        title: str,
        text: str | None,
        remark: str,
        *,
        against: str | None = None,
        missing: str = "",
    ) -> None:
        name = ElidedLabel(title)
        name.setProperty("kind", "secondary")
        shown = MarkedText(title, "bad")
        words = remark
        if text is None:
            shown.set_spans([(missing, False)])
        elif not text.strip():
            shown.set_spans([("(nothing)", False)])
        elif against is None:
            shown.set_spans([(_cut(text), False)])
        else:
            pieces = differences(_cut(against), _cut(text))
            shown.set_spans(spans(pieces, "new"))
            words = f"{agreement(pieces)}\n{remark}".strip()
        under = QLabel(words)
        under.setProperty("kind", "secondary")
        under.setWordWrap(True)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(name, 0, column)
        self._grid.addWidget(shown, 1, column, top)
        self._grid.addWidget(under, 2, column, top)
        self._grid.setColumnStretch(column, 1)
        self._grid.setColumnMinimumWidth(column, 120)
        self.texts.append(shown)


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
