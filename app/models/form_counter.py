"""Tokens of the example in the form, counted off the drawing thread when typing has paused for a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.latest import Latest
from core.dataset.example import Example
from core.errors import UserError

if TYPE_CHECKING:
    from core.prompt.format import Encoded, PromptFormat

_PAUSE_MS = 120


@dataclass(frozen=True)
class Counted:
    """What was counted of one state of an example: tokens of each text, and the whole as trained.

    ``problem`` says why there is no whole (a template may refuse a conversation).
    """

    example: Example
    texts: dict[str, int]
    whole: Encoded | None
    problem: UserError | None = None


class FormCounter(QObject):
    """Signals: ``counted(Counted)`` for the newest state asked about."""

    counted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._format: PromptFormat | None = None
        self._example: Example | None = None
        self._latest = Latest(self.counted.emit, parent=self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._start)

    def set_format(self, prompt: PromptFormat | None) -> None:
        """Count with another tokenizer and template."""
        self._format = prompt
        self._latest.forget()
        if self._example is not None:
            self._start()

    def count(self, example: Example, *, at_once: bool = False) -> None:
        """Count this state, now or after a pause in typing."""
        self._example = example
        if at_once:
            self._start()
        else:
            self._pause.start()

    def stop(self) -> None:
        """There is nothing to count."""
        self._example = None
        self._pause.stop()
        self._latest.forget()

    def _start(self) -> None:
        self._pause.stop()
        prompt, example = self._format, self._example
        if prompt is not None and example is not None:
            self._latest.ask(lambda: _count(prompt, example))


def _count(prompt: PromptFormat, example: Example) -> Counted:
    names = ("instruction", "input", "output", "system")
    texts = {name: prompt.count(text) for name in names if (text := getattr(example, name))}
    try:
        return Counted(example, texts, prompt.encode(example))
    except UserError as problem:
        return Counted(example, texts, None, problem)
