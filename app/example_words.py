"""What the window calls the states of an example, and how it sums them up."""

from __future__ import annotations

from app import format
from core.dataset.example import Example, Split, Status
from core.dataset.store import Counts

STATUS_WORDS = {Status.DRAFT: "Draft", Status.READY: "Ready", Status.EXCLUDED: "Excluded"}
SPLIT_WORDS = {Split.AUTO: "Automatic", Split.TRAIN: "Training", Split.HELDOUT: "Held-out"}
FIELD_WORDS = {
    "instruction": "Instruction",
    "input": "Input",
    "output": "Output",
    "system": "System prompt",
    "history": "Earlier turns",
    "note": "Note",
    "tags": "Tags",
    "status": "Status",
    "split": "Split",
    "rejected": "Rejected answer",
}
_DONE = {
    "Add": "Added",
    "Assign": "Assigned",
    "Change": "Changed",
    "Delete": "Deleted",
    "Duplicate": "Duplicated",
    "Edit": "Edited",
    "Go": "Went",
    "Import": "Imported",
    "Mark": "Marked",
    "Repair": "Repaired",
    "Replace": "Replaced",
    "Trim": "Trimmed",
}


def done(label: str) -> str:
    """A step's name, which menus offer (``Delete example 41``), as the sentence that it was done."""
    verb, space, rest = label.partition(" ")
    return f"{_DONE.get(verb, verb)}{space}{rest}."


def shown_status(example: Example) -> Status:
    """The status a person sees: an example without an instruction or an output is a draft by nature."""
    if example.status is Status.READY and not example.is_complete:
        return Status.DRAFT
    return example.status


def summary(counts: Counts, *, need_a_look: int = 0) -> str:
    """How many examples there are, how many of them training takes, and how many need a look."""
    if not counts.total:
        return ""
    parts = [format.plural(counts.total, "example"), f"{format.count(counts.ready)} ready"]
    if counts.draft:
        parts.append(format.plural(counts.draft, "draft"))
    if counts.excluded:
        parts.append(f"{format.count(counts.excluded)} excluded")
    words = ", ".join(parts) + "."
    if need_a_look:
        words += f" {format.count(need_a_look)} {'needs' if need_a_look == 1 else 'need'} a look."
    return words
