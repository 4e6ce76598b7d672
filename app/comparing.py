"""The comparison that is under way: planned, started and followed in the background, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.background_job import BackgroundJob
from app.latest import Latest
from core.errors import UserError

if TYPE_CHECKING:
    from app.session import Session
    from core.evaluation.comparison import Comparison, ComparisonFolder
    from core.evaluation.job import ComparisonJob, Doing
    from core.evaluation.results import Results
    from core.project import Project

Plan = Callable[["Project"], "Comparison"]
"""Says what is compared; called in another thread."""
MakeJob = Callable[["ComparisonFolder"], "ComparisonJob"]


def comparison_job(folder: ComparisonFolder) -> ComparisonJob:
    """The process of a comparison, not started yet."""
    from core.evaluation.job import ComparisonJob

    return ComparisonJob(folder)


class Comparing(QObject):
    """One comparison at a time. Closing the project stops it; what it found stays, and it can go on later.

    One that was begun elsewhere (in a terminal, say) is only followed then no longer.
    """

    began = Signal()
    """It is planned and its process starts: ``results`` is there, and grows from now on."""
    told = Signal(object)
    """(core.evaluation.job.Doing): how far it is; its rows are in ``results`` already."""
    ended = Signal()
    """All is done."""
    stopped = Signal()
    """It was stopped; ``results`` has what was found."""
    failed = Signal(object)
    """(UserError): it could not be planned, or ended before all was done; what was found stays."""

    def __init__(self, session: Session, parent: QObject | None = None, *, make: MakeJob = comparison_job) -> None:
        super().__init__(parent)
        self._session = session
        self._make = make
        self.results: Results | None = None
        self.doing: Doing | None = None
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.ended.connect(self._on_ended)
        self._job.failed.connect(self._on_failed)
        self._reading = Latest(self._on_read, parent=self)
        self._left = Event()
        session.leaving.connect(self._leave)
        session.project_changed.connect(self._forget)

    @property
    def busy(self) -> bool:
        """Whether a comparison is being planned or under way."""
        return self._job.busy

    def start(self, plan: Plan) -> None:
        """Plan a comparison, keep it in the project and begin; one under way is stopped."""
        project = self._session.project
        if project is None:
            return
        self._session.hand_over.emit()

        def make() -> ComparisonFolder:
            from core.evaluation.comparison import create

            return create(project.path, plan(project))

        self._begin(make)

    def resume(self, folder: ComparisonFolder) -> None:
        """Go on with a comparison of the project, or follow the process that works on it."""
        self._begin(lambda: folder)

    def stop(self) -> None:
        """End the process; what it has found so far is kept."""
        self._reading.forget()
        results = self.results
        if self._job.busy:
            self._job.stop()
            self.doing = None
            if results is None:  # it was being planned
                self.stopped.emit()
            else:
                self._reading.ask(lambda: _read_again(results))

    def _begin(self, make: Callable[[], ComparisonFolder]) -> None:
        self._reading.forget()
        self.results = self.doing = None
        self._left = Event()
        self._session.model_wanted.emit(self)  # two models would take the memory from each other
        make_job, left = self._make, self._left

        def follow() -> _Following:
            from core.evaluation.results import Results

            folder = make()
            return _Following(Results(folder), make_job(folder), left)

        self._job.start(follow)

    def _on_told(self, message: Results | Doing) -> None:
        from core.evaluation.results import Results

        if isinstance(message, Results):
            self.results = message
            self.began.emit()
        elif self.results is not None:
            self.results.take(message.rows)
            self.doing = message
            self.told.emit(message)

    def _on_ended(self) -> None:
        self.doing = None
        self.ended.emit()

    def _on_failed(self, error: UserError) -> None:
        self.doing = None
        self.failed.emit(error)

    def _on_read(self, results: Results) -> None:
        self.results = results
        self.stopped.emit()

    def _leave(self) -> None:
        self._left.set()
        self._job.stop()

    def _forget(self) -> None:
        self._leave()
        self._reading.forget()
        self.results = self.doing = None


class _Following:
    """The results of a comparison, then what its process tells; ``left``: the project is being closed."""

    def __init__(self, results: Results, job: ComparisonJob, left: Event) -> None:
        self._results = results
        self._job = job
        self._left = left

    def messages(self) -> Iterator[Any]:
        """See :class:`app.background_job.Job`."""
        yield self._results
        yield from self._job.messages()

    def stop(self) -> None:
        """End it; when the project is closed, only if it was begun here."""
        if self._left.is_set():
            self._job.leave()
        else:
            self._job.stop()


def _read_again(results: Results) -> Results:
    from core.evaluation.results import Results

    return Results(results.folder, results.comparison)
