"""A rehearsal from the Settings page: proven examples first, then real steps in a process, then figures in words."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from app import format
from app.background_job import BackgroundJob, Job
from app.pages.page import Page
from app.session import Session
from app.widgets.rehearsal_view import RehearsalView
from core.errors import UserError
from core.recipe import words
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.project import Project
    from core.runs.events import Phase
    from core.runs.rehearsal import Rehearsed


class Rehearsing(QObject):
    """Joins the view to the session; the page says when something it goes by has changed."""

    def __init__(self, session: Session, page: Page) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self.view = RehearsalView()
        self.view.wanted.connect(self._begin)
        self.view.cancelled.connect(self.stop)
        self.view.change_wanted.connect(self._use_changes)
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.failed.connect(self._on_failed)
        self._recipe: Recipe | None = None  # of the rehearsal under way, or of the figures
        self._found: Rehearsed | None = None
        self._plan: Plan | None = None
        self._waiting = False  # for the check of the examples
        session.gate.refused.connect(lambda _found: self._on_checked())
        session.gate.failed.connect(lambda _error: self._on_checked())
        session.leaving.connect(self.forget)
        session.runs_changed.connect(self._give_way)
        session.model_wanted.connect(lambda who: self.stop() if who is not self else None)

    def show(self, plan: Plan | None, *, possible: bool) -> None:
        """Show what is known for the settings as they are; ``possible`` is whether a run could be started."""
        self._plan = plan
        if not self._job.busy and not self._waiting:
            self._show_found()
        self.view.set_possible(possible and not self._session.is_training)

    def stop(self) -> None:
        """End a rehearsal under way, or one that is to come."""
        if self._waiting:
            self._session.gate.cancel(self)
        if self._waiting or self._job.busy:
            self._end()

    def _end(self) -> None:
        self._waiting = False
        self._session.gate.withdraw(self)
        self._job.stop()
        self._show_found()

    def forget(self) -> None:
        """The project closes: nothing that was measured holds for another."""
        self._job.stop()
        self._waiting = False
        self._found = self._recipe = None
        self.view.show_idle()

    def _give_way(self) -> None:
        """A run starts, and has the memory from now on."""
        if self._session.is_training and (self._waiting or self._job.busy):
            self._end()

    def _begin(self) -> None:
        project = self._session.project
        if project is None or self._session.is_training:
            return
        self._page.banner.clear()
        self.view.show_busy("Checking the examples…")
        self._waiting = True
        self._session.mend_for(self._begin)
        self._session.hand_over.emit()
        recipe = self._session.recipe  # with what a field still held back
        self._session.write(  # the gate reads what is on disk
            lambda: project.store.revision,
            done=lambda at: self._check(project, recipe, at),
            failed=self._on_failed,
        )

    def _check(self, project: Project, recipe: Recipe, revision: int) -> None:
        if self._waiting and project is self._session.project:
            then = functools.partial(self._rehearse, project, recipe)
            self._session.gate.check(project, recipe, revision, then, owner=self)

    def _on_checked(self) -> None:
        """The examples keep it from beginning."""
        if self._waiting:
            self._waiting = False
            self._show_found()

    def _rehearse(self, project: Project, recipe: Recipe) -> None:
        checked = self._session.gate.result
        if not self._waiting or project is not self._session.project or checked is None:
            return
        self._waiting = False
        self._session.model_wanted.emit(self)
        self._recipe, self._found = recipe, None
        self.view.show_busy("Starting a process…")
        self._job.start(lambda: make_job(project, recipe, checked.largest))

    def _on_told(self, message: Phase | Rehearsed) -> None:
        from core.runs import words as run_words
        from core.runs.events import Phase

        if isinstance(message, Phase):
            self.view.show_busy(f"{run_words.phase(message)}…")
            return
        self._found = message
        self._show_found()

    def _on_failed(self, error: UserError) -> None:
        self._waiting, self._found = False, None
        self._show_found()
        self._page.show_problem(error)

    def _show_found(self) -> None:
        """The figures, if they hold for the settings as they are."""
        recipe, found = self._session.recipe, self._found
        if found is None or self._recipe is None or not _same(self._recipe, recipe):
            self.view.show_idle()
            return
        checked = self._session.gate.latest
        said = (
            f"Measured: {format.size(found.peak_bytes)} at the peak, {found.seconds_per_step:.2g} s a step on the "
            "longest examples."
        )
        if self._plan is not None and checked is not None:
            seconds = found.seconds_for(checked.tokens_trained(self._plan.train, recipe))
            said += f" The run: about {format.duration(seconds)}."
        change = ""
        if found.changes:
            said += " The memory was full at first; a run meets that in the same way."
            change = f"Use what fitted: {words.changed(found.changes).lower()}"
        self.view.show_result(said, change)

    def _use_changes(self) -> None:
        if self._found is not None and self._found.changes:
            changes: dict[str, Any] = dict(self._found.changes)
            self._session.set_recipe(with_settings(self._session.recipe, changes), source=self)


def _same(one: Recipe, other: Recipe) -> bool:
    """Whether the same would be measured."""
    return (one.model, one.lora, one.training) == (other.model, other.lora, other.training)


def make_job(project: Project, recipe: Recipe, largest: Sequence[int]) -> Job:
    """The rehearsal (in another thread: it imports what the window does not need)."""
    from core.project import EXAMPLES_FILE
    from core.runs.rehearsal import Rehearsal

    return Rehearsal(project.path / EXAMPLES_FILE, recipe, largest)
