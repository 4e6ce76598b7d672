"""One row of a file as an example: which column is what, and what is wrong with a row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.dataset.example import Example, Split, Status, Turn
from core.dataset.text import clean_tag

FIELDS = ("instruction", "input", "output", "system", "history", "tags", "note", "status", "split")
MESSAGES = "messages"  # a column with a whole conversation

_ALIASES = {
    "instruction": ("instruction", "prompt", "question", "query", "user"),
    "input": ("input", "context"),
    "output": ("output", "completion", "response", "answer", "target", "assistant"),
    "system": ("system", "system prompt"),
    "history": ("history",),
    "tags": ("tags", "tag"),
    "note": ("note", "notes", "comment"),
    "status": ("status",),
    "split": ("split",),
    MESSAGES: ("messages", "conversations", "conversation"),
}
_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "system": "system"}
_SPLITS = {
    "auto": Split.AUTO,
    "train": Split.TRAIN,
    **dict.fromkeys(("heldout", "held out", "test", "validation", "valid", "dev", "eval"), Split.HELDOUT),
}
_DEEPEST = 32


class RowError(ValueError):
    """A row that cannot be an example: ``column`` of the file and ``reason``."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}" if column else reason)
        self.column = column
        self.reason = reason


class Columns:
    """Finds the fields of an example among a file's columns, by the user's mapping first and by usual names else."""

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        """Take a mapping of fields to columns.

        Raises:
            ValueError: it names a field that there is not.
        """
        self._mapping = dict(mapping or {})
        unknown = set(self._mapping) - set(FIELDS) - {MESSAGES}
        if unknown:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        self._known: dict[tuple[str, ...], dict[str, str]] = {}

    def of(self, names: Sequence[str]) -> dict[str, str]:
        """The column of each field that has one among ``names``."""
        key = tuple(names)
        if key not in self._known:
            if len(self._known) > 1000:  # rows of a file have few shapes; hostile ones shall not fill the memory
                self._known.clear()
            self._known[key] = self._find(key)
        return self._known[key]

    def _find(self, names: tuple[str, ...]) -> dict[str, str]:
        by_words = {_words(name): name for name in reversed(names)}
        found = {}
        for field, aliases in _ALIASES.items():
            wanted = self._mapping.get(field)
            if wanted is not None:
                column = wanted if wanted in names else by_words.get(_words(wanted))
            else:
                free = (by_words[alias] for alias in aliases if alias in by_words)
                column = next((name for name in free if name not in self._mapping.values()), None)
            if column is not None:
                found[field] = column
        return found


def example_of(row: Mapping[str, Any], columns: Columns) -> Example:
    """The example that a row holds.

    Raises:
        RowError: something is missing or of the wrong kind; the first such thing is named.
    """
    used = columns.of(tuple(row))
    values: dict[str, Any] = {}
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
        raise RowError("", "is empty")
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
    return row


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
    return Turn(_ROLES[role.casefold()], text_of(content, column))


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


def _split(value: object, _column: str) -> Split:
    return _SPLITS.get(_words(value), Split.AUTO) if isinstance(value, str) else Split.AUTO


_CONVERTERS: dict[str, Callable[[object, str], Any]] = {
    "tags": _tags,
    "history": _earlier_turns,
    MESSAGES: _turns,
    "status": _status,
    "split": _split,
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


def _words(name: str) -> str:
    """A column's name as plain words: ``System_Prompt`` and ``system prompt`` are the same."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


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
