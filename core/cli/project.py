"""Commands about a project and its examples: new, import, export-examples, preview."""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

from core import samples
from core.base_models import catalogue
from core.cli import output
from core.dataset import files
from core.dataset.example import Example
from core.errors import UserError
from core.project import Project
from core.prompt.format import Encoded, PromptFormat

_FIELDS = ("instruction", "input", "output", "system", "tags", "note", "status", "split")
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def register(commands: Any) -> None:
    """Add this group's commands."""
    new = commands.add_parser("new", help="create a project")
    new.add_argument("folder", type=Path, metavar="DIR")
    new.add_argument("--sample", action="store_true", help="with the first sample dataset and the starter model")
    new.add_argument("--sample-id", metavar="ID", help="with this sample dataset instead of the first")
    new.add_argument("--name", default="", help="the project's name; the folder's unless given")
    new.set_defaults(handler=_new)

    load = commands.add_parser("import", help="add examples from a JSON, JSONL or CSV file")
    load.add_argument("project", type=Path, metavar="PROJECT")
    load.add_argument("file", type=Path, metavar="FILE")
    load.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help=f"take a field ({', '.join(_FIELDS)}) from a column of another name; may be repeated",
    )
    load.set_defaults(handler=_import)

    save = commands.add_parser("export-examples", help="write the examples to a .json, .jsonl or .csv file")
    save.add_argument("project", type=Path, metavar="PROJECT")
    save.add_argument("file", type=Path, metavar="FILE")
    save.set_defaults(handler=_export)

    preview = commands.add_parser("preview", help="show an example as the model sees it")
    preview.add_argument("project", type=Path, metavar="PROJECT")
    preview.add_argument("--id", type=int, metavar="N", help="which example; the first that is ready unless given")
    preview.set_defaults(handler=_preview)
    for parser in (new, load, save, preview):
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


def _import(args: argparse.Namespace) -> int:
    found = files.read(args.file, mapping(args.map) or None)
    with Project.open(args.project) as project:
        change = project.store.add(found.examples, label=f"Import {args.file.name}")
    if args.json:
        skipped = [{"row": item.row, "column": item.column, "reason": item.reason} for item in found.skipped]
        output.emit({"imported": len(change.added), "skipped": skipped, "duplicates": found.duplicates})
        return 0
    output.line(f"Imported {len(change.added):,} examples.")
    drafts = sum(not example.is_ready for example in found.examples)
    if drafts:
        output.line(f"{drafts:,} of them {'is a draft' if drafts == 1 else 'are drafts'}: training leaves drafts out.")
    if found.duplicates:
        output.line(f"{found.duplicates:,} of them say the same as another in the file.")
    for item in found.skipped:
        output.line(f"Left out row {item.row}{f', {item.column}' if item.column else ''}: {item.reason}")
    return 0


def _export(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        written = files.write(args.file, project.store.iterate())
    if args.json:
        output.emit({"path": args.file.resolve(), "examples": written})
    else:
        output.line(f"Wrote {written:,} examples to {args.file}.")
    return 0


def _preview(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        example = _example(project, args.id)
        base = project.recipe.model.base
    format = PromptFormat.load(catalogue.resolve(base))
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
    output.line(f"\nExample {example.id} for {catalogue.display_name(base)}: {counts} ({marked}).")
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


def mapping(options: list[str]) -> dict[str, str]:
    """The columns of ``--map FIELD=COLUMN`` options by field.

    Raises:
        output.WrongUse: not of that form, or no such field.
    """
    columns: dict[str, str] = {}
    for option in options:
        field, found, column = option.partition("=")
        if not found or not column or field not in _FIELDS:
            reason = f"{option!r} is not FIELD=COLUMN with one of the fields {', '.join(_FIELDS)}."
            raise output.WrongUse("--map cannot be understood.", reason=reason)
        columns[field] = column
    return columns


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
