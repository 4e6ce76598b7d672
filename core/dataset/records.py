"""One row of a file as an example, or what is wrong with it; and an example as a row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.dataset.columns import MESSAGES, Columns, words
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.text import clean_tag

_ROLES = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
_SPLITS = {
    "auto": Split.AUTO,
    "train": Split.TRAIN,
    **dict.fromkeys(("heldout", "held out", "test", "validation", "valid", "dev", "eval"), Split.HELDOUT),
}
_DEEPEST = 32
EMPTY = "is empty"


class RowError(ValueError):
    """A row that cannot be an example: ``column`` of the file and ``reason``."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}" if column else reason)
        self.column = column
        self.reason = reason


def empty_rows(numbers: Iterable[int]) -> Iterator[tuple[int, RowError]]:
    """The rows of a table in which no cell holds anything."""
    for number in numbers:
        yield number, RowError("", EMPTY)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no example: its number (a JSONL line, a table's row, a list's item), the column and why."""

    row: int
    column: str
    reason: str

    @classmethod
    def of(cls, row: int, error: RowError) -> Skipped:
        """What is wrong with a row."""
        return cls(row, error.column[:80], error.reason)

    def where(self) -> str:
        """Which row it is and what is wrong with it."""
        return f"Row {self.row}{f', {self.column}' if self.column else ''}: {self.reason}"


def example_of(row: Mapping[str, Any], columns: Columns) -> Example:
    """The example that a row holds.

    Raises:
        RowError: something is missing or of the wrong kind; the first such thing is named.
    """
    used = columns.of(tuple(row))
    values: dict[str, Any] = {}
    asked = row.get(used.get("instruction", ""))
    if isinstance(asked, list) and "output" in used:
        row, used = _with_messages(row, used, asked)
    for field, column in used.items():
        value = row[column]
        if value is None:
            if field in ("instruction", "output", MESSAGES):
                raise RowError(column, "is null")
            continue  # an empty optional field
        if field in _CONVERTERS:
            _check_depth(value, column)
            values[field] = _CONVERTERS[field](value, column)
        else:
            values[field] = text_of(value, column)
    turns = values.pop(MESSAGES, None)
    if turns is not None and not {"instruction", "output"} & set(values):
        values |= _of_conversation(turns, used[MESSAGES])
    if "instruction" not in values and not values.get("input"):
        raise RowError("instruction", "is missing")
    if "output" not in values:
        raise RowError("output", "is missing")
    example = Example(**values)
    if not (example.prompt.strip() or example.output.strip() or example.system or example.note or example.tags):
        raise RowError("", EMPTY)
    return example


def text_of(value: object, column: str) -> str:
    """The text in a cell.

    Raises:
        RowError: it is not text, or text that cannot be stored.
    """
    if not isinstance(value, str):
        raise RowError(column, f"is {_kind(value)}, not text")
    if "\0" in value:
        raise RowError(column, "contains a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise RowError(column, f"contains half a character (a lone surrogate) at {error.start + 1}") from error
    return value


def as_object(example: Example) -> dict[str, Any]:
    """The object that stands for an example in a file: the main fields always, others where there is something."""
    row: dict[str, Any] = {
        "instruction": example.instruction,
        "input": example.input,
        "output": example.output,
    }
    if example.system:
        row["system"] = example.system
    if example.history:
        row["history"] = [{"role": turn.role, "content": turn.content} for turn in example.history]
    if example.tags:
        row["tags"] = list(example.tags)
    if example.note:
        row["note"] = example.note
    if example.status is not Status.READY:
        row["status"] = example.status.value
    if example.split is not Split.AUTO:
        row["split"] = example.split.value
    if example.rejected:
        row["rejected"] = example.rejected
    return row


def as_conversation(example: Example) -> dict[str, Any]:
    """The object that stands for an example as chat messages, with what is not said in them beside."""
    rest = as_object(example)
    for field in ("instruction", "input", "output", "system", "history"):
        rest.pop(field, None)
    return {"messages": example.messages(), **rest}


def _tags(value: object, column: str) -> tuple[str, ...]:
    if isinstance(value, str):
        parsed = _parsed_list(value)
        value = re.split(r"[,;\n]", value) if parsed is None else parsed
    if not isinstance(value, list):
        raise RowError(column, f"is {_kind(value)}, not a list of tags")
    tags = (clean_tag(text_of(tag, column)) for tag in value)
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def _turns(value: object, column: str) -> tuple[Turn, ...]:
    """Earlier turns: messages, or (question, answer) pairs."""
    if isinstance(value, str):
        value = _parsed_list(value) if value.strip() else []
    if not isinstance(value, list):
        raise RowError(column, f"is {_kind(value)}, not a list of messages")
    found: list[Turn] = []
    for item in value:
        if isinstance(item, list) and len(item) == 2:
            found += [Turn("user", text_of(item[0], column)), Turn("assistant", text_of(item[1], column))]
        else:
            found.append(_turn(item, column))
    return tuple(found)


def _turn(item: object, column: str) -> Turn:
    if not isinstance(item, dict):
        raise RowError(column, f"holds {_kind(item)} where a message with role and content should be")
    role = item.get("role", item.get("from"))
    content = item.get("content", item.get("value"))
    if not isinstance(role, str) or role.casefold() not in _ROLES:
        raise RowError(column, "holds a message whose role is not system, user or assistant")
    return Turn(_ROLES[role.casefold()], _said(content, column))


def _said(content: object, column: str) -> str:
    """The text of a message; some programs write it as a list of parts."""
    if isinstance(content, list) and content:
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        if len(texts) < len(content):
            raise RowError(column, "holds a message with parts that are not text")
        return "\n".join(text_of(text, column) for text in texts)
    return text_of(content, column)


def _with_messages(
    row: Mapping[str, Any], used: Mapping[str, str], asked: list[Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """A row whose prompt is a list of messages, as one with a whole conversation in the prompt's column."""
    prompt, answer = used["instruction"], row[used["output"]]
    said = answer if isinstance(answer, list) else [{"role": "assistant", "content": answer}]
    rest = {field: column for field, column in used.items() if field not in ("instruction", "output", MESSAGES)}
    return {**row, prompt: [*asked, *said]}, {**rest, MESSAGES: prompt}


