"""The command doctor: what this machine can do, and what to mend."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from dataclasses import asdict
from typing import Any

from core.cli import output
from core.hardware import checks
from core.hardware.checks import Check

_COLUMN = 30
_WIDTH = 120


def register(commands: Any) -> None:
    """Add the command."""
    doctor = commands.add_parser(
        "doctor",
        help="check this machine: libraries, graphics card, memory, disk",
        description="Checks what Tunesmith needs and says how to mend what is amiss. Ends with 1 if training cannot "
        "work; a note is worth knowing, no more.",
    )
    output.add_json(doctor)
    doctor.set_defaults(handler=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    found: list[Check] = []
    shown = output.ProgressLine(sys.stderr)
    for check in checks.check_all():
        found.append(check)
        if not args.json:
            shown.clear()
            _print(check)
            if sys.stderr.isatty():
                shown.show("Testing …")
    shown.clear()
    failures = [check for check in found if check.essential and not check.ok]
    if args.json:
        output.emit({"ok": not failures, "checks": [asdict(check) for check in found]})
    else:
        output.line()
        output.line(_verdict(failures, any(not check.ok for check in found)))
    return output.FAILED if failures else 0


def _print(check: Check) -> None:
    mark = "ok" if check.ok else "FAILED" if check.essential else "note"
    width = max(60, min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns))
    for start, text in ((f"{mark:<7} {check.name}", check.detail), ("", check.fix)):
        if text:
            output.line(
                textwrap.fill(
                    text,
                    width,
                    initial_indent=start.ljust(_COLUMN),
                    subsequent_indent=" " * _COLUMN,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )


def _verdict(failures: list[Check], has_notes: bool) -> str:
    if failures:
        return f"Training cannot work yet: mend {', '.join(check.name for check in failures)}."
    return "Training works here." + (" The notes say what else could be better." if has_notes else "")
