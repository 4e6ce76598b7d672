"""One held-out example in a run: what was asked, what the model says to it, what was expected; differences marked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.marked_text import MarkedText, Span
from core.dataset.word_diff import Piece, differences, words
from core.runs.events import Sample

_LONGEST = 1200
_BLANK_LINES = re.compile(r"\n\s*\n")
_NOTHING = "(nothing)"


class SampleBlock(QWidget):
    """Both answers stay readable: words that the other one has not are marked in each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sample: Sample | None = None
        self.prompt = QLabel()
        self.prompt.setTextFormat(Qt.TextFormat.PlainText)
        self.prompt.setWordWrap(True)
        self.prompt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.prompt.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.said = MarkedText("The model says", "bad")
        self.expected = MarkedText("Expected", "good")
        self.said_head, self.expected_head = _head("The model says"), _head("Expected")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.line = QFrame()
        self.line.setProperty("kind", "line")
        layout.addWidget(self.line)
        layout.addSpacing(SPACE.UNIT)
        heads = (_head("Asked"), self.said_head, self.expected_head)
        for head, text in zip(heads, (self.prompt, self.said, self.expected), strict=True):
            layout.addWidget(head)
            layout.addWidget(text)
            layout.addSpacing(SPACE.HALF)

    def set(self, sample: Sample) -> None:
        """Show another answer."""
        if sample == self._sample:
            return
        self._sample = sample
        self.prompt.setText(_cut(_BLANK_LINES.sub("\n", sample.prompt)))
        said, expected = _cut(sample.text), _cut(sample.expected)
        pieces = differences(expected, said)
        self.said.set_spans(spans(pieces, "new") if said else [(_NOTHING, False)])
        self.expected.set_spans(spans(pieces, "gone"))
        self.said_head.setText(f"The model says  ·  {agreement(pieces)}")
        self.setAccessibleName(f"Example {sample.example}")


def spans(pieces: list[Piece], kind: str) -> list[Span]:
    """One of the two texts that were compared, its own pieces marked: "gone" for the old one, "new" for the new."""
    found: list[Span] = []
    for piece in pieces:
        if piece.kind == "same":
            found.append((piece.text, False))
        elif piece.kind == kind:  # the air around words is not marked
            core = piece.text.strip()
            before, _, after = piece.text.partition(core) if core else (piece.text, "", "")
            found += [(text, text == core) for text in (before, core, after) if text]
    return found


def agreement(pieces: list[Piece]) -> str:
    """How much of what was expected was said, in words."""
    if all(piece.kind == "same" for piece in pieces):
        return "as expected"
    same = _count(piece.text for piece in pieces if piece.kind == "same")
    expected = same + _count(piece.text for piece in pieces if piece.kind == "gone")
    return f"{format.count(same)} of {format.plural(expected, 'word')} as expected"


def _count(texts: Iterable[str]) -> int:
    return sum(1 for text in texts for word in words(text) if any(letter.isalnum() for letter in word))


def _head(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "secondary")
    label.setWordWrap(True)  # else the words ask for a width that the scroll area does not have
    return label


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
