"""Commands that take a run to another machine and bring its result back: bundle, adopt."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import output
from core.project import Project
from core.runs import adopting, bundle, folder, words


def register(commands: Any) -> None:
    """Add this group's commands."""
    pack = commands.add_parser(
        "bundle",
        help="pack a run to train it on another machine",
        description="Packs a run with the program's core, a Slurm script, a SkyPilot task and a README that says how\n"
        "to train it there, on one GPU or on several. `tunesmith adopt` brings the result back.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pack.add_argument("project", type=Path, metavar="PROJECT")
    pack.add_argument("run", metavar="RUN", help="its name or number")
    pack.add_argument("file", type=Path, metavar="FILE", help="a new file, for example run.zip")
    pack.add_argument("--with-model", action="store_true", help="take the base model along")
    pack.set_defaults(handler=_bundle)
    adopt = commands.add_parser("adopt", help="bring a run back that was trained on another machine")
    adopt.add_argument("project", type=Path, metavar="PROJECT")
    adopt.add_argument("file", type=Path, metavar="FILE", help="a zip file of the run's folder, or the folder")
    adopt.set_defaults(handler=_adopt)
    for parser in (pack, adopt):
        output.add_json(parser)


def _bundle(args: argparse.Namespace) -> int:
    if args.file.exists():
        raise output.WrongUse(f"{args.file} is there already.", hint="Choose another name.")
    with Project.open(args.project, read_only=True) as project:
        run = folder.find(project.runs_folder, args.run)
    size = bundle.pack(run, args.file, with_model=args.with_model)
    if args.json:
        output.emit({"path": args.file, "bytes": size, "with_model": args.with_model})
        return 0
    output.line(f"Saved {args.file} ({size / 1e6:,.1f} MB)")
    output.line("Next: unpack it on the other machine; its README.md says how to train there and how to come back.")
    return 0


def _adopt(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        adopted = adopting.adopt(project.runs_folder, args.file)
    run, progress = adopted.run, adopted.run.progress()
    if args.json:
        output.emit(
            {
                "run": run.name,
                "state": progress.state,
                "steps": progress.step,
                "merged": adopted.is_merged,
                "reason": adopted.reason,
                "path": run.path,
            }
        )
        return 0
    came = f"It is now {run.name}" if adopted.is_merged else f"It became a run of its own, {run.name}"
    if adopted.reason:
        output.line(adopted.reason)
    output.line(f"{came}: {words.state(progress.state).lower()}, step {progress.step:,} of {progress.steps:,}.")
    return 0
