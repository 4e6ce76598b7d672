"""The head of a comparison: which one is shown, which part of it, and which adapter the verdict is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import format, theme
from app.theme import SPACE
from app.widgets.segments import Segments


class ComparisonHead(QWidget):
    """It is told what there is."""

    PARTS: ClassVar[dict[str, str]] = {
        "verdict": "Verdict",
        "answers": "Answers",
        "blind": "Blind test",
        "hard": "Hard rows",
    }

    new_wanted = Signal()
    remove_wanted = Signal()
    past_chosen = Signal(str)
    """(name of a comparison)"""
    part_chosen = Signal(str)
    """(one of PARTS)"""
    adapter_chosen = Signal(str)
    """(key of an adapter): the verdict on this one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.past = _box("Comparison")
        self.adapter = _box("Verdict on")
        self._about = QLabel("Verdict on")
        self._about.setProperty("kind", "secondary")
        self.parts = Segments(self.PARTS, "Part")
        self.parts.chosen.connect(self.part_chosen)
        self.past.activated.connect(lambda _: self.past_chosen.emit(str(self.past.currentData())))
        self.adapter.activated.connect(lambda _: self.adapter_chosen.emit(str(self.adapter.currentData())))
        upper, lower = QHBoxLayout(), QHBoxLayout()
        self.new = QPushButton("New comparison…")
        self.new.setToolTip("Choose adapters, the prompt, and how many held-out examples are answered")
        self.new.clicked.connect(self.new_wanted)
        upper.setSpacing(SPACE.UNIT)
        upper.addWidget(self.past, 1)
        self.remove = QToolButton()
        self.remove.setIcon(theme.icon("delete", "secondary"))
        self.remove.setToolTip("Remove this comparison, its answers and votes; can be undone")
        self.remove.setAccessibleName("Remove this comparison")
        self.remove.clicked.connect(self.remove_wanted)
        upper.addWidget(self.remove)
        upper.addWidget(self.new)
        lower.setSpacing(SPACE.UNIT)
        lower.addWidget(self.parts)
        lower.addStretch(1)
        lower.addWidget(self._about)
        lower.addWidget(self.adapter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addLayout(upper)
        column.addLayout(lower)
        self.set_adapters({}, "")

    def set_past(self, past: Sequence[tuple[str, str]]) -> None:
        """List the comparisons: names and words."""
        _fill(self.past, dict(past), str(self.past.currentData()))

    def set_chosen(self, name: str) -> None:
        """Say which comparison is shown."""
        with QSignalBlocker(self.past):
            self.past.setCurrentIndex(self.past.findData(name))

    def set_adapters(self, adapters: Mapping[str, str], chosen: str) -> None:
        """Offer the adapters of the comparison, if there are several."""
        _fill(self.adapter, adapters, chosen)
        for widget in (self._about, self.adapter):
            widget.setVisible(len(adapters) > 1)

    def set_part(self, part: str) -> None:
        """Say which part is shown."""
        self.parts.set_value(part)

    def set_amounts(self, *, answers: int, hard: int) -> None:
        """Say how many examples and hard rows there are."""
        self.parts.set_words("answers", f"Answers ({format.count(answers)})" if answers else "Answers")
        self.parts.set_words("hard", f"Hard rows ({format.count(hard)})" if hard else "Hard rows")


def _box(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(24)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def _fill(box: QComboBox, choices: Mapping[str, str], chosen: str) -> None:
    known = {str(box.itemData(row)): box.itemText(row) for row in range(box.count())}
    with QSignalBlocker(box):
        if known != dict(choices):
            box.clear()
            for value, words in choices.items():
                box.addItem(words, value)
        box.setCurrentIndex(box.findData(chosen))
