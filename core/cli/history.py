"""Commands that write a run down for other programs: reproduce, tensorboard."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import output
from core.project import Project
from core.runs import folder
from core.runs.folder import RunFolder
from core.runs.reproduce import write_script
from core.runs.tensorboard import write_event_files


def register(commands: Any) -> None:
    """Add this group's commands."""
    reproduce = commands.add_parser(
        "reproduce",
        help="write a run as one Python file",
        description="Writes one plain Python file that trains the adapter of a run again with transformers and\n"
        "peft alone: python FILE OUT [BASE_MODEL]. It holds the examples as the tokens that were trained.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    reproduce.set_defaults(handler=_reproduce)
    board = commands.add_parser("tensorboard", help="write a run's curves for TensorBoard")
    board.set_defaults(handler=_tensorboard)
    for parser, target, words in (
        (reproduce, "file", "a new file, for example train.py"),
        (board, "folder", "where TensorBoard looks (its --logdir); the run gets a folder of its own there"),
    ):
        parser.add_argument("project", type=Path, metavar="PROJECT")
        parser.add_argument("run", metavar="RUN", help="its name or number")
        parser.add_argument(target, type=Path, metavar=target.upper(), help=words)
        output.add_json(parser)


def _reproduce(args: argparse.Namespace) -> int:
    if args.file.exists():
        raise output.WrongUse(f"{args.file} is there already.", hint="Choose another name.")
    path = write_script(_run(args), args.file)
    return _say(args, path, f"Next: python {path} OUT trains the same adapter into the folder OUT.")


def _tensorboard(args: argparse.Namespace) -> int:
    path = write_event_files(_run(args), args.folder)
    return _say(args, path, f"Next: tensorboard --logdir {args.folder}")


def _run(args: argparse.Namespace) -> RunFolder:
    with Project.open(args.project, read_only=True) as project:
        return folder.find(project.runs_folder, args.run)


def _say(args: argparse.Namespace, path: Path, after: str) -> int:
    if args.json:
        output.emit({"path": path})
        return 0
    output.line(f"Saved {path}")
    output.line(after)
    return 0
