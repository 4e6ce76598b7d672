"""What the model says to held-out examples, with a slider along the evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QSlider, QVBoxLayout, QWidget

from app import format
from app.theme import CONTROL_HEIGHT, SPACE
from app.widgets.card import Card
from app.widgets.sample_block import SampleBlock
from core.runs.events import Sample


class SamplesView(Card):
    """Follows the newest evaluation until the user moves the slider away from it."""

    choose_wanted = Signal()
    """The user wants to choose the examples that are answered."""
    looked_back = Signal(object)
    """(int, or None): the earlier step whose answers the user looks at; None while the newest are shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What the model says", parent)
        self._samples: dict[int, list[Sample]] = {}
        self._losses: Mapping[int, float] = {}
        self._back: int | None = None
        self._blocks: list[SampleBlock] = []
        self._at = QLabel()
        self._at.setProperty("kind", "secondary")
        self.choose = QPushButton("Choose…")
        self.choose.setProperty("kind", "link")
        self.choose.setToolTip("Choose the held-out examples that the model answers in the next runs")
        self.choose.clicked.connect(self.choose_wanted)
        act = QWidget()
        act.setFixedHeight(CONTROL_HEIGHT)  # as high as the heading of the chart beside it
        beside = QVBoxLayout(act)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.choose)
        self.add_act(act)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Evaluation")
        self.slider.setPageStep(1)
        self.slider.setToolTip(
            "Goes through the evaluations (Alt+Left, Alt+Right); the first one is of the untrained model"
        )
        self._marks = QLabel("Marked words differ from what was expected.")
        self._marks.setProperty("kind", "secondary")
        self._marks.setWordWrap(True)
        self.slider.valueChanged.connect(self._show)
        self._empty = QLabel()
        self._empty.setProperty("kind", "secondary")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, SPACE.UNIT, 0)
        self._list.setSpacing(SPACE.FIELD)
        self._list.addWidget(self._marks)
        self._list.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName("Answers")
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        content.setProperty("kind", "scrolled")
        content.setLayout(self._list)
        self._scroll.setWidget(content)
        self.body.setSpacing(SPACE.HALF)
        self.body.addWidget(self.slider)
        self.body.addWidget(self._at)
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

    def set_samples(self, samples: Mapping[int, Sequence[Sample]], losses: Mapping[int, float] | None = None) -> None:
        """Take the answers by step, in the order of their examples, and the held-out losses by step."""
        self._losses = losses or {}
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
        self._marks.setVisible(bool(steps))
        self._show()

    @property
    def step(self) -> int | None:
        """The step whose answers are shown."""
        steps = list(self._samples)
        return steps[self.slider.value()] if steps else None

    def go(self, steps: int) -> None:
        """Show the answers so many evaluations later, or earlier."""
        self.slider.setValue(self.slider.value() + steps)

    def _show(self, *_: object) -> None:
        step = self.step
        back = step if self.slider.value() < self.slider.maximum() else None
        if back != self._back:
            self._back = back
            self.looked_back.emit(back)
        if step is None:
            self._at.setText("")
            self._at.hide()
            return
        self._at.show()
        words = "Before training" if step == 0 else f"Step {format.count(step)}"
        loss = self._losses.get(step)
        self._at.setText(words if loss is None else f"{words}  ·  held-out {format.loss(loss)}")
        answers = self._samples[step]
        self._have_blocks(len(answers))
        for block, sample in zip(self._blocks, answers, strict=False):
            block.set(sample)

    def _have_blocks(self, amount: int) -> None:
        while len(self._blocks) < amount:
            block = SampleBlock()
            block.line.setVisible(bool(self._blocks))
            self._blocks.append(block)
            self._list.insertWidget(len(self._blocks) - 1, block)
        for number, block in enumerate(self._blocks):
            block.setVisible(number < amount)
