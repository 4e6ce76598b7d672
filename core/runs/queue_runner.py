"""Working off a project's queue: one run after another, in a process of its own that outlives whoever started it.

Window and command line start the same process (``python -m core queue PROJECT run``), so the queue goes on when the
window is closed. At most one works on a project. It ends when nothing waits or the queue is held; killing it harms
nothing: the run under way goes on, and the next start takes the queue up where it was.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from core import paths
from core.errors import RunError, UserError
from core.runs import heavy, notes, words
from core.runs.folder import RunFolder, State, all_runs
from core.runs.heavy import MachineBusy
from core.runs.process import background_flags
from core.runs.queue import AfterFailure, Queue
from core.runs.watch import Watch, active_run

LOG_FILE = "queue-log.txt"
_RUNNER_LOCK = ".queue-runner.lock"
_POLL_SECONDS = 0.5
_LOCK_SECONDS = 2.0  # another process may only be asking whether there is one
_FAILED = (State.FAILED, State.INTERRUPTED)

Follow = Callable[[Watch], UserError | None]
"""Looks on until a run has ended; returns what went wrong."""


def is_worked_off(runs: Path) -> bool:
    """Whether a process works the queue off now."""
    lock = filelock.FileLock(runs / _RUNNER_LOCK, timeout=0)
    if not runs.is_dir():
        return False
    try:
        with lock:
            return False
    except filelock.Timeout:
        return True
    except (OSError, NotImplementedError):
        return False


def start_runner(project: Path) -> subprocess.Popen[bytes]:
    """Work the queue of a project off in the background; a second such process ends at once by itself.

    Raises:
        RunError: it cannot be started.
    """
    log = project / "runs" / LOG_FILE
    try:
        log.parent.mkdir(exist_ok=True)
        with open(log, "ab") as output:
            return subprocess.Popen(
                [paths.worker_python(), "-m", "core", "queue", str(project.resolve()), "run", "--quiet", "--if-on"],
                cwd=paths.package_root(),
                env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name != "nt",
                creationflags=background_flags(),
            )
    except OSError as error:
        raise RunError("The queue could not be started.", reason=f"{error.strerror or error}.") from error


def work_off(
    queue: Queue, follow: Follow, *, waits_for: Callable[[str], object] = lambda _: None
) -> list[tuple[RunFolder, State]]:
    """Train what waits, one after another, until nothing waits or the queue is held.

    Pausing a run holds the queue, since whoever pauses wants the memory free; stopping one does not.

    Args:
        queue: the queue; it must be on.
        follow: looks on until a run has ended.
        waits_for: told in words what is waited for, twice a second.

    Returns:
        The runs with how they ended.

    Raises:
        RunError: another process works the queue off.
    """
    done: list[tuple[RunFolder, State]] = []
    with _alone(queue.runs):
        while not queue.ends():
            active = active_run(all_runs(queue.runs))
            other = heavy.holder()
            if active is not None:
                _wait_for(Watch(active), queue, waits_for)
            elif other is not None:
                waits_for(other.words)
                time.sleep(_POLL_SECONDS)
            elif (watch := _start_next(queue)) is not None:
                problem = follow(watch)
                done.append((watch.run, watch.progress.state))
                _after(queue, watch.run, watch.progress.state, problem)
    return done


def _wait_for(watch: Watch, queue: Queue, waits_for: Callable[[str], object]) -> None:
    """Wait for the end of a run of the same project that was started elsewhere, as long as the queue is on."""
    while not watch.ended:
        if not watch.look():
            waits_for(watch.run.name)
            time.sleep(_POLL_SECONDS)
        if queue.ends():
            return
    _after(queue, watch.run, watch.progress.state, watch.problem)


def _start_next(queue: Queue) -> Watch | None:
    """Start the run whose turn it is; None when there is none, or somebody else was faster."""
    try:
        with queue.next() as run:
            if run is None:
                return None
            watch = Watch(run)
            watch.start()
            return watch
    except MachineBusy:
        return None
    except UserError as error:
        queue.switch(False, held_by=str(error))
        raise
    except OSError as error:
        problem = RunError(
            "The next run could not be started.", reason=f"{error.strerror or error}.", details=str(error)
        )
        queue.switch(False, held_by=str(problem))
        raise problem from error


def _after(queue: Queue, run: RunFolder, state: State, problem: UserError | None) -> None:
    if run.worker_is_alive():
        return  # it was taken up again meanwhile
    title = notes.title(run, notes.read(run))
    if state is State.PAUSED:
        queue.switch(False, held_by=f"{title} was paused.", held_for=run)
    elif state in _FAILED and queue.look().after_failure is AfterFailure.WAIT:
        why = problem.title if problem is not None else f"It {words.state(state).lower()}."
        queue.switch(False, held_by=f"{title} did not finish: {why}", held_for=run)


@contextmanager
def _alone(runs: Path) -> Iterator[None]:
    try:
        runs.mkdir(exist_ok=True)
        lock = filelock.FileLock(runs / _RUNNER_LOCK, timeout=_LOCK_SECONDS)
        lock.acquire()
    except filelock.Timeout as error:
        raise RunError("The queue of this project is being worked off already.") from error
    except (OSError, NotImplementedError) as error:
        raise RunError("The queue cannot be worked off.", reason=str(error)) from error
    try:
        yield
    finally:
        lock.release()
