"""Commands that train and look after runs: train, runs, resume, stop, pause."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.cli import gate, output, settings
from core.cli.follow import JsonLines, Screen, follow
from core.errors import RunError, UserError
from core.hardware import cards
from core.hardware.fitting import kind_of
from core.hardware.obstacles import check
from core.hardware.usage import memory_use
from core.project import Project
from core.runs import folder, heavy, notes, queue_runner, words
from core.runs.events import Event, Finished, Stopped
from core.runs.folder import Progress, RunFolder, State, Wish
from core.runs.heavy import MachineBusy
from core.runs.queue import Queue, discard
from core.runs.watch import Watch, active_run

_LOCK_FILE = ".starting.lock"
_LOCK_SECONDS = 20.0
_POLL_SECONDS = 0.5


def register(commands: Any) -> None:
    """Add this group's commands."""
    train = commands.add_parser(
        "train",
        help="train on the project's ready examples",
        description="Trains on the project's ready examples and shows how it goes. Ctrl-C stops with a checkpoint and\n"
        "an adapter; closing the terminal does not: the run goes on. Settings given here hold for this run; those of\n"
        "the project stay as they are.",
        epilog=settings.listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument("project", type=Path, metavar="PROJECT")
    settings.add_options(train)
    train.add_argument("--name", default="", metavar="NAME", help="the run's name; the project's unless given")
    train.add_argument("--devices", metavar="N", help="GPUs that train together, or auto for all (training.devices)")
    train.set_defaults(handler=_train)

    resume = commands.add_parser("resume", help="go on with a run from its last checkpoint")
    resume.add_argument(
        "--anyway", action="store_true", help="also when examples, settings, base model or libraries have changed"
    )
    resume.set_defaults(handler=_resume)
    listing = commands.add_parser("runs", help="list a project's runs")
    listing.add_argument("project", type=Path, metavar="PROJECT")
    listing.set_defaults(handler=_runs)
    stop = commands.add_parser("stop", help="end a run with a checkpoint and an adapter")
    stop.set_defaults(handler=_stop)
    pause = commands.add_parser("pause", help="end a run's process for now, with a checkpoint")
    pause.set_defaults(handler=_pause)
    for parser in (resume, stop, pause):
        parser.add_argument("project", type=Path, metavar="PROJECT")
        parser.add_argument("run", metavar="RUN", help="its name or number")
    for parser in (train, resume):
        parser.add_argument("--detach", action="store_true", help="return once it is started; it goes on by itself")
    for parser in (train, resume, listing, stop, pause):
        output.add_json(parser)


def _train(args: argparse.Namespace) -> int:
    changes = settings.changes(args.set)
    if args.devices:
        changes["training.devices"] = args.devices
    with Project.open(args.project, read_only=True) as project:
        recipe = settings.recipe_for(project.recipe, model=args.model, changes=changes)
        facts = ModelFacts.read(catalogue.resolve(recipe.model.base))
        check(recipe, facts=facts, device=kind_of(memory_use()))
        cards.processes(recipe)
        checked = gate.prove(project.path, recipe, json=args.json)
        if not checked.ready:
            raise folder.nothing_to_train_on()
        if not args.json:
            for text in settings.remarks(project.recipe, recipe, examples=checked.ready):
                output.line(text)
        wait_for_machine(project.path, detach=args.detach)
        with _starting(project):
            run = project.create_run(name=args.name, recipe=recipe)
            watch = Watch(run)
            try:
                watch.start()
            except MachineBusy:
                discard([run])
                raise
    return _started(args, watch)


def _resume(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        run = folder.find(project.runs_folder, args.run)
        if run.progress().state is State.FINISHED:
            raise RunError(f"{run.name} has finished.", hint="Train again to get another run.")
        wait_for_machine(project.path, detach=args.detach)
        with _starting(project):
            if args.anyway:
                run.consent()
            watch = Watch(run)
            try:
                watch.start()
            except UserError:
                run.take_consent()  # it was given for this time
                raise
        goes_on = Queue(project.runs_folder).taken_up(run)
    if goes_on:
        queue_runner.start_runner(project.path)
        if not args.json:
            output.line("The queue, which was held for this run, goes on after it.")
    return _started(args, watch)


def wait_for_machine(project: Path, *, detach: bool = False) -> None:
    """Wait until no run of another project, and no comparison, has this machine; Ctrl-C gives up.

    Raises:
        MachineBusy: with ``detach`` nothing is waited for.
    """
    shown = output.ProgressLine(sys.stderr)
    try:
        while (busy := heavy.holder()) is not None and busy.folder.path.parent != project.resolve() / "runs":
            if detach:
                raise MachineBusy(busy)
            shown.show(f"Waiting until {busy.words} has ended; one run at a time is trained on this machine …")
            time.sleep(_POLL_SECONDS)
    finally:
        shown.clear()


def _started(args: argparse.Namespace, watch: Watch) -> int:
    """Follow a run that was started, or leave it alone."""
    run = watch.run
    if not args.detach:
        if not args.json:
            output.line(f"{run.name}: {catalogue.display_name(run.recipe().model.base)}, in {run.path}")
        return end(args.project, watch, follow(watch, JsonLines() if args.json else Screen()), json=args.json)
    if args.json:
        output.emit(result(run, watch.progress))
        return 0
    output.line(f"{run.name} is training in the background, in {run.path}.")
    output.line(f"Next: {output.command('runs', args.project)} shows how it stands,")
    output.line(f"      {output.command('stop', args.project, run.number)} ends it with a checkpoint and an adapter.")
    return 0


def end(project: Path, watch: Watch, problem: UserError | None, *, json: bool) -> int:
    """Say how a run ended.

    Raises:
        RunError: it failed or was interrupted.
    """
    run, progress = watch.run, watch.progress
    if json:
        output.emit(result(run, progress))
    if problem is not None:
        hint = problem.hint
        if progress.state is State.INTERRUPTED:
            hint = f"{hint} To do so: {output.command('resume', project, run.number)}"
        if progress.error is not None and progress.error.kind == "changed":
            hint = f"{hint} To do so: {output.command('resume', project, run.number, '--anyway')}"
        raise RunError(problem.title, reason=problem.reason, hint=hint, details=problem.details)
    if json:
        return 0
    _say_end(project, run, watch.record.journal[-1])
    return 0


def _say_end(project: Path, run: RunFolder, last: Event) -> None:
    """How a run ended as it should, where its adapter is, and what to do next."""
    text = words.sentence(last)
    if isinstance(last, Finished):
        text = f"{text[:-1]}, training loss {words.loss(last.loss)}. It took {output.duration(last.seconds)}."
    output.line(text)
    if isinstance(last, Finished | Stopped) and last.adapter:
        output.line(f"Adapter: {run.adapter}")
    if not isinstance(last, Finished):
        output.line(f"Next: {output.command('resume', project, run.number)} goes on where it ended.")
        return
    output.line(f"Next: {output.command('generate', project, '--run', run.number, '--prompt', 'TEXT')} asks it,")
    target = project / "exports" / run.name
    output.line(f"      {output.command('export', project, run.number, '--as', 'adapter', target)} takes it away.")


def _runs(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        found = [(run, run.progress()) for run in project.runs()]
    if args.json:
        output.emit([{**result(run, progress), "created": run.created, **_notes(run)} for run, progress in found])
        return 0
    if not found:
        output.line(f"No runs yet. Start one with {output.command('train', args.project)}")
        return 0
    output.line(
        output.table(("run", "state", "step", "loss", "held-out loss", "created"), [_row(*pair) for pair in found])
    )
    return 0


def _notes(run: RunFolder) -> dict[str, object]:
    said = notes.read(run)
    return {"title": notes.title(run, said), "note": said.note, "starred": said.starred}


def _row(run: RunFolder, progress: Progress) -> tuple[str, ...]:
    step = f"{progress.step:,} of {progress.steps:,}" if progress.steps else "–"
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
    losses = words.loss(progress.loss), words.loss(progress.heldout_loss)
    return run.name, words.state(progress.state).lower(), step, *losses, created


def _stop(args: argparse.Namespace) -> int:
    return _ask(args, "stop")


def _pause(args: argparse.Namespace) -> int:
    return _ask(args, "pause")


def _ask(args: argparse.Namespace, wish: Wish) -> int:
    """Ask a run for an end and wait until its process is gone; leaving earlier does not take the wish back."""
    with Project.open(args.project, read_only=True) as project:
        run = folder.find(project.runs_folder, args.run)
    watch = Watch(run)
    if not run.worker_is_alive():
        raise RunError(
            f"{run.name} is not being trained.", reason=f"It is {words.state(run.progress().state).lower()}."
        )
    run.ask(wish)
    shown = output.ProgressLine(sys.stderr)
    try:
        while not watch.ended:
            watch.look()
            if not args.json:
                shown.show(f"Waiting until {run.name} has saved a checkpoint …")
            time.sleep(0.1)
    finally:
        shown.clear()
    return end(args.project, watch, watch.problem, json=args.json)


def result(run: RunFolder, progress: Progress) -> dict[str, object]:
    """A run as ``--json`` prints it."""
    return {
        "run": run.name,
        "state": progress.state,
        "steps": progress.step,
        "planned_steps": progress.steps,
        "loss": progress.loss,
        "heldout_loss": progress.heldout_loss,
        "adapter": run.adapter if run.adapter.is_dir() else None,
        "path": run.path,
    }


@contextmanager
def _starting(project: Project) -> Iterator[None]:
    """While a run is being started, no other command may start one.

    Raises:
        RunError: a run of this project is being trained.
    """
    try:
        project.runs_folder.mkdir(exist_ok=True)
        lock = filelock.FileLock(project.runs_folder / _LOCK_FILE, timeout=_LOCK_SECONDS)
        lock.acquire()
    except filelock.Timeout as error:
        raise RunError("Another run is being started.", hint="Try again in a moment.") from error
    except OSError as error:
        raise RunError(
            "No run can be started in this project.",
            reason=f"Its folder runs cannot be written: {error.strerror or error}.",
            hint="Copy the project to a folder of yours, or change the permissions.",
        ) from error
    try:
        active = active_run(project.runs())
        if active is not None:
            stop = output.command("stop", project.path, active.number)
            raise RunError(
                f"{active.name} is being trained already.",
                reason="Two at once would take the memory from each other.",
                hint=f"Wait for it to end, or stop it: {stop}",
            )
        yield
    finally:
        lock.release()
