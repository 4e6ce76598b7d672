"""The queue on the screen: whether it goes on by itself, what is trained now, what waits, and what one can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.choice_field import ChoiceField
from app.widgets.elided_label import ElidedLabel
from app.widgets.empty_state import EmptyState
from app.widgets.queue_list import QueueList, QueueWords
from app.widgets.state_mark import StateMark

_EMPTY = (
    "Runs that wait here are trained one after another, also when the window is closed. Add the settings as they are, "
    "or let a sweep try several values of a setting."
)


@dataclass(frozen=True, slots=True)
class NowWords:
    """The run under way."""

    state: str
    state_words: str
    name: str
    detail: str
    can_act: bool


class QueuePanel(QWidget):
    """It shows words that others make, and says what the user wants.

    Signals: ``add_wanted``, ``sweep_wanted``, ``switch_wanted(bool)``, ``after_failure_chosen(str)``,
    ``moved(str, int)``, ``remove_wanted(list)``, ``duplicate_wanted(str)``, ``opened(str)`` (a waiting run by its
    key), ``show_now_wanted``, ``pause_wanted``, ``stop_wanted``.
    """

    add_wanted = Signal()
    sweep_wanted = Signal()
    switch_wanted = Signal(bool)
    after_failure_chosen = Signal(str)
    moved = Signal(str, int)
    remove_wanted = Signal(list)
    duplicate_wanted = Signal(str)
    opened = Signal(str)
    show_now_wanted = Signal()
    pause_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, after_failure: dict[str, str], parent: QWidget | None = None) -> None:
        """``after_failure`` are the choices for what follows a failure, with their words."""
        super().__init__(parent)
        self._on = False
        self._may_act = True
        self.words, self.note = QLabel(), QLabel()
        self.words.setProperty("kind", "heading")
        self.note.setProperty("kind", "secondary")
        for label in (self.words, self.note):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.sweep = _button("Sweep…", "", "Adds a run for each combination of the values of one to three settings")
        self.switch = _button("Start the queue", "", "")
        self.after_failure = ChoiceField("After a failure", after_failure)
        self.after_failure.setToolTip("Whether the next run starts when one has failed, or the queue is held")
        self.list = QueueList()
        self.up = _button("Up", "chevron-up", "Its turn comes earlier (Alt+Up)")
        self.down = _button("Down", "chevron-down", "Its turn comes later (Alt+Down)")
        self.duplicate = _button("Duplicate and change…", "duplicate", "Adds a run with the same examples")
        self.remove = _button("Remove", "delete", "Takes the chosen runs out of the queue (Delete)")
        self.pause = _button("Pause", "pause", "Saves a checkpoint, frees the memory, and holds the queue")
        self.stop = _button("Stop", "stop", "Saves a checkpoint and the adapter; the queue goes on with the next run")
        self.show_now = _button("Show it", "", "Loss, answers and log of this run")
        self.empty = EmptyState("clock", "Nothing waits", _EMPTY, "Add to queue", "Sweep…")
        self._lay_out()
        self._join()
        self._allow()

    def _lay_out(self) -> None:
        said = QVBoxLayout()
        said.setSpacing(2)
        said.addWidget(self.words)
        said.addWidget(self.note)
        top = QHBoxLayout()
        top.setSpacing(SPACE.UNIT)
        top.addLayout(said, 1)
        for button in (self.sweep, self.switch):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.now = self._make_now()
        self._acts = QWidget()
        acts = QHBoxLayout(self._acts)
        acts.setContentsMargins(0, 0, 0, 0)
        acts.setSpacing(SPACE.UNIT)
        for button in (self.up, self.down, self.duplicate, self.remove):
            acts.addWidget(button)
        acts.addStretch(1)
        label = QLabel("After a failure")
        label.setProperty("kind", "secondary")
        label.setBuddy(self.after_failure)
        self.after_failure.setMinimumWidth(104)
        acts.addWidget(label)
        acts.addWidget(self.after_failure)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(self.list, 1)
        column.addWidget(self._acts)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(full)
        self._head = QWidget()
        self._head.setLayout(top)
        top.setContentsMargins(0, 0, 0, 0)
        card = Card()
        card.body.addWidget(self._head)
        card.body.addWidget(self.now)
        card.body.addWidget(self._stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)

    def _make_now(self) -> QFrame:
        now = QFrame()
        now.setProperty("kind", "well")
        self._state, self._name, self._detail = StateMark(), ElidedLabel(), ElidedLabel()
        self._detail.setProperty("kind", "secondary")
        row = QHBoxLayout(now)
        row.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.UNIT, SPACE.UNIT)
        row.setSpacing(SPACE.FIELD)
        row.addWidget(self._state)
        row.addWidget(self._name, 2)
        row.addWidget(self._detail, 3)
        for button in (self.show_now, self.pause, self.stop):
            row.addWidget(button)
        now.hide()
        return now

    def _join(self) -> None:
        self.empty.acted.connect(lambda *_: self.add_wanted.emit())
        for sweep in (self.sweep.clicked, self.empty.acted_second):
            sweep.connect(lambda *_: self.sweep_wanted.emit())
        self.switch.clicked.connect(lambda: self.switch_wanted.emit(not self._on))
        self.after_failure.value_changed.connect(self.after_failure_chosen)
        self.list.moved.connect(self.moved)
        self.list.opened.connect(self.opened)
        self.list.itemSelectionChanged.connect(self._allow)
        self.list.delete_wanted.connect(self._remove)
        self.up.clicked.connect(lambda: self.list.move_chosen(-1))
        self.down.clicked.connect(lambda: self.list.move_chosen(1))
        self.remove.clicked.connect(self._remove)
        self.duplicate.clicked.connect(lambda: self.duplicate_wanted.emit(self.list.chosen[0]))
        self.show_now.clicked.connect(self.show_now_wanted)
        self.pause.clicked.connect(self.pause_wanted)
        self.stop.clicked.connect(self.stop_wanted)

    def set_queue(self, rows: Sequence[QueueWords], *, on: bool, words: str, note: str, after_failure: str) -> None:
        """Show the queue.

        Args:
            rows: what waits.
            on: whether the next one starts by itself.
            words: how it stands, a sentence.
            note: what else is worth knowing; may be empty.
            after_failure: what follows a failure.
        """
        self._on = on
        self.words.setText(words)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.after_failure.set_value(after_failure)
        self.list.set_rows(rows)
        self._head.setVisible(bool(rows))
        self._stack.setCurrentIndex(1 if rows else 0)
        self.switch.setText("Hold the queue" if on else "Start the queue")
        self.switch.setToolTip(
            "No other run starts by itself; the one under way goes on" if on else "Trains what waits, one after another"
        )
        theme.set_kind(self.switch, "" if on else "primary")
        self._allow()

    def set_now(self, now: NowWords | None) -> None:
        """Show the run under way, or that there is none."""
        self.now.setVisible(now is not None)
        if now is not None:
            self._state.set(now.state, now.state_words)
            self._name.setText(now.name)
            self._detail.setText(now.detail)
            self.pause.setEnabled(now.can_act)
            self.stop.setEnabled(now.can_act)

    def set_may_act(self, may_act: bool) -> None:
        """Whether anything can be changed (not in a project that can only be looked at)."""
        self._may_act = may_act
        self.list.set_movable(may_act)
        self._allow()

    def _remove(self) -> None:
        if self._may_act and self.list.chosen:
            self.remove_wanted.emit(self.list.chosen)

    def _allow(self) -> None:
        chosen, keys = self.list.chosen, self.list.keys
        one = chosen[0] if len(chosen) == 1 and self._may_act else ""
        self.up.setEnabled(bool(one) and one != keys[0])
        self.down.setEnabled(bool(one) and one != keys[-1])
        self.duplicate.setEnabled(bool(one))
        self.remove.setEnabled(bool(chosen) and self._may_act)
        for widget in (
            self.sweep,
            self.switch,
            self.after_failure,
            self.empty.button,
            self.empty.second_button,
        ):
            widget.setEnabled(self._may_act)


def _button(words: str, icon: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    if icon:
        button.setIcon(theme.icon(icon))
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
