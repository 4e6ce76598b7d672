"""What the rules for single examples leave behind: places in a text, before the other examples have their say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from core.dataset.example import Example

PROMPT_FIELDS = ("instruction", "input")
FIELDS = ("instruction", "input", "output", "system", "history")


class Mark(NamedTuple):
    """A place in an example.

    Attributes:
        rule: which one made it.
        message: what is wrong, in a sentence.
        field, start, end: as in a finding.
        key: what a rule compares among all examples before it makes a finding of this; empty for one that stands.
    """

    rule: str
    message: str
    field: str = ""
    start: int = -1
    end: int = -1
    key: str = ""


def texts(example: Example) -> Iterator[tuple[str, str]]:
    """The fields that training sees and that are not empty, with their texts."""
    for field in FIELDS:
        text = history(example) if field == "history" else getattr(example, field)
        if text:
            yield field, text


def history(example: Example) -> str:
    """The earlier turns as one text, as places in them are counted."""
    return "\n".join(turn.content for turn in example.history)
