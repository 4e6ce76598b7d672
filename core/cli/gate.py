"""The check of every ready example before a run, on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from core.cli import output
from core.dataset.review import Progress
from core.errors import UserError
from core.project import EXAMPLES_FILE
from core.prompt.gate import Checked, GateJob
from core.recipe.schema import Recipe
from core.runs.plan import left_out_words

_SHOWN = 20  # offenders in words; --json has all that are told


def check(project: Path, recipe: Recipe) -> Checked:
    """Prove the ready examples of a project, with progress on stderr.

    Raises:
        UserError: the examples or the base model cannot be read.
    """
    line = output.ProgressLine(sys.stderr)
    try:
        for message in GateJob(project / EXAMPLES_FILE, recipe).messages():
            if not isinstance(message, Progress):
                return message
            if sys.stderr.isatty():
                line.show(f"Checking the examples {output.bar(message.done, message.total)}")
    finally:
        line.clear()
    raise UserError("The examples were not checked to the end.")


def prove(project: Path, recipe: Recipe, *, json: bool) -> Checked:
    """Look before a run whether every ready example teaches what it says, and list those that do not.

    Raises:
        UserError: there are some, or they cannot be looked at.
    """
    found = check(project, recipe)
    refuse(found, json=json)
    if found.too_long and not json:  # with --json the run's own events tell it
        output.line(left_out_words(len(found.too_long), found.ready))
    return found


def refuse(found: Checked, *, json: bool) -> None:
    """List what cannot be trained.

    Raises:
        UserError: there is something.
    """
    if found.problem is None:
        return
    if json:
        output.emit({"type": "refused", **as_json(found)})
    else:
        for text in lines(found):
            output.line(text)
    raise found.problem


def lines(found: Checked) -> list[str]:
    """What cannot be trained, why, and what to do about it."""
    said = []
    for offender in found.offenders[:_SHOWN]:
        said.append(f"Example {offender.id} ({offender.excerpt[:60]}): {offender.reason}")
        said.append(f"  {offender.hint}")
    if len(found.flawed) > _SHOWN:
        said.append(f"and {len(found.flawed) - _SHOWN:,} more.")
    return said


def as_json(found: Checked) -> dict[str, object]:
    """The same for other programs."""
    return {
        "flawed": list(found.flawed),
        "examples": [
            {"id": one.id, "flaw": one.flaw.name.lower(), "reason": one.reason, "hint": one.hint}
            for one in found.offenders
        ],
    }
