"""What is said about findings: how many there are, and of each which examples, which field and the text around."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app import format
from app.excerpts import excerpt
from app.widgets.finding_row import FindingWords

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.dataset.review import Finding, Report

_CLEAN = (
    "No duplicates, no cut answers, no placeholders, no personal data, no broken letters. "
    "After each change this looks again by itself."
)
_FIELDS = {
    "instruction": "Instruction",
    "input": "Input",
    "output": "Output",
    "system": "System prompt",
    "history": "Earlier turns",
    "note": "Note",
}


def words_of(finding: Finding, examples: Mapping[int, Example]) -> FindingWords:
    """The row of a finding; ``examples`` are those read so far."""
    example = next((examples[id] for id in finding.examples if id in examples), None)
    text = "" if example is None else _text(example, finding.field)
    return FindingWords(
        number(finding.examples),
        _FIELDS.get(finding.field, ""),
        finding.message,
        excerpt(text, finding.start, finding.end),
    )


def number(ids: tuple[int, ...]) -> str:
    """The examples of a finding by their numbers."""
    if len(ids) == 2:
        return f"{ids[0]} and {ids[1]}"
    return f"{ids[0]} and {format.count(len(ids) - 1)} more" if len(ids) > 1 else str(ids[0])


def _text(example: Example, field: str) -> str:
    if field == "history":
        return "\n".join(turn.content for turn in example.history)
    text = getattr(example, field or "instruction", "")
    return text if isinstance(text, str) and text else example.prompt


def summary(report: Report) -> str:
    """How many examples there are, and how many need a look."""
    total = format.plural(report.examples, "example")
    if not report.flagged:
        return f"{total}; nothing{' else' if report.ignored else ''} that needs a look."
    verb = "needs" if report.flagged == 1 else "need"
    return f"{total}; {format.count(report.flagged)} {verb} a look."


def nothing(report: Report) -> tuple[str, str]:
    """What to say where no finding is left: a title and a text."""
    if not report.ignored:
        return "Nothing found", _CLEAN
    many = report.ignored != 1
    return (
        f"Nothing else found; {format.count(report.ignored)} ignored",
        f"{'These findings stay' if many else 'This finding stays'} ignored until the examples concerned change. "
        "After each change this looks again by itself.",
    )
