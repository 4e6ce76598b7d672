"""The head of the Train page: which run, what it is doing, how far it is, and the buttons that act on it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.state_mark import StateMark

_PARTS = 1000


@dataclass(frozen=True, slots=True)
class HeadWords:
    """All that the head shows. ``share`` is None while nobody knows how far it is, and -1 where no bar is wanted."""

    name: str
    state: str
    state_words: str
    detail: str
    left: str = ""
    share: float | None = None
    can_pause: bool = False
    can_stop: bool = False
    can_force: bool = False
    can_resume: bool = False
    resume_words: str = "Resume"
    can_use: bool = False


class RunHead(QFrame):
    """It shows words that others make, and says which button was clicked."""

    pause_wanted = Signal()
    stop_wanted = Signal()
    force_wanted = Signal()
    resume_wanted = Signal()
    use_wanted = Signal()
    compare_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._name = ElidedLabel()
        self._name.setProperty("kind", "heading")
        self._state = StateMark()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the run")
        self._detail = ElidedLabel()
        self._detail.setProperty("kind", "secondary")
        self._left = QLabel()
        self._left.setProperty("kind", "secondary")
        self.pause = self._button("Pause", "pause", self.pause_wanted, "Saves a checkpoint and frees the memory")
        self.stop = self._button("Stop", "stop", self.stop_wanted, "Saves a checkpoint and the adapter, and ends")
        self.force = self._button("End it now", "", self.force_wanted, "Ends the process; it keeps its last checkpoint")
        self.force.setProperty("kind", "danger")
        self.resume = self._button("Resume", "play", self.resume_wanted, "Goes on from the last checkpoint")
        self.compare = self._button("Did it help?", "", self.compare_wanted, "Compares it with your best prompt")
        self.use = self._button("See the adapter", "", self.use_wanted, "Chat with it and export it")
        for button in (self.compare, self.use):  # what comes next, in either order
            button.setProperty("kind", "primary")
        self._arrange()

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SPACE.UNIT)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        top.addLayout(words, 1)
        for button in (self.force, self.pause, self.stop, self.resume, self.compare, self.use):
            top.addWidget(button)
        below = QHBoxLayout()
        below.setSpacing(SPACE.CARD)
        below.addWidget(self._state)
        below.addWidget(self._detail, 1)
        below.addWidget(self._left)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.CARD, SPACE.FIELD, SPACE.CARD, SPACE.FIELD)
        layout.setSpacing(SPACE.UNIT)
        layout.addLayout(top)
        layout.addWidget(self._bar)
        layout.addLayout(below)

    def _button(self, words: str, icon: str, wanted: Signal, tip: str) -> QPushButton:
        button = QPushButton(words)
        if icon:
            button.setIcon(theme.icon(icon))
        button.setToolTip(tip)
        button.clicked.connect(wanted)
        return button

    def show_words(self, words: HeadWords) -> None:
        """Show a state of the run."""
        self._name.setText(words.name)
        self._state.set(words.state, words.state_words)
        self._detail.setText(words.detail)
        self._left.setText(words.left)
        self._bar.setVisible(words.share is None or words.share >= 0)
        if words.share is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, _PARTS)
            self._bar.setValue(round(_PARTS * max(0.0, words.share)))
        self.pause.setVisible(words.can_pause)
        self.stop.setVisible(words.can_stop)
        self.force.setVisible(words.can_force)
        self.resume.setVisible(words.can_resume)
        self.resume.setText(words.resume_words)
        kind = "" if words.can_use else "primary"
        if self.resume.property("kind") != kind:
            theme.set_kind(self.resume, kind)
            self.resume.setIcon(theme.icon("play", "on_accent" if kind else "text"))
        self.compare.setVisible(words.can_use)
        self.use.setVisible(words.can_use)
