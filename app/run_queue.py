"""The queue of the open project: keeps looking at it, changes it in the background, and has it worked off.

A process of its own works it off (:mod:`core.runs.queue_runner`), so that it goes on when the window is closed; the
window follows each run that this process starts.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app import tasks
from app.latest import Latest
from core.errors import UserError

if TYPE_CHECKING:
    from app.jobs import TrainingThread
    from app.session import Session
    from core.project import Project
    from core.recipe.schema import Recipe
    from core.runs.folder import Progress, RunFolder
    from core.runs.queue import Queue, Removed
    from core.runs.queue_view import QueueReader, QueueView
    from core.runs.sweep import Entry

LOOK_MS = 1500
_RUNNER_SECONDS = 10.0  # a process that was started has so long to take the queue over

Runner = Callable[[Path], "subprocess.Popen[bytes]"]


class RunQueue(QObject):
    """Every change is carried out by the session's writing thread; ``changed`` tells when it can be seen."""

    changed = Signal()
    """``view`` is another."""
    added = Signal(list)
    """(RunFolders): they wait now."""
    show_wanted = Signal()
    """The user wants to see the queue."""
    goes_on = Signal(int)
    """A project was opened whose queue is on: so many runs wait, and start by themselves."""
    broke_off = Signal(object)
    """(TrainingThread): a run that the queue started has failed, or its process was killed."""
    run_wanted = Signal(object)
    """(RunFolder): the user wants to see it."""
    waits = Signal(object)
    """(RunFolder): the machine is busy elsewhere, so a run that was to start waits in the queue."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._reader: QueueReader | None = None
        self._looks = Latest(self._on_view, parent=self)
        self._runner: subprocess.Popen[bytes] | None = None
        self._runner_until = 0.0
        self._told = False  # that no process can be started, which is tried again and again
        self._training: TrainingThread | None = None
        self.start_runner: Runner | None = None
        self.view: QueueView | None = None
        self.followed: RunFolder | None = None
        """The run that the window follows because the queue has started it."""
        self.watched = False
        """Whether somebody can see the queue, which others (a terminal) may change."""
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._tick)
        session.project_changed.connect(self._on_project)
        session.runs_changed.connect(self.refresh)
        session.training_changed.connect(self._on_training)

    @property
    def amount(self) -> int:
        """How many runs wait."""
        return len(self.view.waiting) if self.view is not None else 0

    @property
    def _may_act(self) -> bool:
        project = self._session.project
        return project is not None and not project.read_only

    def refresh(self) -> None:
        """Look at the queue now."""
        project = self._session.project
        if project is None or self._reader is None:
            self._looks.forget()
            return
        reader, alone = self._reader, not self._session.is_training
        self._looks.ask(lambda: (reader, reader.look(active=alone and reader.queue.look().on)))

    # What the user wants

    def add_current(self) -> None:
        """Prove the examples, and freeze them and the settings as they are now into a run that waits."""
        session = self._session
        session.hand_over.emit()
        recipe = session.recipe
        self._prove(lambda: self._add(lambda project: [project.create_run(recipe=recipe)]), again=self.add_current)

    def add_sweep(self, entries: Sequence[Entry]) -> None:
        """Prove the examples, and freeze them into a run for each entry."""
        wanted = [(entry.name, entry.recipe) for entry in entries]
        self._prove(
            lambda: self._add(lambda project: project.create_runs(wanted)), again=lambda: self.add_sweep(entries)
        )

    def duplicate(self, run: RunFolder, recipe: Recipe, name: str) -> None:
        """A run that waits, with the examples of another one and these settings."""
        self._add(lambda project: [_duplicate(project, run, recipe, name)])

    def _add(self, make: Callable[[Project], list[RunFolder]]) -> None:
        training = self._session.is_training

        def work(project: Project, queue: Queue) -> list[RunFolder]:
            runs = make(project)
            _enqueue(queue, runs, training)
            return runs

        self._change(work, self.added.emit)

    def _prove(self, add: Callable[[], object], *, again: Callable[[], object]) -> None:
        """Add if every example can be trained; ``again`` does it once those that cannot be are mended."""
        session, project = self._session, self._session.project
        if project is None or project.read_only:
            return
        recipe = session.recipe
        session.mend_for(again)
        session.write(
            lambda: project.store.revision,
            done=lambda at: session.gate.check(project, recipe, at, add, owner=self),
        )

    def move(self, run: RunFolder, place: int) -> None:
        """Give a run another place."""
        self._change(lambda _, queue: queue.move(run, place))

    def remove(self, runs: Sequence[RunFolder], done: Callable[[Removed], object]) -> None:
        """Take runs out; ``done`` gets what it takes to put them back."""
        self._change(lambda _, queue: queue.remove(runs), done)

    def put_back(self, removed: Removed) -> None:
        """Undo :meth:`remove`."""
        self._change(lambda _, queue: queue.put_back(removed))

    def switch(self, on: bool) -> None:
        """Let the next run start by itself, or hold the queue."""
        self._runner_until, self._told = 0.0, False
        self._change(lambda _, queue: queue.switch(on))

    def set_after_failure(self, value: str) -> None:
        """Choose what follows a failure."""
        from core.runs.queue import AfterFailure

        self._change(lambda _, queue: queue.set_after_failure(AfterFailure(value)))

    def _change(self, fn: Callable[[Project, Queue], Any], done: Callable[[Any], object] | None = None) -> None:
        project, reader = self._session.project, self._reader
        if project is None or project.read_only or reader is None:
            return

        def end(result: Any) -> None:
            if self._session.project is project:
                self._session.runs_changed.emit()
                if done is not None:
                    done(result)

        def fail(error: UserError) -> None:
            self._session.problem.emit(error)
            self.refresh()

        self._session.write(lambda: fn(project, reader.queue), done=end, failed=fail)

    # Looking on

    def _on_project(self) -> None:
        project = self._session.project
        self.view = self.followed = self._reader = None
        self._runner_until, self._told = 0.0, False
        if project is None:
            self._looks.forget()
            self._clock.stop()
        else:
            from core.runs.queue_view import QueueReader

            self._reader = QueueReader(project.runs_folder)
            self._clock.start()
            self.refresh()
        self.changed.emit()

    def _tick(self) -> None:
        if self._runner is not None and self._runner.poll() is not None:  # also takes it off the system's list
            self._runner = None
        view = self.view
        if (self.watched or (view is not None and (view.standing.on or view.waiting))) and not self._looks.busy:
            self.refresh()

    def _on_view(self, found: tuple[QueueReader, QueueView]) -> None:
        reader, view = found
        if reader is not self._reader:
            return
        before, self.view = self.view, view
        if view != before:
            self.changed.emit()
        if before is None and view.standing.on and view.waiting and self._may_act:
            self.goes_on.emit(len(view.waiting))
        if view.active is not None and not self._session.is_training:
            self.followed = view.active
            self._session.follow(view.active)
        self._keep_working(view)

    def _keep_working(self, view: QueueView) -> None:
        """Have a process work the queue off, also after the last one was killed or the computer restarted."""
        project = self._session.project
        wanted = view.standing.on and view.waiting and not view.worked_off
        if not wanted or project is None or not self._may_act or time.monotonic() < self._runner_until:
            return
        self._runner_until = time.monotonic() + _RUNNER_SECONDS
        from core.runs import queue_runner

        start = self.start_runner or queue_runner.start_runner
        tasks.run(lambda: start(project.path), done=self._on_runner, failed=self._on_no_runner)

    def _on_runner(self, runner: subprocess.Popen[bytes]) -> None:
        self._runner, self._told = runner, False
        self.refresh()

    def _on_no_runner(self, error: UserError) -> None:
        if not self._told:
            self._told = True
            self._session.problem.emit(error)

    # A run that was to start at once while the machine is busy elsewhere

    def _on_training(self) -> None:
        self._training = self._session.training
        if self._training is not None:
            self._training.failed.connect(self._on_not_started)
            self._training.state_changed.connect(self._on_state)
            if self._training.starts:
                self._training.events.connect(self._on_taken_up)

    def _on_taken_up(self, *_: object) -> None:
        """The user has started this run; if the queue was held for it, it goes on."""
        thread = self._training
        if thread is not None and self.sender() is thread:
            run = thread.run_folder
            thread.events.disconnect(self._on_taken_up)
            self._change(lambda _, queue: queue.taken_up(run))

    def _on_state(self, progress: Progress) -> None:
        from core.runs.folder import State

        thread = self._training
        if thread is None or self.sender() is not thread or thread.run_folder != self.followed or thread.is_forced:
            return
        if progress.state in (State.FAILED, State.INTERRUPTED):
            self.broke_off.emit(thread)

    def _on_not_started(self, error: UserError) -> None:
        from core.runs.heavy import MachineBusy

        thread = self._training
        if not isinstance(error, MachineBusy) or thread is None or self.sender() is not thread:
            return
        run = thread.run_folder
        self._change(lambda _, queue: _wait_first(queue, run), lambda waits: self._on_waits(run, waits=waits))

    def _on_waits(self, run: RunFolder, *, waits: bool) -> None:
        if waits and self._session.training is self._training:
            self._session.follow(None)
            self.waits.emit(run)


def _duplicate(project: Project, run: RunFolder, recipe: Recipe, name: str) -> RunFolder:
    from core.runs.again import duplicate

    return duplicate(run, project.runs_folder, recipe=recipe, name=name)


def _enqueue(queue: Queue, runs: Sequence[RunFolder], training: bool) -> None:
    """What is the first to wait while a run is trained starts after it; otherwise the user starts the queue."""
    from core.runs.queue import discard

    empty = not queue.look().waiting
    try:
        queue.add(runs)
    except UserError:
        discard(runs)
        raise
    if training and empty:
        queue.switch(True)


def _wait_first(queue: Queue, run: RunFolder) -> bool:
    """Let a run that has not begun have the next turn; one with checkpoints is resumed by its user."""
    from core.runs.queue import is_waiting

    if not is_waiting(run):
        return False
    queue.add([run], first=True)
    queue.switch(True)
    return True
