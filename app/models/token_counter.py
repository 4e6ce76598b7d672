"""How many tokens the examples in sight have, counted off the drawing thread."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.latest import Latest
from core.dataset.example import Example
from core.errors import UserError

if TYPE_CHECKING:
    from core.prompt.format import PromptFormat

_GATHER_MS = 40  # rows painted within this time are counted together
_AT_ONCE = 200
_KEPT = 5000


class TokenCounter(QObject):
    """Remembers counts by example; asked for an unknown one, it says None now and ``counted`` later.

    Signals:
        counted: some counts are there that were not, or another model's tokens are counted from now on.
    """

    counted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._format: PromptFormat | None = None
        self._known: OrderedDict[int, tuple[Example, int | None]] = OrderedDict()
        self._asked: OrderedDict[int, Example] = OrderedDict()
        self._latest = Latest(self._counted, parent=self)
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(_GATHER_MS)
        self._gather.timeout.connect(self._start)

    @property
    def ready(self) -> bool:
        """Whether there is a tokenizer to count with."""
        return self._format is not None

    def set_format(self, prompt: PromptFormat | None) -> None:
        """Count with another model's tokenizer and template from now on."""
        if prompt is not self._format:
            self._format = prompt
            self._latest.forget()
            self._known.clear()
            self._asked.clear()
            self.counted.emit()

    def count(self, example: Example) -> int | None:
        """Tokens of the whole example as trained; None while it is being counted or where it cannot be."""
        known = self._known.get(example.id)
        if known is not None and known[0] == example:
            return known[1]
        self._asked[example.id] = example
        self._asked.move_to_end(example.id)
        while len(self._asked) > _AT_ONCE:
            self._asked.popitem(last=False)  # scrolled by long ago
        if not self._gather.isActive():
            self._gather.start()
        return None

    def _start(self) -> None:
        if self._latest.busy:
            return  # what is under way asks again when it is done
        prompt, examples = self._format, list(self._asked.values())
        self._asked.clear()
        if prompt is not None and examples:
            self._latest.ask(lambda: [(example, length(prompt, example)) for example in examples])

    def _counted(self, answer: list[tuple[Example, int | None]]) -> None:
        for example, tokens in answer:
            self._known[example.id] = (example, tokens)
            self._known.move_to_end(example.id)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self.counted.emit()
        if self._asked:
            self._gather.start()


def length(prompt: PromptFormat, example: Example) -> int | None:
    """Tokens of an example as trained; None where the template refuses it."""
    try:
        return len(prompt.encode(example).ids)
    except UserError:
        return None
