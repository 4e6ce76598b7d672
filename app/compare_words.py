"""What differs between two states of the examples, as texts with their changes marked."""

from __future__ import annotations

from app import format
from app.example_words import FIELD_WORDS
from app.widgets.example_story import compared
from app.widgets.word_diff import DiffSection
from core.comparing import Comparison
from core.dataset.example import Example
from core.dataset.word_diff import Piece, shorten

_AROUND = 60  # characters of what surrounds a change
_LONGEST = 400  # characters of a text that came or went as a whole


def sections(found: Comparison, kind: str, limit: int) -> list[DiffSection]:
    """The first ``limit`` examples that were changed, added or removed."""
    if kind == "changed":
        pairs = found.changed[:limit]
        return [section for before, after in pairs for section in _changes(found, before, after)]
    if kind == "added":
        return [_whole(example, new=True) for example in found.added[:limit]]
    return [_whole(example, new=False) for example in found.removed[:limit]]


def _changes(found: Comparison, before: Example, after: Example) -> list[DiffSection]:
    names = {FIELD_WORDS[name] for name in found.fields}
    return [
        DiffSection(f"{_title(after)}, {section.heading.lower()}", shorten(section.pieces, around=_AROUND))
        for section in compared(before, after)
        if section.heading in names
    ]


def _whole(example: Example, *, new: bool) -> DiffSection:
    texts = (_start(text) for text in (example.instruction, example.input, example.output) if text.strip())
    text = "\n".join(texts) or "An example without words."
    return DiffSection(_title(example), [Piece("new" if new else "gone", text)])


def _title(example: Example) -> str:
    return f"Example {format.count(example.id)}"


def _start(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"
