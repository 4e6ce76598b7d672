"""The way on that stands beside what went wrong with a run: one button that does what helps."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from app import format, tasks
from app.run_watch import RunWatch
from app.widgets.banner import Banner


class RunWays(QObject):
    """Fills the banner of a run, and does what its button says."""

    resume_wanted = Signal()
    examples_wanted = Signal(list, str)
    """(numbers, words): these examples are to be shown, under these words."""

    def __init__(self, watch: RunWatch, banner: Banner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._banner = banner
        self._resumes = False
        banner.acted.connect(self._act)
        watch.changed.connect(self._forget)

    def show(self) -> None:
        """Say what is wrong, if anything is."""
        progress, problem = self._watch.progress, self._watch.problem
        ends = progress is not None and not progress.state.is_active
        if problem is not None and (progress is None or ends or progress.silent):
            self._banner.show_problem(problem, act=self._words())
        else:
            self._banner.clear()
        if self._resumes and ends and self._is_gone():
            self._resumes = False
            self.resume_wanted.emit()

    def _words(self) -> str:
        progress = self._watch.progress
        if progress is None or not self._watch.can_act:
            return ""
        if progress.silent:
            return "End it and resume"
        if progress.error is not None and progress.error.kind == "changed":
            return "Resume anyway"
        if progress.error is not None and progress.error.examples:
            return f"Show {format.plural(len(progress.error.examples), 'example')}"
        return ""

    def _act(self) -> None:
        progress, run, thread = self._watch.progress, self._watch.run, self._watch.thread
        if progress is None or run is None:
            return
        if progress.silent:
            if thread is not None:
                self._resumes = True
                thread.end_now()
        elif progress.error is not None and progress.error.kind == "changed":
            tasks.run(run.consent, done=lambda _: self._agreed(run), failed=self._banner.show_problem)
        elif progress.error is not None:
            self.examples_wanted.emit(progress.error.examples, f"In the batch of run {run.number}")

    def _agreed(self, run: object) -> None:
        if run == self._watch.run:
            self.resume_wanted.emit()

    def _is_gone(self) -> bool:
        thread = self._watch.thread
        return thread is None or not isValid(thread) or thread.isFinished()

    def _forget(self) -> None:
        self._resumes = False
