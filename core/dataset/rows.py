"""Examples as rows of the database and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from core.dataset.example import Example, Split, Status, Turn
from core.dataset.split import prompt_key, prompt_text
from core.dataset.text import clean, clean_tag, fold, sort_key

FIELDS = ("instruction", "input", "output", "system", "history", "tags", "note", "status", "split", "rejected")
SELECTED = "e.id, " + ", ".join(f"e.{field}" for field in FIELDS)
"""The columns that :func:`example_of` takes."""

_STATUS = {status.value: status for status in Status}
_SPLIT = {split.value: split for split in Split}
SHOWN = {Status.DRAFT: 0, Status.READY: 1, Status.EXCLUDED: 2}
SPLIT_ORDER = {Split.AUTO: 0, Split.TRAIN: 1, Split.HELDOUT: 2}
_NO_TAGS: tuple[str, ...] = ()
_NO_TURNS: tuple[Turn, ...] = ()


def normalised(field: str, value: Any) -> Any:
    """The value of a field as an example holds it.

    Raises:
        TypeError: there is no such field, or the value is not of its type.
        ValueError: an unknown status or split.
    """
    match field:
        case "instruction" | "input" | "output" | "system" | "note" | "rejected":
            return clean(value)
        case "tags":
            return tuple(dict.fromkeys(tag for tag in map(clean_tag, value) if tag))
        case "history":
            return tuple(Turn(clean(turn.role), clean(turn.content)) for turn in value)
        case "status":
            return Status(value)
        case "split":
            return Split(value)
    raise TypeError(f"an example has no field {field!r}")


def stored(field: str, value: Any) -> str:
    """A normalised value as its column holds it."""
    match field:
        case "tags":
            return "\n".join(value)
        case "history":
            turns = [[turn.role, turn.content] for turn in value]
            return json.dumps(turns, ensure_ascii=False) if turns else ""
    return str(value)


def loaded(field: str, text: str) -> Any:
    """The value of a field from its column."""
    match field:
        case "tags":
            return tuple(text.split("\n")) if text else _NO_TAGS
        case "history":
            return tuple(Turn(role, content) for role, content in json.loads(text)) if text else _NO_TURNS
        case "status":
            return _STATUS[text]
        case "split":
            return _SPLIT[text]
    return text


def columns_of(example: Example) -> tuple[str, ...]:
    """The example, made storable, as the columns ``FIELDS``."""
    return (
        clean(example.instruction),
        clean(example.input),
        clean(example.output),
        clean(example.system),
        stored("history", normalised("history", example.history)) if example.history else "",
        stored("tags", normalised("tags", example.tags)) if example.tags else "",
        clean(example.note),
        Status(example.status).value,
        Split(example.split).value,
        clean(example.rejected),
    )


def example_of(row: tuple[Any, ...]) -> Example:
    """The example of a row of ``SELECTED``; rows of older files end before ``rejected``."""
    id, instruction, input, output, system, history, tags, note, status, split, *rest = row
    return Example(
        instruction,
        input,
        output,
        system,
        loaded("history", history) if history else _NO_TURNS,
        tuple(tags.split("\n")) if tags else _NO_TAGS,
        note,
        _STATUS[status],
        _SPLIT[split],
        rest[0] if rest else "",
        id,
    )


LISTED = ("id", "shown", "split", "length", "updated", "instruction", "input", "output", "content", "prompt")
"""The columns of ``listing`` but ``removed``, as :func:`listing_of` gives them."""


def marks_of(row: tuple[Any, ...]) -> tuple[int, int]:
    """The columns ``shown`` and ``split`` of ``listing`` for a row of ``SELECTED``."""
    _, instruction, input, output, _, _, _, _, status, split, _ = row
    shown = _STATUS[status]
    if shown is Status.READY and not ((instruction.strip() or input.strip()) and output.strip()):
        shown = Status.DRAFT
    return SHOWN[shown], SPLIT_ORDER[_SPLIT[split]]


def listing_of(row: tuple[Any, ...], at: float) -> tuple[Any, ...]:
    """The row of ``listing`` for a row of ``SELECTED``."""
    id, instruction, input, output, system, history, *_ = row
    return (
        id,
        *marks_of(row),
        len(instruction) + len(input) + len(output),
        at,
        sort_key(instruction),
        sort_key(input),
        sort_key(output),
        content_of(instruction, input, output, system, history),
        prompt_of(instruction, input, history),
    )


def content_of(*columns: str) -> int:
    """A hash of what training sees, from the columns instruction, input, output, system and history; 64 bits, signed.

    Two examples of the same hash are taken for duplicates; among a million different ones that errs once in 30 million
    projects.
    """
    # No column holds a NUL, so the joint text tells them apart.
    joint = "\0".join(columns).encode()
    return int.from_bytes(hashlib.blake2b(joint, digest_size=8).digest(), "big", signed=True)


def prompt_of(instruction: str, input: str, history: str) -> int:
    """The hash of a prompt that decides the side of an example, from its columns; 64 bits, signed."""
    turns = [content for _, content in json.loads(history)] if history else []
    return prompt_key(prompt_text(turns, instruction, input))


def content_hash(example: Example) -> int:
    """:func:`content_of` of an example."""
    return content_of(*columns_of(example)[:5])


def prompt_hash(example: Example) -> int:
    """:func:`prompt_of` of an example."""
    instruction, input, _, _, history, *_ = columns_of(example)
    return prompt_of(instruction, input, history)


def searchable(instruction: str, input: str, output: str, system: str, history: str, tags: str, note: str) -> str:
    """All that search looks through, folded, from an example's columns."""
    parts = [instruction, input, output, system, tags, note]
    if history:
        parts += [content for _, content in json.loads(history)]
    return fold("\n".join(part for part in parts if part))


def spans_of(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending ids as unbroken (first, last) stretches."""
    found: list[tuple[int, int]] = []
    first = last = -2
    for id in ids:
        if id != last + 1:
            if last >= 0:
                found.append((first, last))
            first = id
        last = id
    if last >= 0:
        found.append((first, last))
    return found
