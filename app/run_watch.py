"""The run that the Train page is about: what it told before, read in the background, and what it tells now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance
from shiboken6 import isValid

from app.latest import Latest
from core.errors import UserError

if TYPE_CHECKING:
    from app.jobs import TrainingThread
    from app.session import Session
    from core.recipe.schema import Recipe
    from core.runs.events import Event
    from core.runs.folder import Progress, RunFolder
    from core.runs.notes import Notes
    from core.runs.record import Record


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is read of a run in the background."""

    record: Record
    recipe: Recipe | None
    problem: UserError | None


class RunWatch(QObject):
    """Joins the past of a run (a task reads its whole event file) with its present (the session's thread).

    Events that arrive while the past is being read are kept and added afterwards; each piece says how many events of
    the file come before it, so nothing is missing and nothing is there twice.
    """

    changed = Signal()
    """Another run is shown, or none; ``record`` is None while it is being read."""
    loaded = Signal()
    """``record`` is there."""
    advanced = Signal(list)
    """New events are in ``record``."""
    progress_changed = Signal()
    """``progress``, ``problem`` or the wish is different."""
    failed = Signal(object)
    """(UserError): the run could not be started, or not be asked for what the user wants."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.run: RunFolder | None = None
        self.record: Record | None = None
        self.recipe: Recipe | None = None
        self._problem: UserError | None = None
        self._thread: TrainingThread | None = None
        self._waiting: list[tuple[list[Event], int]] = []
        self._followed: RunFolder | None = None
        self._reader = Latest(self._on_loaded, failed=self._on_unreadable, parent=self)
        session.training_changed.connect(self._on_training)
        session.project_changed.connect(lambda: self.show(None))
        self._on_training()

    @property
    def thread(self) -> TrainingThread | None:
        """The thread that follows the shown run, if the session has one."""
        return self._thread

    @property
    def progress(self) -> Progress | None:
        """The state of the shown run."""
        if self._thread is not None:
            return self._thread.progress
        return self.record.progress if self.record is not None else None

    @property
    def can_act(self) -> bool:
        """Whether the user may change what the run does; not in a project that can only be looked at."""
        project = self._session.project
        return project is not None and not project.read_only

    @property
    def problem(self) -> UserError | None:
        """What went wrong with the shown run, if anything did."""
        return self._thread.problem if self._thread is not None else self._problem

    def show(self, run: RunFolder | None) -> None:
        """Be about another run, or about none."""
        if run == self.run and run is not None:
            return
        self._switch(run)

    def set_notes(self, run: RunFolder, notes: Notes) -> None:
        """The user has said something else of a run; shown at once if it is this one."""
        if run == self.run and self.record is not None:
            self.record.notes = notes
            self.progress_changed.emit()

    def _switch(self, run: RunFolder | None) -> None:
        self.run = run
        self.record = self.recipe = self._problem = None
        self._waiting = []
        self._join_thread()
        self.changed.emit()
        if run is None:
            self._reader.forget()
        else:
            self._reader.ask(lambda: _load(run))

    def _on_training(self) -> None:
        """The session follows another run: that one is shown.

        The same one, found again without having been started here, takes nobody away from a run chosen meanwhile.
        """
        training = self._session.training
        if training is None:
            self._join_thread()
            return
        again = training.run_folder == self._followed and not training.starts
        self._followed = training.run_folder
        if again and self.run is not None and self.run != training.run_folder:
            self._join_thread()
        else:
            self._switch(training.run_folder)

    def _join_thread(self) -> None:
        training = self._session.training
        mine = training if training is not None and training.run_folder == self.run else None
        if mine is self._thread:
            return
        if self._thread is not None and isValid(self._thread):
            for signal, slot in self._links(self._thread):
                signal.disconnect(slot)
        self._thread = mine
        if mine is not None:
            for signal, slot in self._links(mine):
                signal.connect(slot)

    def _links(self, thread: TrainingThread) -> tuple[tuple[SignalInstance, Callable[..., None]], ...]:
        """Which signals of a thread are heard, and where."""
        return (
            (thread.events, self._on_events),
            (thread.state_changed, self._on_state),
            (thread.wish_changed, self._on_state),
            (thread.finished, self._on_state),
            (thread.failed, self._on_failed),
        )

    def _on_loaded(self, loaded: _Loaded) -> None:
        if loaded.record.run != self.run:
            return
        self.record, self.recipe, self._problem = loaded.record, loaded.recipe, loaded.problem
        waiting, self._waiting = self._waiting, []
        for events, first in waiting:
            self._take(events, first)
        self.loaded.emit()
        self.progress_changed.emit()

    def _on_unreadable(self, problem: UserError) -> None:
        self._problem = problem
        self.progress_changed.emit()

    def _on_events(self, events: list[Event], first: int) -> None:
        if self._is_from_thread() and (new := self._take(events, first)):
            self.advanced.emit(list(new))

    def _take(self, events: list[Event], first: int) -> Sequence[Event]:
        """Add events to the record; what cannot be added yet is kept until the past has been read (again)."""
        run = self.run
        if self.record is not None and first <= self.record.count:
            return self.record.add(events, first)
        self._waiting.append((events, first))
        if self.record is not None and run is not None and not self._reader.busy:
            # The thread began to tell later than the reader had stopped: the file has what is between.
            self._reader.ask(lambda: _load(run))
        return ()

    def _on_state(self, *_: object) -> None:
        if self._is_from_thread():
            self.progress_changed.emit()

    def _on_failed(self, problem: UserError) -> None:
        if self._is_from_thread():
            self.failed.emit(problem)

    def _is_from_thread(self) -> bool:
        """Whether the signal being handled comes from the thread followed now, not from one before it."""
        return self._thread is not None and self.sender() is self._thread


def _load(run: RunFolder) -> _Loaded:
    from core.errors import RecipeError
    from core.runs import words
    from core.runs.record import Record

    record = Record.load(run)
    try:
        recipe = run.recipe()
    except (RecipeError, OSError):
        recipe = None
    return _Loaded(record, recipe, words.problem(record.progress, run))
