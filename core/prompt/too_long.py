"""Which examples are longer than training takes, without counting the tokens of those that are clearly not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from core.dataset.example import Example, Turn
from core.errors import UserError
from core.prompt.format import PromptFormat

_DOUBT = 8  # tokens a text by which the sum of the parts may be wrong: they are joined to others in the whole


class Length(NamedTuple):
    """A number of tokens; ``exact`` unless it was put together from the parts, where that was near enough."""

    tokens: int
    exact: bool


class Ruler:
    """Measures examples against a maximum length."""

    def __init__(self, prompt: PromptFormat, maximum: int) -> None:
        """Prepare.

        Args:
            prompt: the base model's format.
            maximum: tokens that training takes.
        """
        self._prompt, self._maximum = prompt, maximum
        self._frames: dict[tuple[int, bool], int] = {}

    def may_be_too_long(self, size: int, turns: int) -> bool:
        """Whether an example can be too long at all: no token is less than a byte.

        Args:
            size: bytes of all of its texts in UTF-8.
            turns: how many earlier turns it has.
        """
        frame = max(self._frame(turns, True), self._frame(turns, False))
        return size + frame + _DOUBT * (turns + 4) > self._maximum

    def measure(self, examples: Sequence[Example]) -> list[Length | None]:
        """The length of each example, exact where it is near the maximum; None where the template refuses it."""
        texts = [_texts(example) for example in examples]
        counts = iter(self._prompt.counts([text for parts in texts for text in parts]))
        found: list[Length | None] = []
        for example, parts in zip(examples, texts, strict=True):
            about = sum(next(counts) for _ in parts) + self._frame(len(example.history), bool(example.system))
            if abs(about - self._maximum) > _DOUBT * (len(parts) + 1):
                found.append(Length(about, False))
                continue
            try:
                found.append(Length(len(self._prompt.encode(example).ids), True))
            except UserError:
                found.append(None)
        return found

    def is_decided(self, length: Length) -> bool:
        """Whether a length, measured against another maximum, says enough for this one."""
        return length.exact or abs(length.tokens - self._maximum) > 4 * _DOUBT

    def _frame(self, turns: int, system: bool) -> int:
        """The tokens that the template adds to a conversation."""
        turns -= turns % 2
        if (turns, system) not in self._frames:
            earlier = tuple(Turn("assistant" if at % 2 else "user", "a") for at in range(turns))
            probe = Example("a", output="a", history=earlier, system="a" if system else "")
            try:
                whole = len(self._prompt.encode(probe).ids)
            except UserError:
                whole = 0
            self._frames[turns, system] = max(0, whole - sum(self._prompt.counts(_texts(probe))))
        return self._frames[turns, system]


def _texts(example: Example) -> list[str]:
    parts = (example.system, example.prompt, example.output, *(turn.content for turn in example.history))
    return [part for part in parts if part]
