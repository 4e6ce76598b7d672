"""The command queue: runs that wait for their turn, sweeps over settings, and working them off."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.base_models import catalogue
from core.cli import gate, output, settings
from core.cli.follow import JsonLines, Screen, Show, follow
from core.cli.training import result
from core.errors import RecipeError, RunError, UserError
from core.project import Project
from core.recipe import words as recipe_words
from core.recipe.presets import base_recipe
from core.recipe.recipe import get, with_settings
from core.recipe.schema import Recipe
from core.runs import folder, queue_runner, words
from core.runs.again import duplicate
from core.runs.folder import RunFolder, State
from core.runs.pace import seconds_for_all
from core.runs.queue import AfterFailure, Queue, Standing, discard
from core.runs.sweep import MOST_RUNS, MOST_SETTINGS, parse_values, sweep
from core.runs.watch import Watch

_PLACES = {"first": 0, "last": 1 << 30}
_AFTER = {"go-on": AfterFailure.GO_ON, "wait": AfterFailure.WAIT}
_POLL_SECONDS = 0.2


def register(commands: Any) -> None:
    """Add the command with its own commands."""
    parser = commands.add_parser(
        "queue",
        help="train several runs one after another",
        description="Runs that wait for their turn. Settings and examples of each are frozen when it is added. The\n"
        "queue survives a restart; one run is trained at a time on this machine, whatever project it is from.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("project", type=Path, metavar="PROJECT")
    output.add_json(parser)
    parser.set_defaults(handler=_list)
    acts = parser.add_subparsers(title="what to do", metavar="[list|add|sweep|move|remove|run|hold]")
    _register_list(acts)
    _register_add(acts)
    _register_sweep(acts)
    _register_order(acts)
    _register_run(acts)


def _command(acts: Any, name: str, handler: Any, help: str, **more: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(
        name, help=help, description=f"{help[0].upper()}{help[1:]}.", **more
    )
    # Not a default of its own: it would undo a --json that stands before the command's name.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for other programs")
    parser.set_defaults(handler=handler)
    return parser


def _register_list(acts: Any) -> None:
    _command(acts, "list", _list, "show what waits, in the order of its turns")


def _register_add(acts: Any) -> None:
    add = _command(
        acts, "add", _add, "add a run with the project's settings and ready examples, or like an earlier one"
    )
    settings.add_options(add)
    add.add_argument(
        "--like", metavar="RUN", help="with the examples and settings of this run instead; --set changes some"
    )
    add.add_argument("--name", default="", metavar="NAME", help="the run's name")
    add.add_argument("--first", action="store_true", help="its turn is the next")


def _register_sweep(acts: Any) -> None:
    parser = _command(
        acts,
        "sweep",
        _sweep,
        "add a run for each combination of the values of some settings",
        epilog="for example: tunesmith queue PROJECT sweep --over lora.rank=8,16 --over training.epochs=2,3",
    )
    settings.add_options(parser)
    parser.add_argument(
        "--over",
        action="append",
        required=True,
        metavar="GROUP.FIELD=VALUE,VALUE",
        help=f"a setting with the values to try; up to {MOST_SETTINGS} times, and up to {MOST_RUNS} runs. Alpha "
        "follows the rank unless it is given. Values that have commas are parted by semicolons",
    )


def _register_order(acts: Any) -> None:
    move = _command(acts, "move", _move, "give a waiting run another place")
    move.add_argument("run", metavar="RUN", help="its name or number")
    move.add_argument("to", metavar="TO", help="up, down, first, last, or a place: 1 is the next turn")
    remove = _command(acts, "remove", _remove, "take waiting runs out; their folders are deleted")
    remove.add_argument("runs", nargs="+", metavar="RUN", help="a name or number")


def _register_run(acts: Any) -> None:
    run = _command(
        acts, "run", _run, "train what waits, one after another; Ctrl-C stops the run under way and holds the queue"
    )
    run.add_argument("--detach", action="store_true", help="return at once; the queue goes on in the background")
    run.add_argument(
        "--after-failure", choices=list(_AFTER), help="what follows a run that failed; go-on unless chosen"
    )
    run.add_argument("--quiet", action="store_true", help="print nothing while it works")
    # For the process in the background: the queue was switched on before, and may have been held since.
    run.add_argument("--if-on", action="store_true", help=argparse.SUPPRESS)
    _command(acts, "hold", _hold, "start no other run; the one under way goes on")


# Showing


def _list(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        _show(args, project, Queue(project.runs_folder).look())
    return 0


def _show(args: argparse.Namespace, project: Project, standing: Standing, added: Sequence[RunFolder] = ()) -> None:
    seconds = seconds_for_all(standing.waiting, project.runs())
    if args.json:
        output.emit(_as_json(standing, seconds, added))
        return
    if not standing.waiting:
        output.line(f"Nothing waits. Add a run with {output.command('queue', args.project, 'add')}")
        return
    width = max(len(run.name) for run in standing.waiting)
    for place, run in enumerate(standing.waiting, start=1):
        output.line(f"{place:3}  {run.name:{width}}  {_settings(run)}")
    if seconds is not None:
        output.line(f"Together about {output.duration(seconds)}, as fast as the last run.")
    if standing.held_by:
        output.line(f"The queue is held: {standing.held_by}")
    if not (standing.on and queue_runner.is_worked_off(project.runs_folder)):
        output.line(f"Next: {output.command('queue', args.project, 'run')} trains them one after another.")


def _settings(run: RunFolder) -> str:
    """What is not as usual in the settings of a run."""
    try:
        recipe = run.recipe()
    except (UserError, OSError):
        return "its settings cannot be read"
    return ", ".join(recipe_words.difference(base_recipe(recipe.model.base), recipe)) or "the usual settings"


def _as_json(standing: Standing, seconds: float | None, added: Sequence[RunFolder] = ()) -> dict[str, object]:
    return {
        "waiting": [run.name for run in standing.waiting],
        "on": standing.on,
        "after_failure": standing.after_failure,
        "held_by": standing.held_by,
        "seconds": seconds,
        "added": [run.name for run in added],
    }


# Changing


def _add(args: argparse.Namespace) -> int:
    changes = settings.changes(args.set)
    with Project.open(args.project, read_only=True) as project:
        if args.like is None:
            recipe = settings.recipe_for(project.recipe, model=args.model, changes=changes)
            catalogue.resolve(recipe.model.base)
            gate.prove(project.path, recipe, json=args.json)
            run = project.create_run(name=args.name, recipe=recipe)
        else:
            like = folder.find(project.runs_folder, args.like)
            recipe = settings.recipe_for(like.recipe(), model=args.model, changes=changes)
            catalogue.resolve(recipe.model.base)
            run = duplicate(like, project.runs_folder, recipe=recipe, name=args.name)
        _enqueue(args, project, [run], first=args.first)
    return 0


def _sweep(args: argparse.Namespace) -> int:
    over = {name: parse_values(values) for name, values in settings.changes(args.over).items()}
    with Project.open(args.project, read_only=True) as project:
        recipe = settings.recipe_for(project.recipe, model=args.model, changes=settings.changes(args.set))
        catalogue.resolve(recipe.model.base)
        fixed_alpha = "lora.alpha" in over or any(
            option.replace(" ", "").startswith("lora.alpha=") for option in args.set
        )
        try:
            entries = sweep(recipe, over, alpha_follows=not fixed_alpha)
        except RecipeError as error:
            raise output.WrongUse(error.title, reason=f"{error.reason}.") from error
        gate.prove(project.path, recipe, json=args.json)
        runs = project.create_runs([(entry.name, entry.recipe) for entry in entries])
        if not args.json and not fixed_alpha and _alpha_follows(recipe, [entry.recipe for entry in entries]):
            output.line("Alpha follows the rank, so that the learning rate suits each; --set lora.alpha=N keeps it.")
        _enqueue(args, project, runs)
    return 0


def _alpha_follows(recipe: Recipe, others: Sequence[Recipe]) -> bool:
    ranks = {get(other, "lora.rank") for other in others}
    return len(ranks) > 1 and any(other != with_settings(other, {"lora.alpha": recipe.lora.alpha}) for other in others)


def _enqueue(args: argparse.Namespace, project: Project, runs: Sequence[RunFolder], *, first: bool = False) -> None:
    try:
        standing = Queue(project.runs_folder).add(runs, first=first)
    except RunError:
        discard(runs)
        raise
    _show(args, project, standing, added=runs)


def _move(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        queue = Queue(project.runs_folder)
        run = folder.find(project.runs_folder, args.run)
        waiting = queue.look().waiting
        now = waiting.index(run) if run in waiting else 0
        places = {**_PLACES, "up": now - 1, "down": now + 1}
        if args.to not in places and not args.to.isdecimal():
            raise output.WrongUse(
                f"{args.to!r} is no place.", hint="Say up, down, first, last, or a number; 1 is the next turn."
            )
        _show(args, project, queue.move(run, places[args.to] if args.to in places else int(args.to) - 1))
    return 0


def _remove(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        queue = Queue(project.runs_folder)
        queue.remove([folder.find(project.runs_folder, key) for key in dict.fromkeys(args.runs)])
        _show(args, project, queue.look())
    return 0


def _hold(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        standing = Queue(project.runs_folder).switch(False)
        if not args.json:
            output.line("The queue is held: no other run starts by itself. One that is being trained goes on.")
        _show(args, project, standing)
    return 0


# Working off


def _run(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        path, queue = project.path, Queue(project.runs_folder)
    if args.after_failure:
        queue.set_after_failure(_AFTER[args.after_failure])
    waiting = queue.look().waiting
    if not waiting and not args.if_on:
        raise RunError("Nothing waits in the queue.", hint=f"Add a run: {output.command('queue', args.project, 'add')}")
    if not args.if_on:
        queue.switch(True)
    if args.detach:
        queue_runner.start_runner(path)
        if args.json:
            output.emit(_as_json(queue.look(), None))
        else:
            output.line(f"{len(waiting)} waiting; the queue goes on in the background.")
            output.line(f"Next: {output.command('runs', args.project)} shows how it stands,")
            output.line(f"      {output.command('queue', args.project, 'hold')} lets no other run start.")
        return 0
    working = _Working(args, queue)
    try:
        done = queue_runner.work_off(queue, working.follow, waits_for=working.waits_for)
    except KeyboardInterrupt:  # while it waited; a run under way takes it as the wish to stop
        queue.switch(False)
        raise
    return _ending(args, done)


def _ending(args: argparse.Namespace, done: Sequence[tuple[RunFolder, State]]) -> int:
    """One line of JSON, or a sentence; 1 when a run failed."""
    failed = [run for run, state in done if state in (State.FAILED, State.INTERRUPTED)]
    if args.json:
        output.emit([result(run, run.progress()) for run, _ in done])
    elif not args.quiet:
        said = ", ".join(f"{run.name} {words.state(state).lower()}" for run, state in done)
        output.line(f"The queue has ended: {said or 'nothing was trained'}.")
    if failed:
        raise RunError(
            f"Not every run has finished: {', '.join(run.name for run in failed)}.",
            hint=f"Go on with one: {output.command('resume', args.project, failed[0].number)}",
        )
    return 0


class _Working:
    """Shows one run after another; Ctrl-C stops the run under way and holds the queue."""

    def __init__(self, args: argparse.Namespace, queue: Queue) -> None:
        self._args = args
        self._queue = queue
        self._line = output.ProgressLine(sys.stderr)

    def follow(self, watch: Watch) -> UserError | None:
        """Look on until the run has ended."""
        self._line.clear()
        if self._args.quiet:
            while not watch.ended:
                if not watch.look():
                    time.sleep(_POLL_SECONDS)
            return watch.problem
        if not self._args.json:
            output.line(f"{watch.run.name}: {catalogue.display_name(watch.run.recipe().model.base)}")
        show = _Held(JsonLines() if self._args.json else Screen(indent="  "), self._queue)
        problem = follow(watch, show)
        if not self._args.json:
            output.line(f"  {problem or words.sentence(watch.record.journal[-1])}")
        return problem

    def waits_for(self, what: str) -> None:
        """Say what is waited for."""
        if not self._args.quiet and not self._args.json:
            self._line.show(f"Waiting until {what} has ended …")


class _Held:
    """A show that holds the queue once the user asks for an end."""

    def __init__(self, show: Show, queue: Queue) -> None:
        self.events, self.status, self.end = show.events, show.status, show.end
        self._show = show
        self._queue = queue

    def say(self, text: str) -> None:
        """The user has asked for an end."""
        try:
            self._queue.switch(False)
        except RunError as error:
            text = f"{text} {error}"
        self._show.say(text)
