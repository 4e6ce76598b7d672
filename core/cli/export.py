"""The command that takes an adapter away, in one of several forms."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import Any

from core.cli import output
from core.export.form import Facts
from core.export.forms import FORMS, find
from core.export.job import ExportResult, Progress, export
from core.export.source import Source
from core.library import entries
from core.project import Project


def register(commands: Any) -> None:
    """Add this group's command."""
    parser = commands.add_parser(
        "export",
        help="take an adapter away, verified",
        description="Writes an adapter for other programs, loads it again in a fresh process and compares it.",
        epilog="Forms: " + "  ".join(f"{form.id}: {form.title}, for {form.readers}." for form in FORMS),
    )
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("adapter", metavar="RUN", help="the run, its checkpoint (RUN@STEP), or adapters/NAME")
    parser.add_argument("--as", dest="form", required=True, choices=[form.id for form in FORMS], help="the form")
    parser.add_argument(
        *("--choose",), action="append", default=[], metavar="NAME=VALUE", help="what the form lets you choose"
    )
    parser.add_argument("target", type=Path, metavar="TARGET", help="a new folder, or a new file where the form is one")
    parser.set_defaults(handler=_export)
    output.add_json(parser)


def _export(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        source = Source.of(entries.find(project, args.adapter))
    chosen = _chosen(args, source)
    shows = output.ProgressLine(sys.stderr)

    def show(now: Progress) -> None:
        shows.show(f"{now.words}: {round(100 * now.share)} %")

    result = export(source, args.form, args.target, chosen=chosen, progress=(lambda _: None) if args.json else show)
    shows.clear()
    if args.json:
        output.emit(
            {
                "path": result.path,
                "files": list(result.files),
                "verified": result.verified,
                "max_logit_difference": result.max_logit_difference,
                "greedy_equal": result.greedy_equal,
                "findings": result.findings,
            }
        )
    else:
        _print(source, result)
    return 0


def _chosen(args: argparse.Namespace, source: Source) -> dict[str, str]:
    pairs = [text.partition("=") for text in args.choose]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        raise output.WrongUse(f"--choose {wrong} has no value.", hint="Write NAME=VALUE.")
    chosen = {name: value for name, _, value in pairs}
    if chosen:
        try:
            find(args.form).settle(Facts.read(source), chosen)
        except ValueError as error:
            raise output.WrongUse(str(error)) from error
    return chosen


def _print(source: Source, result: ExportResult) -> None:
    output.line(f"Exported {source.name} to {result.path} ({len(result.files)} files).")
    output.line(f"Verified: {output.verified(result.max_logit_difference)}.")
    for step in result.next_steps:
        output.line(step.words)
        if step.command:
            output.line(textwrap.indent(step.command, "  "))
