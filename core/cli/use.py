"""The command that asks a model: generate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.cli import output
from core.dataset.example import Example
from core.errors import RunError
from core.evaluation.answers import answer
from core.generation.client import ModelProcess
from core.project import Project
from core.recipe.schema import ModelSettings
from core.runs import folder
from core.runs.folder import RunFolder


def register(commands: Any) -> None:
    """Add this group's commands."""
    generate = commands.add_parser("generate", help="let the model answer")
    generate.add_argument("project", type=Path, metavar="PROJECT")
    generate.add_argument("--prompt", required=True, metavar="TEXT", help="the instruction")
    generate.add_argument("--input", default="", metavar="TEXT", help="the text that the instruction is about")
    generate.add_argument("--system", default="", metavar="TEXT", help="the system prompt")
    which = generate.add_mutually_exclusive_group()
    which.add_argument("--run", metavar="RUN", help="with this run's adapter; the newest one unless given")
    which.add_argument("--base", action="store_true", help="with the base model alone")
    generate.add_argument("--max-tokens", type=_at_least_one, default=256, metavar="N", help="the longest answer (256)")
    generate.add_argument(
        "--temperature", type=_temperature, default=0.0, metavar="T", help="0 (the default) takes the likeliest token"
    )
    generate.add_argument(
        "--seed", type=_at_least_zero, default=0, metavar="N", help="decides what is drawn with a temperature"
    )
    generate.set_defaults(handler=_generate)
    output.add_json(generate)


def _generate(args: argparse.Namespace) -> int:
    if not args.prompt.strip():
        raise output.WrongUse("--prompt is empty.", hint="Say what the model should do.")
    example = Example(instruction=args.prompt, input=args.input, system=args.system)
    with Project.open(args.project, read_only=True) as project:
        model, adapter = _model(project, args)
    streams = not args.json
    with ModelProcess(model.base, model) as process:
        if streams:
            _say_loading(model, process)
        found = answer(
            process,
            example,
            adapter=adapter,
            max_new_tokens=args.max_tokens,
            temperature=args.temperature,
            seed=args.seed,
            on_text=_print_piece if streams else None,
        )
    if args.json:
        output.emit({"text": found.text, "tokens": found.tokens, "seconds": round(found.seconds, 3)})
    else:
        output.line()
    return 0


def _model(project: Project, args: argparse.Namespace) -> tuple[ModelSettings, Path | None]:
    """Which base model, and which adapter on it."""
    if args.base:
        return project.recipe.model, None
    run = folder.find(project.runs_folder, args.run) if args.run else _newest_with_adapter(project)
    if not run.adapter.is_dir():
        raise RunError(
            f"{run.name} has no adapter.",
            reason="A run has one when it has finished or was stopped.",
            hint="Choose another run, or ask the base model with --base.",
        )
    return run.recipe().model, run.adapter


def _newest_with_adapter(project: Project) -> RunFolder:
    for run in reversed(project.runs()):
        if run.adapter.is_dir():
            return run
    raise RunError(
        "No run of this project has an adapter yet.",
        hint="Train first (tunesmith train PROJECT), or ask the base model with --base.",
    )


def _say_loading(model: ModelSettings, process: ModelProcess) -> None:
    shows = output.ProgressLine(sys.stderr, interval=0)
    shows.show(f"Loading {catalogue.display_name(model.base)} …")
    process.wait_until_ready()
    shows.clear()


def _print_piece(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _at_least_zero(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _temperature(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 10:
        raise argparse.ArgumentTypeError("must be between 0 and 10")
    return number
