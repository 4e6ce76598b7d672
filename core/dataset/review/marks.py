"""What is known of single examples before the others have their say: places that rules marked, what to compare."""

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


class Same(NamedTuple):
    """What is compared of an example; the numbers are hashes of 64 bits, signed.

    Attributes:
        exact: of the whole text, white space aside.
        prompt: of all that is asked, with the system prompt, case and white space aside.
        bare: of all words.
        answer: of the output's words.
        words: hashes of words, 32 bits, ascending; those of prompt and output are told apart.
    """

    exact: int
    prompt: int
    bare: int
    answer: int
    words: bytes


class Look(NamedTuple):
    """What is known of an example by itself.

    Attributes:
        marks: what the rules found.
        same: what to compare with other examples.
        length: of the output, in characters.
        ending: of the output, as ``endings`` has it.
        language: of the output, where it can be told.
        size: of all texts, in bytes.
        turns: how many earlier ones there are.
    """

    marks: tuple[Mark, ...]
    same: Same
    length: int
    ending: int
    language: str
    size: int
    turns: int


def texts(example: Example) -> Iterator[tuple[str, str]]:
    """The fields that training sees and that are not empty, with their texts."""
    for field in FIELDS:
        text = history(example) if field == "history" else getattr(example, field)
        if text:
            yield field, text


def history(example: Example) -> str:
    """The earlier turns as one text, as places in them are counted."""
    return "\n".join(turn.content for turn in example.history)


def has_any(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of some words is in a text: a quick look before a slow pattern."""
    return any(map(text.__contains__, words))
