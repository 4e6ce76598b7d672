"""Killing training processes at random moments and inside their saves, and resuming until the run is finished."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from forked_runs import adapter_bytes, evaluations, finish, log, losses, new_run, start

from core.runs.event_file import EventFollower
from core.runs.events import FINAL, Checkpoint, Resumed
from core.runs.folder import RunFolder, State

_KILLS_A_RUN = 12
_POLL_SECONDS = 0.0005
_LONGEST_SAVE = 0.03  # a kill inside a save comes at most so long after it has begun


@dataclass
class Figures:
    """What came of the kills."""

    kills: int = 0
    in_saves: int = 0
    runs: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def kill_many(
    folder: Path, model: Path, kills: int, *, seed: int, each: Callable[[Figures], None] = lambda figures: None
) -> Figures:
    """Kill processes of as many runs as it takes; every run must end as one that nobody disturbed.

    Args:
        folder: where the runs go.
        model: the base model.
        kills: how many.
        seed: of the moments.
        each: called after each kill.
    """
    chance = random.Random(seed)
    settings = {"training__epochs": 6, "checkpoints__minutes": 0.0001, "heldout__sample_answers": 1}
    whole = new_run(folder, model, **settings)
    began = time.monotonic()
    finish(whole)
    seconds = time.monotonic() - began
    figures = Figures()
    while figures.kills < kills:
        run = new_run(folder, model, **settings)
        figures.runs += 1
        for number in range(min(_KILLS_A_RUN, kills - figures.kills)):
            in_save = number % 3 == 0
            if not _kill_once(run, chance, in_save, seconds, figures):
                break
            each(figures)
        _finish_and_compare(run, whole, figures)
    return figures


def _kill_once(run: RunFolder, chance: random.Random, in_save: bool, seconds: float, figures: Figures) -> bool:
    """Whether there was a living process to kill."""
    left = _unfinished(run)  # by processes killed earlier
    process = start(run)
    if in_save:
        for _ in range(chance.randint(1, 3)):
            _wait_for_save(run, process, left)
        time.sleep(chance.uniform(0, _LONGEST_SAVE))
    else:
        process.join(chance.uniform(0, seconds))
    inside = bool(_unfinished(run) - left)
    process.kill()
    process.join()
    if process.exitcode != -9:
        return False
    figures.kills += 1
    figures.in_saves += inside
    figures.moments["save" if inside else _moment(run)] += 1
    return True


def _wait_for_save(run: RunFolder, process: BaseProcess, left: set[tuple[str, int]]) -> None:
    """Return inside the next save, or when the process has ended."""
    while _unfinished(run) - left and process.is_alive():
        time.sleep(_POLL_SECONDS)
    while not _unfinished(run) - left and process.is_alive():
        time.sleep(_POLL_SECONDS)


def _unfinished(run: RunFolder) -> set[tuple[str, int]]:
    """Folders of saves that are being filled, or were when a process was killed: names and inodes."""
    found = set()
    for path in (*run.checkpoints.glob(".step-*.tmp"), *run.path.glob(".adapter.*.tmp")):
        try:
            found.add((path.name, path.stat().st_ino))
        except OSError:
            continue  # renamed just now
    return found


def _moment(run: RunFolder) -> str:
    events = run.events()
    return events[-1].type if events else "start"


def _finish_and_compare(run: RunFolder, whole: RunFolder, figures: Figures) -> None:
    if run.progress().state is not State.FINISHED:
        code, _ = finish(run)
        if code:
            figures.wrong.append(f"{run.name}: did not finish: {log(run)[-500:]}")
            return
    follower = EventFollower(run.events_file)
    events = [event for batch in iter(follower.read, []) for event in batch]
    problems = {
        "other losses": losses(run) != losses(whole),
        "other held-out losses": evaluations(run) != evaluations(whole),
        "another adapter": adapter_bytes(run) != adapter_bytes(whole),
        "more than one last event": sum(isinstance(event, FINAL) for event in events) != 1,
        "files of a save left": bool(_unfinished(run)),
        "an announced checkpoint was lost": _lost_checkpoint(events),
    }
    figures.wrong += [f"{run.name}: {problem}" for problem, found in problems.items() if found]


def _lost_checkpoint(events: list[object]) -> bool:
    """Whether a process went on from an earlier state than the last one that was announced."""
    saved = 0
    for event in events:
        if isinstance(event, Checkpoint):
            saved = event.step
        elif isinstance(event, Resumed) and event.step < saved:
            return True
    return False
