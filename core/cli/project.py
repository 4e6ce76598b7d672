"""Commands about a project: new, and preview of an example."""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

from core import samples
from core.base_models import catalogue
from core.cli import output
from core.dataset.example import Example
from core.errors import UserError
from core.project import Project
from core.prompt.format import Encoded, PromptFormat

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def register(commands: Any) -> None:
    """Add this group's commands."""
    new = commands.add_parser("new", help="create a project")
    new.add_argument("folder", type=Path, metavar="DIR")
    new.add_argument("--sample", action="store_true", help="with the first sample dataset and the starter model")
    new.add_argument("--sample-id", metavar="ID", help="with this sample dataset instead of the first")
    new.add_argument("--name", default="", help="the project's name; the folder's unless given")
    new.set_defaults(handler=_new)

    preview = commands.add_parser("preview", help="show an example as the model sees it")
    preview.add_argument("project", type=Path, metavar="PROJECT")
    preview.add_argument("--id", type=int, metavar="N", help="which example; the first that is ready unless given")
    preview.set_defaults(handler=_preview)
    for parser in (new, preview):
        output.add_json(parser)


def _new(args: argparse.Namespace) -> int:
    if args.sample or args.sample_id:
        project = samples.create_sample_project(args.folder, *([args.sample_id] if args.sample_id else []))
    else:
        project = Project.create(args.folder, name=args.name)
    with project:
        if args.name and project.name != args.name:
            project.rename(args.name)
        if args.json:
            output.emit({"project": project.path})
            return 0
        examples = project.store.counts().total
        output.line(f"Created {project.path} with {examples:,} examples.")
        output.line("Base model: the starter, with the settings that suit it.")
        step = output.command("train", project.path) if examples else output.command("import", project.path, "FILE")
        output.line(f"Next: {step}, or {output.command(project.path)} to open it in the window.")
    return 0


def _preview(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        example = _example(project, args.id)
        model = project.recipe.model
    format = PromptFormat.load(catalogue.resolve(model.base), template=model.template)
    try:
        encoded = format.encode(example)
    finally:
        format.close()
    if args.json:
        output.emit(as_json(example.id, encoded))
        return 0
    bold, plain = (_BOLD, _PLAIN) if sys.stdout.isatty() else ("[", "]")
    output.line("".join(f"{bold}{text}{plain}" if learnt else text for learnt, text in stretches(encoded)))
    counts = f"{encoded.supervised_count:,} of {len(encoded.ids):,} tokens are learnt"
    marked = "in brackets" if plain == "]" else "bold"
    output.line(f"\nExample {example.id} for {catalogue.display_name(model.base)}: {counts} ({marked}).")
    return 0


def _example(project: Project, id: int | None) -> Example:
    if id is None:
        ready = next((example for example in project.store.iterate() if example.is_ready), None)
        if ready is None:
            raise UserError("There is no ready example to show.", hint="Write or import one with an output.")
        return ready
    try:
        return project.store.get(id)
    except KeyError as error:
        raise UserError(f"There is no example {id} in this project.") from error


def as_json(id: int, encoded: Encoded) -> dict[str, object]:
    """The result of ``preview --json``."""
    rows = zip(encoded.ids, encoded.texts, encoded.roles, encoded.supervised, strict=True)
    return {
        "id": id,
        "text": encoded.text,
        "tokens": [{"id": a, "text": b, "role": c, "supervised": d} for a, b, c, d in rows],
        "length": len(encoded.ids),
        "supervised": encoded.supervised_count,
    }


def stretches(encoded: Encoded) -> list[tuple[bool, str]]:
    """The text cut where learning begins or ends: (whether it is learnt, the text)."""
    pairs = zip(encoded.supervised, encoded.texts, strict=True)
    groups = itertools.groupby(pairs, key=lambda pair: pair[0])
    return [(learnt, "".join(text for _, text in group)) for learnt, group in groups]
