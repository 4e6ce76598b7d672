"""The columns of the table of examples, and the words in their cells."""

from __future__ import annotations

from enum import IntEnum

from app import format
from app.example_words import SPLIT_WORDS, STATUS_WORDS, shown_status
from core.dataset.example import Example, Split

_PREVIEW = 320  # characters of a cell that can ever be seen in two lines


class Column(IntEnum):
    """What stands where."""

    NUMBER = 0
    INSTRUCTION = 1
    OUTPUT = 2
    STATUS = 3
    SPLIT = 4
    LENGTH = 5


SORTS = {
    Column.NUMBER: "id",
    Column.INSTRUCTION: "instruction",
    Column.OUTPUT: "output",
    Column.STATUS: "status",
    Column.SPLIT: "split",
    Column.LENGTH: "length",
}
"""What the store calls the order of a column."""
NUMBERS = (Column.NUMBER, Column.LENGTH)
_SPLIT_HELP = "Where the next run puts it: training, or held out to test with. Sorted by what you chose"


def words(example: Example, column: Column, *, side: Split | None, length: int | None) -> str:
    """The words of a cell.

    Args:
        example: of the row.
        column: of the cell.
        side: where a run would put the example; None for nowhere.
        length: its tokens or characters; None while they are being counted.
    """
    match column:
        case Column.NUMBER:
            return str(example.id)
        case Column.INSTRUCTION:
            return preview(example.instruction, example.input)
        case Column.OUTPUT:
            return preview(example.output)
        case Column.STATUS:
            return STATUS_WORDS[shown_status(example)]
        case Column.SPLIT:
            return "" if side is None else SPLIT_WORDS[side]
        case Column.LENGTH:
            return "" if length is None else format.count(length)


def state(example: Example, side: Split | None) -> str:
    """Status and side in words, for where there is no room for their columns."""
    words = [STATUS_WORDS[shown_status(example)]] + ([] if side is None else [SPLIT_WORDS[side].lower()])
    return ", ".join(words)


def characters(example: Example) -> int:
    """The length of an example where no tokenizer is there to count."""
    return len(example.instruction) + len(example.input) + len(example.output)


def title(column: int, *, status_in_words: bool, in_tokens: bool) -> str:
    """What stands over a column."""
    status = "Status" if status_in_words else ""
    return ("#", "Instruction", "Output", status, "Split", "Tokens" if in_tokens else "Length")[column]


def help_of(column: int, *, in_tokens: bool) -> str:
    """What a column means, where its title does not say it all."""
    length = "Tokens as trained; sorted by characters" if in_tokens else "Characters of the three texts"
    return ("Number", "", "", "Status", _SPLIT_HELP, length)[column]


def preview(*texts: str) -> str:
    """The beginning of the texts with every run of white space as one space."""
    return " · ".join(_one_line(text) for text in texts if text.strip())


def _one_line(text: str) -> str:
    return " ".join(text[: 2 * _PREVIEW].split())[:_PREVIEW]
