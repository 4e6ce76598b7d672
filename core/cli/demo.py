"""The command demo: the main job from sample to verified adapter, without a window, the internet or a GPU."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core import paths, samples
from core.cli import output
from core.cli.follow import Screen, Silence, follow
from core.cli.training import wait_for_machine
from core.errors import RunError
from core.evaluation.answers import Pair, compare
from core.evaluation.style import exact_rate, style_rate
from core.export.job import ExportResult, export
from core.export.source import Source
from core.generation.client import ModelProcess
from core.runs import words
from core.runs.folder import RunFolder, State
from core.runs.plot import LOSSES_FILE, save_losses
from core.runs.series import Series
from core.runs.watch import Watch
from core.samples import Sample

_FOLDER = "tunesmith-demo"
_ASKED = 40  # held-out examples, at most
_SHOWN = 3
_WIDTH = 100
_INDENT = 18


@dataclass(frozen=True, slots=True)
class Result:
    """What the demo made and measured; ``style`` and ``exact`` are shares of answers before and after."""

    project: Path
    run: RunFolder
    series: Series
    pairs: list[Pair]
    style: tuple[float, float]
    exact: tuple[float, float]
    export: ExportResult
    seconds: float

    @classmethod
    def measure(
        cls,
        project: Path,
        run: RunFolder,
        series: Series,
        pairs: list[Pair],
        export: ExportResult,
        sample: Sample,
        *,
        seconds: float,
    ) -> Self:
        """Apply the sample's rule to the answers."""
        before, after = [pair.base.text for pair in pairs], [pair.adapter.text for pair in pairs]
        expected = [pair.example.output for pair in pairs]
        style = style_rate(before, sample.style_pattern), style_rate(after, sample.style_pattern)
        exact = exact_rate(before, expected), exact_rate(after, expected)
        return cls(project, run, series, pairs, style, exact, export, seconds)

    @property
    def chart(self) -> Path:
        """The picture of the losses."""
        return self.run.path / LOSSES_FILE

    @property
    def losses(self) -> tuple[float, float]:
        """The training loss of the first and of the last step."""
        values = self.series.metrics["loss"]
        return values[0], values[-1]

    @property
    def heldout_losses(self) -> tuple[float, float] | None:
        """The held-out loss of the base model and of the adapter (the best state of the run); None without any."""
        values = [loss for _, loss in self.series.heldout]
        return (values[0], min(values[1:])) if len(values) > 1 else None

    def as_json(self) -> dict[str, object]:
        """The result of ``demo --json``."""
        return {
            "project": self.project,
            "run": self.run.name,
            "loss_first": self.losses[0],
            "loss_last": self.losses[1],
            "heldout_losses": self.heldout_losses,
            "style_rate_before": self.style[0],
            "style_rate_after": self.style[1],
            "exact_rate_before": self.exact[0],
            "exact_rate_after": self.exact[1],
            "asked": len(self.pairs),
            "adapter": self.export.path,
            "verified": self.export.verified,
            "chart": self.chart,
            "seconds": round(self.seconds, 1),
        }


