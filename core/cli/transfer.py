"""Commands that bring examples into a project and out of it: import, export-examples."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli import output
from core.dataset import files
from core.dataset.columns import FIELDS, MESSAGES
from core.dataset.example import Status
from core.dataset.importing.reading import Progress, Reading, Shape, Summary
from core.dataset.importing.source import Source
from core.dataset.store import Query
from core.errors import ExamplesFileError
from core.project import Project

_FIELDS = (*FIELDS, MESSAGES)
_HUB = "hub:"


def register(commands: Any) -> None:
    """Add this group's commands."""
    load = commands.add_parser("import", help="add examples from a file, a dataset folder or the Hugging Face hub")
    load.add_argument("project", type=Path, metavar="PROJECT")
    load.add_argument(
        "file",
        metavar="FILE",
        help="JSON, JSONL, CSV, TSV, XLSX, Parquet, Arrow, the folder of a saved dataset, or hub:OWNER/DATASET (the "
        "only one that uses the network)",
    )
    load.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help=f"take a field ({', '.join(_FIELDS)}) from a column of another name, or with FIELD= from none; may be "
        "repeated",
    )
    load.add_argument("--sheet", default="", metavar="NAME", help="of a spreadsheet; the first that is not empty else")
    load.add_argument("--config", default="", metavar="NAME", help="of a dataset of the hub")
    load.add_argument("--split", default="", metavar="NAME", help="of a dataset; train else")
    load.add_argument("--no-header", action="store_true", help="the columns of the table have no names, but A, B, C")
    load.add_argument(
        "--leave-out-duplicates",
        action="store_true",
        help="leave out what is in the file twice or in the project already",
    )
    load.set_defaults(handler=_import)

    save = commands.add_parser("export-examples", help="write the examples to a file")
    save.add_argument("project", type=Path, metavar="PROJECT")
    save.add_argument("file", type=Path, metavar="FILE", help=f"its ending is the format: {', '.join(files.ENDINGS)}")
    save.add_argument("--status", choices=[status.value for status in Status], help="only those of this status")
    save.add_argument("--search", default="", metavar="WORDS", help="only those in which all these words occur")
    save.add_argument("--tag", default="", help="only those with this tag")
    save.add_argument("--form", choices=files.FORMS, default=files.FORMS[0], help="of JSON and JSONL")
    save.add_argument(
        "--formulas", action="store_true", help="in CSV and TSV, leave texts that a spreadsheet would run as they are"
    )
    save.set_defaults(handler=_export)
    for parser in (load, save):
        output.add_json(parser)


def _import(args: argparse.Namespace) -> int:
    columns, source = mapping(args.map), _source(args)
    with Project.open(args.project) as project:
        reading = Reading(source, mapping=columns, project=project.path)
        try:
            found = _read(reading, source)
            leave_out = ("twice", "known") if args.leave_out_duplicates else ()
            count = 0
            if found.examples:
                change = project.store.add_staged(reading.staged, label=f"Import {source.name}", leave_out=leave_out)
                count = len(change.added)
        finally:
            reading.close()
    if args.json:
        skipped = [{"row": item.row, "column": item.column, "reason": item.reason} for item in found.skipped_rows]
        output.emit(
            {
                "imported": count,
                "skipped": skipped,
                "skipped_in_all": found.skipped,
                "duplicates": found.duplicates,
                "twice": found.twice,
                "known": found.known,
                "incomplete": found.incomplete,
            }
        )
    else:
        _tell(found, count)
    return 0


def _source(args: argparse.Namespace) -> Source:
    if args.file.startswith(_HUB):
        return Source(hub_id=args.file.removeprefix(_HUB), config=args.config, split=args.split)
    return Source(Path(args.file), sheet=args.sheet, split=args.split, header=not args.no_header)


def _read(reading: Reading, source: Source) -> Summary:
    line = output.ProgressLine(sys.stderr)
    try:
        for message in reading.messages():
            if isinstance(message, Shape) and message.missing:
                raise _lacking(source, message)
            if isinstance(message, Progress) and sys.stderr.isatty():
                bar = f" {output.bar(message.done, message.total)}" if message.total else ""
                line.show(f"Reading{bar} {message.rows:,} rows")
            if isinstance(message, Summary):
                return message
    finally:
        line.clear()
    raise ExamplesFileError(f"{source.name} was not read to its end.")


def _lacking(source: Source, shape: Shape) -> ExamplesFileError:
    names = ", ".join(column.name[:40] for column in shape.columns[:20])
    field = shape.missing[0]
    return ExamplesFileError(
        f"{source.name} has no column for the {field}.",
        reason=f"Its columns are {names}.",
        hint=f"Say which one it is with --map {field}=COLUMN.",
    )


def _tell(found: Summary, count: int) -> None:
    left_out = found.examples - count
    of = f" of {found.examples:,}" if left_out else ""
    output.line(f"Imported {count:,}{of} {'example' if found.examples == 1 else 'examples'}.")
    again = found.duplicates - found.known  # one that is a duplicate in both ways counts as known
    for amount, where in ((found.known, "in the project already"), (again, "in the file twice")):
        if amount:
            was = "was" if amount == 1 else "were"
            output.line(
                f"Left out {amount:,} that {was} {where}." if left_out else f"{amount:,} of them {was} {where}."
            )
    if found.incomplete:
        words = "is a draft" if found.incomplete == 1 else "are drafts"
        output.line(f"{found.incomplete:,} of those read {words}: training leaves drafts out.")
    for item in found.skipped_rows:
        output.line(f"Left out row {item.row:,}: {item.column or 'it'} {item.reason.rstrip('.')}.")
    if more := found.skipped - len(found.skipped_rows):
        output.line(f"Left out {more:,} more {'row' if more == 1 else 'rows'}.")


def _export(args: argparse.Namespace) -> int:
    query = Query(search=args.search, status=Status(args.status) if args.status else None, tag=args.tag)
    with Project.open(args.project, read_only=True) as project:
        examples = project.store.iterate(query)
        written = files.write(args.file, examples, defuse=not args.formulas, form=args.form)
    if args.json:
        output.emit({"path": args.file.resolve(), "examples": written})
    else:
        output.line(f"Wrote {written:,} {'example' if written == 1 else 'examples'} to {args.file}.")
    return 0


def mapping(options: list[str]) -> dict[str, str]:
    """The columns of ``--map FIELD=COLUMN`` options by field.

    Raises:
        output.WrongUse: not of that form, or no such field.
    """
    columns: dict[str, str] = {}
    for option in options:
        field, found, column = option.partition("=")
        if not found or field not in _FIELDS:
            reason = f"{option!r} is not FIELD=COLUMN with one of the fields {', '.join(_FIELDS)}."
            raise output.WrongUse("--map cannot be understood.", reason=reason)
        columns[field] = column
    return columns
