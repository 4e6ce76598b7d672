"""The log of a run in a drawer: what happened in words, and what the process printed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QStackedWidget, QWidget

from app.widgets.card import Card
from app.widgets.segments import Segments
from core.runs import words
from core.runs.events import Event

_HEIGHT = 170
_MOST_LINES = 5000


class LogDrawer(Card):
    """Closed until its heading is clicked; stays at the end of the text unless the user scrolls up."""

    opened = Signal(bool)
    """Whether it is open now: while it is, the page reads the process's output now and then."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Log", parent, foldable=True)
        self.events, self.output = _log("What happened"), _log("What the process printed")
        self.choice = Segments({"events": "What happened", "output": "Process output"}, "Log")
        self.choice.hide()
        self.add_act(self.choice)
        self._stack = QStackedWidget()
        self._stack.setFixedHeight(_HEIGHT)
        self._stack.addWidget(self.events)
        self._stack.addWidget(self.output)
        self.body.addWidget(self._stack)
        self.choice.chosen.connect(self._on_chosen)
        assert self._fold is not None
        self._fold.toggled.connect(self._on_toggled)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    @property
    def shows_output(self) -> bool:
        """Whether the process's output is to be seen now."""
        return not self.folded and self.choice.value == "output"

    def clear(self) -> None:
        """Another run."""
        self.events.clear()
        self.output.clear()

    def add_events(self, events: Iterable[Event]) -> None:
        """Append a line for each event that says something."""
        lines = [f"{_time(event.at)}  {text}" for event in events if (text := words.sentence(event))]
        if lines:
            self.events.appendPlainText("\n".join(lines))

    def set_output(self, text: str) -> None:
        """Show the end of what the process printed."""
        if text.rstrip("\n") == self.output.toPlainText():
            return
        bar = self.output.verticalScrollBar()
        at_end, value = bar.value() == bar.maximum(), bar.value()
        self.output.setPlainText(text.rstrip("\n"))
        bar.setValue(bar.maximum() if at_end else value)

    def _on_toggled(self, open_: bool) -> None:
        self.choice.setVisible(open_)
        self.opened.emit(open_)

    def _on_chosen(self, value: str) -> None:
        self._stack.setCurrentWidget(self.output if value == "output" else self.events)
        self.opened.emit(not self.folded)


def _log(name: str) -> QPlainTextEdit:
    edit = QPlainTextEdit()
    edit.setProperty("kind", "log")
    edit.setReadOnly(True)
    edit.setMaximumBlockCount(_MOST_LINES)
    edit.setAccessibleName(name)
    return edit


def _time(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
