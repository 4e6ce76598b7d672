"""What one step did to the examples, and what it is called in the menus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_FIELD_WORDS = {
    "instruction": "instruction",
    "input": "input",
    "output": "output",
    "system": "system prompt",
    "history": "earlier turns",
    "note": "note",
    "rejected": "rejected answer",
}
_STATUS_WORDS = {"draft": "as draft", "ready": "as ready", "excluded": "as excluded"}
_SPLIT_WORDS = {"auto": "automatically", "train": "to training", "heldout": "to held-out"}


@dataclass(frozen=True)
class Change:
    """What one step did: the ids it added, changed and removed, and its name (``Edit output of example 41``)."""

    label: str
    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()


def counted(ids: tuple[int, ...]) -> str:
    """``example 41`` or ``1,200 examples``."""
    return f"example {ids[0]}" if len(ids) == 1 else f"{len(ids):,} examples"


def edit_label(ids: tuple[int, ...], fields: Iterable[str], values: dict[str, Any]) -> str:
    """The name of an edit of some fields of some examples."""
    names = tuple(fields)
    what = counted(ids)
    match names:
        case ("status",):
            return f"Mark {what} {_STATUS_WORDS[str(values['status'])]}"
        case ("split",):
            return f"Assign {what} {_SPLIT_WORDS[str(values['split'])]}"
        case ("tags",):
            return f"Change tags of {what}"
        case (name,):
            return f"Edit {_FIELD_WORDS[name]} of {what}"
    return f"Edit {what}"
