"""The command estimate: memory and time of a run before it is started."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.cli import gate, output, settings
from core.dataset.example import Status
from core.dataset.store import Query
from core.errors import UserError
from core.hardware.fitting import Fit, Verdict, fit
from core.project import EXAMPLES_FILE, Project
from core.prompt.gate import Checked
from core.recipe import words
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe
from core.runs import words as run_words
from core.runs.pace import seconds_for
from core.runs.plan import Plan, left_out_words, plan
from core.runs.rehearsal import Rehearsal, Rehearsed

PART_WORDS = {
    "base_model": "Base model",
    "adapter": "Adapter",
    "gradients": "Gradients",
    "optimizer": "Optimizer",
    "activations": "Activations",
    "predictions": "Predictions",
    "overhead": "The program itself",
}
_VERDICTS = {
    Verdict.FITS: "fits into the {free} that are free",
    Verdict.TIGHT: "is just less than the {free} that are free; close other programs first",
    Verdict.TOO_LARGE: "does not fit into the {free} that are free",
}


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("estimate", help="memory and time of a run before it is started")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    settings.add_options(parser)
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="measure: a few real steps on the longest batch; nothing is kept",
    )
    output.add_json(parser)
    parser.set_defaults(handler=_estimate)


def _estimate(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        recipe = settings.recipe_for(project.recipe, model=args.model, changes=settings.changes(args.set))
        checked = _checked(project, recipe, must=args.rehearse)
        too_long = checked.too_long if checked is not None else ()
        planned = plan(project.store.iterate(Query(status=Status.READY)), recipe, too_long=too_long)
        runs = project.runs()
        rehearsed = None
        if args.rehearse and checked is not None:
            gate.refuse(checked, json=args.json)
            rehearsed = _rehearse(project, recipe, planned, checked)
    found = fit(ModelFacts.read(catalogue.resolve(recipe.model.base)), recipe)
    seconds = seconds_for(planned, recipe, runs)
    if seconds is None and rehearsed is not None:
        seconds = rehearsed.seconds
    if args.json:
        output.emit(as_json(found, planned, seconds) | ({"rehearsal": rehearsed.as_json()} if rehearsed else {}))
        return 0
    for line in lines(found, planned, recipe, seconds):
        output.line(line)
    if rehearsed is not None:
        for line in rehearsed.lines():
            output.line(line)
    return 0


@dataclass(frozen=True, slots=True)
class _Measured:
    """A rehearsal, and how long the whole run would take at its pace."""

    found: Rehearsed
    seconds: float

    def as_json(self) -> dict[str, object]:
        return {**asdict(self.found), "seconds": self.seconds}

    def lines(self) -> list[str]:
        found = self.found
        said = [
            f"Measured on {found.device}: {_size(found.peak_bytes)} at the peak, {found.seconds_per_step:.2g} s a step "
            f"of {found.examples:,} examples ({found.tokens:,} tokens)."
        ]
        if found.changes:
            options = " ".join(f"--set {name}={value}" for name, value in found.changes.items())
            said.append(f"The memory was full; it went on with {_within(words.changed(found.changes))} ({options}).")
        return said


def _checked(project: Project, recipe: Recipe, *, must: bool) -> Checked | None:
    """What the check of the examples says of their lengths; None when they cannot be checked and need not be."""
    try:
        return gate.check(project.path, recipe)
    except UserError:
        if must:
            raise
        return None  # the memory can be estimated without a tokenizer


def _rehearse(project: Project, recipe: Recipe, planned: Plan, checked: Checked) -> _Measured:
    """Take real steps on the longest batch.

    Raises:
        UserError: the settings cannot be trained, or the machine is busy.
    """
    line = output.ProgressLine(sys.stderr)
    try:
        for message in Rehearsal(project.path / EXAMPLES_FILE, recipe, checked.largest).messages():
            if isinstance(message, Rehearsed):
                return _Measured(message, message.seconds_for(checked.tokens_trained(planned.train, recipe)))
            line.show(f"Rehearsing: {_within(run_words.phase(message))} …")
    finally:
        line.clear()
    raise UserError("The rehearsal ended before anything was measured.")


def _within(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def as_json(found: Fit, planned: Plan, seconds: float | None) -> dict[str, object]:
    """The result of ``estimate --json``; ``seconds`` is null until a run of this project has shown the pace."""
    return {
        "parts": found.needs.parts,
        "total_bytes": found.needs.total_bytes,
        "free_bytes": found.free_bytes,
        "fits": found.verdict is not Verdict.TOO_LARGE,
        "seconds": seconds,
        "trainable_parameters": found.needs.trainable_parameters,
        "total_parameters": found.needs.total_parameters,
        "full_fine_tuning": {
            "parts": found.needs.full_parts,
            "total_bytes": found.needs.full_fine_tuning,
            "trainable_parameters": found.needs.total_parameters,
        },
        "changes": found.changes or {},
        "steps": planned.steps,
        "examples": planned.train,
        "heldout_examples": planned.heldout,
        "too_long": planned.too_long,
        "too_long_heldout": planned.too_long_heldout,
    }


def lines(found: Fit, planned: Plan, recipe: Recipe, seconds: float | None) -> list[str]:
    """The estimate in words."""
    needs = found.needs
    where = found.memory.device or "this machine's memory"
    said = [
        f"Base model: {catalogue.display_name(recipe.model.base)}, {needs.total_parameters:,} parameters;"
        f" {needs.trainable_parameters:,} are trained.",
        *(f"  {PART_WORDS[name].ljust(20)} {_size(size):>10}" for name, size in needs.parts.items()),
        f"About {_size(needs.total_bytes)} at the peak: "
        f"{_VERDICTS[found.verdict].format(free=_size(found.free_bytes))} ({where}).",
        f"Full fine-tuning would train all {needs.total_parameters:,} parameters and take about "
        f"{_size(needs.full_fine_tuning)}.",
    ]
    if found.changes:
        words = ", ".join(f"{setting_named(name).title.lower()} {value}" for name, value in found.changes.items())
        options = " ".join(f"--set {name}={value}" for name, value in found.changes.items())
        said.append(f"It would fit with: {words} ({options}).")
    elif found.changes is not None:
        said.append("No change of the settings makes it fit; choose a smaller base model.")
    if planned.left_out:
        said.append(
            f"{left_out_words(planned.left_out, planned.ready)} {planned.train:,} are trained on, "
            f"{planned.heldout:,} held out."
        )
    if not planned.train:
        said.append("There is nothing to train on." if planned.left_out else "No example is ready yet.")
    elif seconds is None:
        said.append(f"{planned.steps:,} steps; how long they take is known after the first run with this base model.")
    else:
        said.append(f"{planned.steps:,} steps, about {output.duration(seconds)}.")
    return said


def _size(size: int) -> str:
    return f"{size / 1024**3:.1f} GB" if size >= 0.95 * 1024**3 else f"{size / 1024**2:.1f} MB"
