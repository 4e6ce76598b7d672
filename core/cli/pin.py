"""The command pin: chooses the held-out examples that runs answer at each evaluation."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core import pinned
from core.cli import output
from core.project import Project

_SHOWN = 20
_EXCERPT = 70


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pin",
        help="choose the held-out examples that runs answer at each evaluation",
        description="Without ids it lists the held-out examples; the chosen ones are marked.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("ids", type=int, nargs="*", metavar="ID", help="examples to answer, in this order")
    parser.add_argument("--none", action="store_true", help="choose none: the first held-out ones are answered again")
    output.add_json(parser)
    parser.set_defaults(handler=_pin)


def _pin(args: argparse.Namespace) -> int:
    if args.ids and args.none:
        raise output.WrongUse("Ids and --none do not go together.", hint="Give one of them.")
    changes = bool(args.ids or args.none)
    with Project.open(args.project, read_only=not changes) as project:
        share = project.recipe.heldout.share
        if changes:
            chosen = pinned.check(project, args.ids, share)
            project.set_pinned(chosen)
            project.set_recipe(pinned.answering(project.recipe, chosen))
        examples = pinned.listed(project, share)
        marked = [example.id for example in examples if example.id in project.pinned]
    if args.json:
        output.emit({"pinned": marked, "heldout": [example.id for example in examples]})
        return 0
    if not examples:
        output.line("No example is held out. From 50 ready examples up, some are.")
    for example in examples[:_SHOWN]:
        sign = "*" if example.id in marked else " "
        output.line(f"{sign} {example.id:>6}  {' '.join(example.prompt.split())[:_EXCERPT]}")
    if len(examples) > _SHOWN:
        output.line(f"and {len(examples) - _SHOWN:,} more (--json lists them).")
    if examples and not marked:
        output.line("None is chosen: a run answers the first ones that it holds out.")
    return 0