class _Telling:
    """Words and bars for people; nothing when machines read."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._line = output.ProgressLine(sys.stderr)

    def say(self, text: str) -> None:
        """A line."""
        self.done()
        if not self.quiet:
            output.line(text)

    def bar(self, title: str) -> Callable[[int, int], None] | None:
        """What to tell how far something is."""
        if self.quiet:
            return None
        return lambda done, total: self._line.show(f"   {output.bar(done, total)}  {title} …")

    def done(self) -> None:
        """Take the bar away."""
        self._line.clear()


def register(commands: Any) -> None:
    """Add the command."""
    demo = commands.add_parser(
        "demo",
        help="see the main job: train a practice model on a sample and compare",
        description="Makes a project from the first sample, trains the embedded starter model on it with QLoRA, "
        "compares its answers before and after on examples that it was not trained on, and exports the adapter. "
        "Takes a minute or two on two processor cores; nothing is downloaded.",
    )
    demo.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help=f"a new folder for the project; {_FOLDER} unless given"
    )
    output.add_json(demo)
    demo.set_defaults(handler=_demo)


def _demo(args: argparse.Namespace) -> int:
    began = time.monotonic()
    tell = _Telling(quiet=args.json)
    sample = samples.all_samples()[0]
    tell.say("Teaching a small practice model a voice, on this machine alone.")
    with samples.create_sample_project(args.folder or new_folder(), sample.id) as project:
        tell.say(f"\n1. A project with the sample {sample.title}: {project.store.counts().total:,} examples.")
        tell.say(f"   {sample.description}")
        tell.say(f"   {project.path}")
        run = project.create_run(name=sample.title)
        path, exports = project.path, project.exports_folder
    tell.say("\n2. QLoRA training of the starter model. Ctrl-C stops it.")
    series = _train(run, path, tell)
    save_losses(series, run.path / LOSSES_FILE, title=f"{sample.title}, {run.name}")
    tell.say("\n3. Answers of the base model and of the adapter to examples that were held out of training.")
    pairs = _compare(run, tell)
    tell.say("\n4. Export of the adapter; a fresh process loads it and compares it with the trained model.")
    bar = tell.bar("Exporting and verifying")
    exported = export(
        Source.of_run(run),
        "adapter",
        exports / run.name,
        progress=lambda now: bar(round(1000 * now.share), 1000) if bar else None,
    )
    tell.done()
    result = Result.measure(path, run, series, pairs, exported, sample, seconds=time.monotonic() - began)
    if args.json:
        output.emit(result.as_json())
    else:
        _print(result, sample)
    return 0


def new_folder() -> Path:
    """A name that is free, here or, where nothing can be written, among the user's documents."""
    here = Path.cwd()
    place = here if os.access(here, os.W_OK) else paths.documents()
    names = itertools.chain([_FOLDER], (f"{_FOLDER}-{number}" for number in itertools.count(2)))
    return next(place / name for name in names if not os.path.lexists(place / name))


def _train(run: RunFolder, project: Path, tell: _Telling) -> Series:
    wait_for_machine(project)
    watch = Watch(run)
    watch.start()
    problem = follow(watch, Silence() if tell.quiet else Screen(indent="   "))
    if problem is not None:
        raise problem
    if watch.progress.state is not State.FINISHED:
        raise RunError(
            "The demo has ended before the training was done.",
            hint=f"Go on with it: {output.command('resume', project, run.number)}",
        )
    return watch.record.series


def _compare(run: RunFolder, tell: _Telling) -> list[Pair]:
    asked = run.heldout_examples()[:_ASKED]
    model = run.recipe().model
    with ModelProcess(model.base, model) as process:
        return compare(process, asked, run.adapter, progress=tell.bar("Asking both"))


def _print(result: Result, sample: Sample) -> None:
    output.line("\nBefore and after, on examples that the model was not trained on\n")
    for pair in result.pairs[:_SHOWN]:
        asked = " ".join(part for part in (pair.example.instruction, pair.example.input) if part)
        for title, text in (("Asked", asked), ("Before", pair.base.text), ("After", pair.adapter.text)):
            output.line(_paragraph(title, text))
        output.line()
    output.line(_paragraph("The rule", sample.style_words))
    output.line(_paragraph("In the voice", f"{_percent(result.style)}, of {len(result.pairs)} answers each"))
    output.line(_paragraph("Word for word", f"{_percent(result.exact)}: the very answer that the example has"))
    for title, losses in (("Training loss", result.losses), ("Held-out loss", result.heldout_losses)):
        if losses is not None:
            output.line(_paragraph(title, f"{words.loss(losses[0])} before, {words.loss(losses[1])} after"))
    output.line()
    for title, path in (("Project", result.project), ("Loss curve", result.chart), ("Adapter", result.export.path)):
        output.line(f"{_title(title)}{path}")  # not wrapped, to be copied
    output.line(_paragraph("Verified", output.verified(result.export.max_logit_difference)))
    output.line(_paragraph("Time", output.duration(result.seconds)))
    output.line()
    output.line(_paragraph("Next", "Open the project in the window, or ask the adapter something else:"))
    example = result.pairs[0].example
    question = ("--prompt", example.instruction, *(("--input", example.input) if example.input else ()))
    for command in (output.command(result.project), output.command("generate", result.project, *question)):
        output.line(_title("") + command)


def _paragraph(title: str, text: str) -> str:
    """A text beside its title, wrapped; its own line breaks stay."""
    lines = [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(part, _WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False)
    ]
    return "\n".join(_title(title if number == 0 else "") + line for number, line in enumerate(lines or [""]))


def _title(text: str) -> str:
    return f"  {text}".ljust(_INDENT)


def _percent(rates: tuple[float, float]) -> str:
    return f"{round(100 * rates[0])} % before, {round(100 * rates[1])} % after"
