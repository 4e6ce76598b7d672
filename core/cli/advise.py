"""The command advise: which settings suit the user's own examples better, and why."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.cli import gate, output
from core.dataset.example import Status
from core.dataset.store import Query
from core.project import Project
from core.recipe import words
from core.recipe.advice import Advice, advise
from core.recipe.recipe import remarks, with_settings
from core.runs.plan import plan


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("advise", help="settings that suit the examples, with reasons")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--apply", action="store_true", help="change the project's settings as advised")
    output.add_json(parser)
    parser.set_defaults(handler=_advise)


def _advise(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=not args.apply) as project:
        recipe = project.recipe
        facts = ModelFacts.read(catalogue.resolve(recipe.model.base))
        planned = plan(project.store.iterate(Query(status=Status.READY)), recipe)
        checked = gate.check(project.path, recipe)
        found = advise(recipe, checked.data(train=planned.train, heldout=planned.heldout, facts=facts))
        changed = recipe
        for advice in found:
            changed = with_settings(changed, advice.changes)
        applied = args.apply and changed != recipe
        if applied:
            project.set_recipe(changed)
    noted = remarks(changed if applied else recipe, train=planned.train)
    if args.json:
        output.emit({"advice": [_as_json(advice) for advice in found], "applied": applied, "remarks": noted})
    else:
        for line in lines(found, planned.train, applied=applied):
            output.line(line)
        if found and not applied:
            output.line(f"Next: {output.command('advise', args.project, '--apply')} changes the project's settings.")
    return 0


def lines(found: list[Advice], train: int, *, applied: bool) -> list[str]:
    """The advice in words."""
    if not train:
        return ["No example is ready yet, so there is nothing to go by."]
    if not found:
        return ["The settings suit the examples."]
    said = [line for advice in found for line in (words.changed(advice.changes), f"  {advice.reason}")]
    return [*said, "The project's settings were changed."] if applied else said


def _as_json(advice: Advice) -> dict[str, object]:
    return {"id": advice.id, "changes": advice.changes, "reason": advice.reason}
