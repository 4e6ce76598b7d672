"""What the model says to held-out examples, with a slider along the evaluations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app import format
from app.theme import CONTROL_HEIGHT, SPACE
from app.widgets.card import Card
from core.runs.events import Sample

_LONGEST = 1200
_BLANK_LINES = re.compile(r"\n\s*\n")


class SampleBlock(QWidget):
    """One held-out example: prompt, expected answer, the model's answer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.prompt, self.expected, self.said = _text(), _text(), _text()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.line = QFrame()
        self.line.setProperty("kind", "line")
        layout.addWidget(self.line)
        layout.addSpacing(SPACE.UNIT)
        for name, label in (("Asked", self.prompt), ("The model says", self.said), ("Expected", self.expected)):
            head = QLabel(name)
            head.setProperty("kind", "secondary")
            layout.addWidget(head)
            layout.addWidget(label)
            layout.addSpacing(SPACE.HALF)

    def set(self, sample: Sample) -> None:
        """Show another answer."""
        self.prompt.setText(_cut(_BLANK_LINES.sub("\n", sample.prompt)))
        self.expected.setText(_cut(sample.expected))
        self.said.setText(_cut(sample.text) or "(nothing)")
        self.setAccessibleName(f"Example {sample.example}")


class SamplesView(Card):
    """Follows the newest evaluation until the user moves the slider away from it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What the model says", parent)
        self._samples: dict[int, list[Sample]] = {}
        self._blocks: list[SampleBlock] = []
        self._at = QLabel()
        self._at.setProperty("kind", "secondary")
        self._at.setMinimumHeight(CONTROL_HEIGHT)  # as high as the heading of the chart beside it
        self.add_act(self._at)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Evaluation")
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._show)
        self._empty = QLabel()
        self._empty.setProperty("kind", "secondary")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, SPACE.UNIT, 0)
        self._list.setSpacing(SPACE.FIELD)
        self._list.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName("Answers")
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        content.setProperty("kind", "scrolled")
        content.setLayout(self._list)
        self._scroll.setWidget(content)
        row = QHBoxLayout()
        row.addWidget(self.slider)
        self.body.setSpacing(SPACE.UNIT)
        self.body.addLayout(row)
        self.body.addWidget(self._empty, 1)
        self.body.addWidget(self._scroll, 1)
        self.clear("")

    def clear(self, words: str) -> None:
        """Show no answers, and say why."""
        self.set_empty(words)
        self.set_samples({})

    def set_empty(self, words: str) -> None:
        """What to say while there are no answers."""
        self._empty.setText(words)

    def set_samples(self, samples: dict[int, Sequence[Sample]]) -> None:
        """Take the answers by step, in the order of their examples."""
        followed = self.slider.value() == self.slider.maximum()
        steps = sorted(step for step, answers in samples.items() if answers)
        self._samples = {step: list(samples[step]) for step in steps}
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(steps) - 1))
        if followed:
            self.slider.setValue(self.slider.maximum())
        self.slider.blockSignals(False)
        self.slider.setVisible(len(steps) > 1)
        self._empty.setVisible(not steps)
        self._scroll.setVisible(bool(steps))
        self._show()

    @property
    def step(self) -> int | None:
        """The step whose answers are shown."""
        steps = list(self._samples)
        return steps[self.slider.value()] if steps else None

    def _show(self, *_: object) -> None:
        step = self.step
        if step is None:
            self._at.setText("")
            return
        self._at.setText("Before training" if step == 0 else f"Step {format.count(step)}")
        answers = self._samples[step]
        self._have_blocks(len(answers))
        for block, sample in zip(self._blocks, answers, strict=False):
            block.set(sample)

    def _have_blocks(self, amount: int) -> None:
        while len(self._blocks) < amount:
            block = SampleBlock()
            block.line.setVisible(bool(self._blocks))
            self._blocks.append(block)
            self._list.insertWidget(self._list.count() - 1, block)
        for number, block in enumerate(self._blocks):
            block.setVisible(number < amount)


def _text() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    return label


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
