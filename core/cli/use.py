"""The command that asks a model: generate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.chat.asking import why_not
from core.cli import output, sampling
from core.dataset.example import Example
from core.errors import RunError
from core.evaluation.answers import answer
from core.generation.client import ModelProcess
from core.library import entries
from core.project import Project
from core.recipe.schema import ModelSettings
from core.runs import folder
from core.runs.folder import RunFolder

_STRONGEST = 10


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
    which.add_argument(
        "--adapter",
        action="append",
        default=[],
        metavar="KEY[=WEIGHT]",
        help="with this adapter (a run, run@step for a checkpoint, or adapters/NAME) at this strength, 1 unless given; "
        "several are mixed",
    )
    sampling.add_options(generate)
    generate.set_defaults(handler=_generate)
    output.add_json(generate)


def _generate(args: argparse.Namespace) -> int:
    if not args.prompt.strip():
        raise output.WrongUse("--prompt is empty.", hint="Say what the model should do.")
    example = Example(instruction=args.prompt, input=args.input, system=args.system)
    drawn = sampling.chosen(args)
    with Project.open(args.project, read_only=True) as project:
        model, adapters = _model(project, args)
    streams = not args.json
    with ModelProcess(model.base, model) as process:
        if streams:
            _say_loading(model, process)
        found = answer(
            process,
            example,
            adapters=adapters,
            sampling=drawn,
            on_text=_print_piece if streams else None,
        )
    if args.json:
        output.emit({"text": found.text, "tokens": found.tokens, "seconds": round(found.seconds, 3)})
    else:
        output.line()
    return 0


def _model(project: Project, args: argparse.Namespace) -> tuple[ModelSettings, list[tuple[Path, float]]]:
    """Which base model, and which weighted adapters on it."""
    if args.base:
        return project.recipe.model, []
    if args.adapter:
        return _mixed(project, [_weighted(text) for text in args.adapter])
    run = folder.find(project.runs_folder, args.run) if args.run else _newest_with_adapter(project)
    if not run.adapter.is_dir():
        raise RunError(
            f"{run.name} has no adapter.",
            reason="A run has one when it has finished or was stopped.",
            hint="Choose another run, or ask the base model with --base.",
        )
    return run.recipe().model, [(run.adapter, 1.0)]


def _mixed(project: Project, wanted: list[tuple[str, float]]) -> tuple[ModelSettings, list[tuple[Path, float]]]:
    found = [(entries.find(project, key), weight) for key, weight in wanted]
    model = found[0][0].model
    refusal = why_not([adapter for adapter, _ in found], model)
    if refusal is not None:
        raise refusal
    return model, [(adapter.folder, weight) for adapter, weight in found]


def _weighted(text: str) -> tuple[str, float]:
    """The key and the weight of ``KEY=WEIGHT``; a name may have a = of its own."""
    key, _, number = text.rpartition("=")
    try:
        weight = float(number) if key else 1.0
    except ValueError:
        return text, 1.0
    if not -_STRONGEST <= weight <= _STRONGEST:
        raise output.WrongUse(
            f"--adapter {text}: the weight cannot be used.",
            reason=f"It is between {-_STRONGEST} and {_STRONGEST}.",
            hint="1 is the adapter as it was trained, 0 the base model.",
        )
    return key or text, weight


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
