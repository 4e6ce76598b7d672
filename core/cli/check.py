"""The command check: looks through all examples for what spoils a training."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.cli import gate, output
from core.dataset.review import RULES, Finding, Group, Progress, Report, ReviewJob, rules
from core.errors import UserError
from core.project import Project
from core.prompt.gate import with_offenders

_SHOWN = 5  # findings of a rule in words; --json has all


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="data quality findings")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="RULE",
        choices=[rule.id for rule in RULES],
        help=f"only this rule ({', '.join(rule.id for rule in RULES)}); may be repeated",
    )
    output.add_json(parser)
    parser.set_defaults(handler=_check)


def _check(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        report = _with_gate(_review(project.path), project, wanted=args.rule)
    groups = [group for group in report.groups if not args.rule or group.rule.id in args.rule]
    if args.json:
        output.emit(as_json(report, groups))
    else:
        for line in lines(report, groups):
            output.line(line)
    return 0


def as_json(report: Report, groups: list[Group]) -> dict[str, object]:
    """The result of ``check --json``; findings that the user ignores are not in it."""
    return {
        "findings": [_as_json(finding) for group in groups for finding in group.findings],
        "examples": report.examples,
        "flagged": len({id for group in groups for id in group.examples}),
        "ignored": report.ignored,
        "problem": report.problem,
    }


def lines(report: Report, groups: list[Group]) -> list[str]:
    """The findings in words."""
    said = []
    for group in groups:
        rule = group.rule
        said += ["", f"{rule.title} ({rule.id}): {len(group.examples):,}", f"  {rule.explanation}"]
        said += [f"  {_words(finding)}" for finding in group.findings[:_SHOWN]]
        if len(group.findings) > _SHOWN:
            said.append(f"  and {len(group.findings) - _SHOWN:,} more")
    flagged = len({id for group in groups for id in group.examples})
    need = "nothing that needs a look" if not flagged else f"{flagged:,} {'needs' if flagged == 1 else 'need'} a look"
    total = "1 example" if report.examples == 1 else f"{report.examples:,} examples"
    said += ["", f"{total}; {need}."]
    if report.ignored:
        said.append(f"{report.ignored:,} ignored {'finding is' if report.ignored == 1 else 'findings are'} not shown.")
    if report.problem:
        said.append(f"Lengths in tokens could not be looked at: {report.problem}")
    return said[1:]


def _review(project: Path) -> Report:
    line = output.ProgressLine(sys.stderr)
    try:
        for message in ReviewJob(project).messages():
            if isinstance(message, Progress):
                if sys.stderr.isatty():
                    line.show(f"Looking at the examples {output.bar(message.done, message.total)}")
            else:
                return message
    finally:
        line.clear()
    raise UserError("The examples were not looked at to the end.")


def _with_gate(report: Report, project: Project, *, wanted: list[str]) -> Report:
    """The report with the examples that no run would start with."""
    if wanted and rules.UNTRAINABLE not in wanted:
        return report
    try:
        found = gate.check(project.path, project.recipe)
    except UserError as error:
        return replace(report, problem=report.problem or str(error))
    return with_offenders(report, found)


def _words(finding: Finding) -> str:
    ids = ", ".join(f"{id}" for id in finding.examples[:5])
    more = f" and {len(finding.examples) - 5:,} more" if len(finding.examples) > 5 else ""
    where = f", {finding.field}" if finding.field else ""
    return f"example{'s' if len(finding.examples) > 1 else ''} {ids}{more}{where}: {finding.message}"


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "examples": list(finding.examples),
        "message": finding.message,
        "field": finding.field,
        "start": finding.start,
        "end": finding.end,
    }
