"""A small disk gets full at random moments of a run, which must pause, go on with room, and end as undisturbed."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from forked_runs import adapter_bytes, evaluations, finish, log, losses, new_run

from core.runs.events import Paused
from core.runs.folder import RunFolder, State

_STEPS = 12
_MOST_LEFT = 400_000  # bytes; a run writes some hundred thousand from here to its end


@dataclass
class Fillings:
    """What came of it."""

    times: int = 0
    paused: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = 3) -> Iterator[Path]:
    """A real file system of this size.

    Raises:
        OSError: none can be made here.
    """
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        raise OSError("a small disk cannot be made here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_often(
    folder: Path, model: Path, times: int, *, seed: int, each: Callable[[Fillings], None] = lambda figures: None
) -> Fillings:
    """Fill the disk in as many runs as told, each at a random step with a random rest, and finish them with room.

    Args:
        folder: where the undisturbed run and the disk go.
        model: the base model.
        times: how many runs.
        seed: of the moments.
        each: called after each run.
    """
    chance = random.Random(seed)
    whole = new_run(folder, model, checkpoints__minutes=0.0001)
    finish(whole)
    figures = Fillings()
    disk = folder / "disk"
    disk.mkdir()
    for _ in range(times):
        with small_disk(disk):
            run = new_run(disk, model, checkpoints__minutes=0.0001)
            ballast = disk / "ballast"
            code, events = finish(
                run, "fill_disk_at", chance.randint(1, _STEPS), str(ballast), chance.randint(0, _MOST_LEFT)
            )
            figures.times += 1
            if code:
                figures.paused += 1
                figures.moments[events[-2].type if len(events) > 1 else "start"] += 1
                if not isinstance(events[-1], Paused):
                    figures.wrong.append(f"{run.name} did not pause: {events[-1].type} {log(run)[-500:]}")
            ballast.unlink(missing_ok=True)
            _finish_and_compare(run, whole, figures)
        each(figures)
    return figures


def _finish_and_compare(run: RunFolder, whole: RunFolder, figures: Fillings) -> None:
    if run.progress().state is not State.FINISHED and finish(run)[0]:
        figures.wrong.append(f"{run.name} did not finish with room: {log(run)[-500:]}")
        return
    problems = {
        "other losses": losses(run) != losses(whole),
        "other held-out losses": evaluations(run) != evaluations(whole),
        "another adapter": adapter_bytes(run) != adapter_bytes(whole),
    }
    figures.wrong += [f"{run.name}: {problem}" for problem, found in problems.items() if found]
