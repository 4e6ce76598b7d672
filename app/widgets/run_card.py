"""What the next run would be, what stands in its way, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.counting_bar import CountingBar
from app.widgets.memory_view import MemoryView

if TYPE_CHECKING:
    from core.dataset.review import Progress

ADAPTER_BYTES = 4  # a trained number is kept in 32 bits


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know before the run. ``link`` is where a click leads; a problem keeps the run from starting.

    One that ``passes`` (another run is being trained) does not keep it from waiting in the queue. One that nobody may
    miss stands ``by_button``.
    """

    text: str
    link: str = ""
    link_words: str = ""
    is_problem: bool = False
    passes: bool = False
    by_button: bool = False


class RunCard(Card):
    """It is told everything; it knows no recipe.

    Its ``button``, ``queue_button`` and the remarks ``by_button`` are for the owner to place, where they stay in sight.
    """

    train_clicked = Signal()
    queue_clicked = Signal()
    link_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This run", parent)
        self.parameters = QLabel(format.NOTHING)
        self.parameters.setFont(theme.ui_font("title", strong=True))
        self._share = _small("")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName("Share of the model that is trained")
        self.plan = QLabel()
        self.plan.setWordWrap(True)
        self._remarks = QVBoxLayout()
        self._remarks.setSpacing(SPACE.UNIT)
        self.button = QPushButton("Train")
        self.button.setProperty("kind", "primary")
        self.button.setToolTip("Freezes examples and settings into a new run and trains it (Ctrl+Shift+T)")
        self.button.clicked.connect(self.train_clicked)
        self.queue_button = QPushButton("Add to queue")
        self.queue_button.setToolTip("Freezes examples and settings into a run that waits for its turn")
        self.queue_button.clicked.connect(self.queue_clicked)
        self.by_button = QWidget()
        self._urgent = QVBoxLayout(self.by_button)
        self._urgent.setContentsMargins(0, 0, 0, 0)
        self._urgent.setSpacing(SPACE.UNIT)
        self.by_button.hide()
        top = QVBoxLayout()
        top.setSpacing(2)
        top.addWidget(_small("Trainable parameters"))
        top.addWidget(self.parameters)
        top.addWidget(self._bar)
        top.addSpacing(2)
        top.addWidget(self._share)
        self.memory = MemoryView()
        self.body.addLayout(top)
        self.body.addWidget(_line())
        self.body.addWidget(self.memory)
        self.body.addWidget(_line())
        below = QVBoxLayout()
        below.setSpacing(SPACE.LABEL)
        below.addWidget(_small("What will happen"))
        below.addWidget(self.plan)
        self.body.addLayout(below)
        self.checking = CountingBar()
        self.body.addWidget(self.checking)
        self.body.addLayout(self._remarks)
        self._shown: list[Remark] = []

    @property
    def remarks(self) -> list[Remark]:
        """What it says before the run."""
        return list(self._shown)

    def add_under_memory(self, widget: QWidget) -> None:
        """Put a widget under what is said of the memory."""
        self.body.insertWidget(self.body.indexOf(self.memory) + 1, widget)

    def set_parameters(self, trainable: int | None, total: int) -> None:
        """Show how many numbers are trained, and of how many; None while that is not known."""
        self._bar.setVisible(trainable is not None)
        if trainable is None:
            self.parameters.setText(format.NOTHING)
            self._share.setText("Known as soon as the base model has been read.")
            return
        share = trainable / total if total else 0.0
        self.parameters.setText(format.count(trainable))
        self._bar.setValue(max(1, round(1000 * share)))
        size = format.size(trainable * ADAPTER_BYTES)
        self._share.setText(
            f"{100 * share:.2g} % of the model's {format.count(total)}. The adapter will be about {size}."
        )

    def set_plan(self, sentences: Sequence[str]) -> None:
        """Say in short sentences what the run will do."""
        self.plan.setText("\n".join(sentences))

    def show_checking(self, progress: Progress | None) -> None:
        """Say how the check of the examples goes; None when it has ended."""
        if progress is None:
            self.checking.stop()
            return
        if self.checking.isHidden():
            self.checking.begin("Checking the examples")
        self.checking.tell("Checking the examples", progress.done, progress.total)

    def set_remarks(self, remarks: Sequence[Remark]) -> None:
        """Show problems (which disable the button) and warnings."""
        ordered = sorted(remarks, key=lambda remark: not remark.is_problem)
        if ordered != self._shown:
            self._shown = ordered
            for layout in (self._remarks, self._urgent):
                while item := layout.takeAt(0):
                    if item.widget() is not None:
                        item.widget().deleteLater()
            for remark in ordered:
                layout = self._urgent if remark.by_button else self._remarks
                layout.addWidget(self._make_remark(remark))
            self.by_button.setVisible(any(remark.by_button for remark in ordered))
        problems = [remark for remark in ordered if remark.is_problem]
        self.button.setEnabled(not problems)
        self.queue_button.setEnabled(all(remark.passes for remark in problems))

    def set_words(self, words: str) -> None:
        """Change what the button says."""
        self.button.setText(words)

    def _make_remark(self, remark: Remark) -> QWidget:
        sign = QLabel()
        tone = ("problem", "bad") if remark.is_problem else ("warning", "warn")
        theme.on_change(sign, lambda: sign.setPixmap(theme.icon(*tone).pixmap(18, 18)))
        words = QLabel(remark.text)
        words.setWordWrap(True)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(words)
        if remark.link:
            link = QPushButton(remark.link_words)
            link.setProperty("kind", "link")
            link.setCursor(Qt.CursorShape.PointingHandCursor)
            link.clicked.connect(lambda: self.link_clicked.emit(remark.link))
            column.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        widget = QWidget()
        row = QHBoxLayout(widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        return widget


def _small(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "secondary")
    label.setWordWrap(True)
    return label


def _line() -> QWidget:
    line = QFrame()
    line.setProperty("kind", "line")
    return line