def _of_conversation(turns: tuple[Turn, ...], column: str) -> dict[str, Any]:
    """A conversation's last answer as the output, the question before it as the instruction."""
    rest = list(turns)
    found: dict[str, Any] = {}
    if rest and rest[0].role == "system":
        found["system"] = rest.pop(0).content
    if any(turn.role == "system" for turn in rest):
        raise RowError(column, "has a system message in the middle")
    if len(rest) < 2 or rest[-1].role != "assistant" or rest[-2].role != "user":
        raise RowError(column, "does not end with a question and its answer")
    return {**found, "history": tuple(rest[:-2]), "instruction": rest[-2].content, "output": rest[-1].content}


def _earlier_turns(value: object, column: str) -> tuple[Turn, ...]:
    turns = _turns(value, column)
    if any(turn.role == "system" for turn in turns):
        raise RowError(column, "has a system message; put it into the column system")
    return turns


def _status(value: object, _column: str) -> Status:
    text = value.strip().casefold() if isinstance(value, str) else ""
    return Status(text) if text in list(Status) else Status.READY  # else another program's column of that name


def _rejected(value: object, column: str) -> str:
    """The answer that was not chosen, as text or as a conversation that ends with it."""
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        value = value[-1].get("content", value[-1].get("value"))
    return text_of(value, column) if isinstance(value, str) else ""  # else another program's column of that name


def _split(value: object, _column: str) -> Split:
    return _SPLITS.get(words(value), Split.AUTO) if isinstance(value, str) else Split.AUTO


_CONVERTERS: dict[str, Callable[[object, str], Any]] = {
    "tags": _tags,
    "history": _earlier_turns,
    MESSAGES: _turns,
    "status": _status,
    "split": _split,
    "rejected": _rejected,
}


def _parsed_list(text: str) -> list[Any] | None:
    """The list that a cell of a table holds as JSON, if it does."""
    if not text.lstrip().startswith("[") or text.count("[") + text.count("{") > 10_000:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _check_depth(value: object, column: str) -> None:
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, list | dict)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise RowError(column, f"is nested more than {_DEEPEST} levels deep")


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
        case str():
            return "text"
    return type(value).__name__
