"""The check of all ready examples before a run: looked at in the background, asked when a run is to start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.background_job import BackgroundJob, Job
from core.errors import UserError

if TYPE_CHECKING:
    from core.dataset.review import Progress
    from core.project import Project
    from core.prompt.gate import Checked
    from core.recipe.schema import Recipe

Key = tuple[str, str, str, int, int]
"""What a result holds for: project, base model, chat template, maximum length, revision of the examples."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who waits for the check of ``key``."""

    key: Key
    project: Project
    recipe: Recipe
    then: Callable[[], object]
    owner: object


class Gate(QObject):
    """Keeps the newest result, so that a run whose examples were looked at before starts at once."""

    told = Signal(object)
    """(core.dataset.review.Progress or None): how a check goes; None when it has ended."""
    checked = Signal(object)
    """(core.prompt.gate.Checked): a check has ended."""
    refused = Signal(object)
    """(core.prompt.gate.Checked): examples keep a run from starting; they are to be shown."""
    failed = Signal(object)
    """(UserError): a run that was to start does not, because the examples cannot be checked."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._key: Key | None = None
        self._result: Checked | None = None
        self._latest: Checked | None = None
        self._asked: list[_Asked] = []  # the job is that of the first
        self._job_key: Key | None = None
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.ended.connect(self._on_ended)
        self._job.failed.connect(self._on_failed)

    @property
    def result(self) -> Checked | None:
        """What the newest check has found; None while it is under way, and after it failed."""
        return self._result

    @property
    def latest(self) -> Checked | None:
        """What is known of the project with its base model, perhaps of the examples as they were a moment ago."""
        return self._latest

    @property
    def is_asked(self) -> bool:
        """Whether somebody waits for the check."""
        return bool(self._asked)

    def look(self, project: Project, recipe: Recipe, revision: int) -> None:
        """Check in the background, unless that was done."""
        if not self._asked:
            self._begin(project, recipe, revision)

    def check(
        self, project: Project, recipe: Recipe, revision: int, then: Callable[[], object], *, owner: object
    ) -> None:
        """Go on with ``then`` if every example can be trained; else ``refused`` or ``failed`` tells why not.

        Several may wait, each for a check of its own settings. What keeps one of them keeps all.
        """
        self._asked.append(_Asked(_key(project, recipe, revision), project, recipe, then, owner))
        if len(self._asked) == 1:
            self._go_on()

    def withdraw(self, owner: object) -> None:
        """This one waits no more; the check goes on."""
        self._asked = [asked for asked in self._asked if asked.owner is not owner]

    def cancel(self, owner: object) -> None:
        """This one waits no more; the check ends if nobody else waits for it."""
        self.withdraw(owner)
        if self._asked:
            self._go_on()
        else:
            self.stop()

    def show_refused(self) -> None:
        """Show once more what keeps a run from starting."""
        if self._result is not None and self._result.problem is not None:
            self.refused.emit(self._result)

    def stop(self) -> None:
        """Check nothing any more."""
        self._job.stop()
        self._key, self._result, self._latest = None, None, None
        self._asked = []
        self.told.emit(None)

    def _begin(self, project: Project, recipe: Recipe, revision: int) -> None:
        key = _key(project, recipe, revision)
        if key != self._key:
            if self._key is None or key[:3] != self._key[:3]:
                self._latest = None
            self._key, self._job_key, self._result = key, key, None
            self._job.start(lambda: make_job(project, recipe))

    def _on_told(self, message: Progress | Checked) -> None:
        if not hasattr(message, "ready"):
            self.told.emit(message)
            return
        self._result = self._latest = message
        if self._key is not None:
            self._key = (*self._key[:4], message.revision)

    def _on_ended(self) -> None:
        self.told.emit(None)
        if self._result is not None:
            self.checked.emit(self._result)
            self._decide()

    def _go_on(self) -> None:
        """Have what the first waits for checked."""
        if self._asked:
            first = self._asked[0]
            self._begin(first.project, first.recipe, first.key[4])
            if self._result is not None and not self._job.busy:
                self._decide()

    def _decide(self) -> None:
        if not self._asked or self._result is None:
            return
        problem, asked, self._asked = self._result.problem, self._asked, []
        if problem is None:
            known = (self._job_key, self._key)
            self._asked = [one for one in asked if one.key not in known]
            for one in asked:
                if one.key in known:
                    one.then()
            self._go_on()
        elif self._result.flawed:
            self.refused.emit(self._result)
        else:
            self.failed.emit(problem)

    def _on_failed(self, error: UserError) -> None:
        asked = self.is_asked
        self._key, self._result, self._asked = None, None, []
        self.told.emit(None)
        if asked:
            self.failed.emit(error)


def _key(project: Project, recipe: Recipe, revision: int) -> Key:
    return (str(project.path), recipe.model.base, recipe.model.template, recipe.training.max_length, revision)


def make_job(project: Project, recipe: Recipe) -> Job:
    """The check of a project's ready examples (in another thread: it imports what the window does not need)."""
    from core.project import EXAMPLES_FILE
    from core.prompt.gate import GateJob

    return GateJob(project.path / EXAMPLES_FILE, recipe)
