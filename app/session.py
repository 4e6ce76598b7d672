"""The open project: holds it, applies what the user wants, and announces every change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThreadPool, Signal

from app import disk, tasks
from app.base_format import BaseFormat
from app.gate import Gate
from app.run_queue import RunQueue
from core.errors import UserError

if TYPE_CHECKING:
    from app.jobs import Starter, TrainingThread
    from core.dataset.store import Change
    from core.guidance.purpose import Purpose
    from core.project import Project
    from core.prompt.format import PromptFormat
    from core.recipe.schema import Recipe
    from core.runs.folder import Progress, RunFolder, State

# The core is imported where it is used: pydantic and SQLite would cost a third of the time to the first paint.


class Session(QObject):
    """What pages share. It decides nothing about content; that is the core's.

    Disk work (undo, settings, new runs) happens in one thread of its own, in order.
    """

    project_changed = Signal()
    """A project was opened or closed; ``project`` is None when closed."""
    examples_changed = Signal(object, object)
    """(Change, source): examples were added, changed or removed by ``source`` (or None)."""
    recipe_changed = Signal(object)
    """(source): the settings being edited changed."""
    runs_changed = Signal()
    """Runs were added or removed, or one changed its state."""
    prompt_format_changed = Signal()
    """The tokenizer and chat template of the base model were read, or the base model changed."""
    prompt_format_failed = Signal(object)
    """(UserError): they cannot be read."""
    problem = Signal(object)
    """(UserError): something failed for which no page is responsible."""
    training_changed = Signal()
    """``training`` is another thread now, or None."""
    name_changed = Signal()
    """The project was renamed."""
    opening = Signal(str)
    """A project is being opened or made in the background (its name); "" when that has ended."""
    leaving = Signal()
    """The project, or the window, is about to close: long work that can be begun again is broken off now."""
    already_open = Signal()
    """The project that somebody wants to open is the one that is open."""
    model_wanted = Signal(object)
    """(who): somebody is about to have a model loaded to ask it; whoever else holds one lets it go."""
    purpose_changed = Signal()
    """The user said something else of what the project is for."""
    guidance_wanted = Signal()
    """The user wants to know whether fine-tuning is right for this."""
    prompt_wanted = Signal()
    """The user wants to try the prompt first."""
    hand_over = Signal()
    """A step is taken back, a run starts or the project closes: pages write now what they still hold back."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project: Project | None = None
        self.training: TrainingThread | None = None
        self.starter: Starter | None = None  # how a run's process is started; None for the usual way
        self._recipe: Recipe | None = None
        self._format = BaseFormat(self)
        self._format.changed.connect(self.prompt_format_changed)
        self._format.failed.connect(self.prompt_format_failed)
        self.gate = Gate(self)
        self.gate.failed.connect(self._on_not_started)
        self.gate.refused.connect(lambda _found: self._not_starting())
        self._starting = False
        self._state: State | None = None
        self._writer = QThreadPool(self)
        self._writer.setMaxThreadCount(1)
        self._writes: list[tasks.Task] = []  # under way, or not told of yet
        self._preparing: Path | None = None  # the newest project that is being opened or made
        self.queue = RunQueue(self, self)
        self.once_mended: Callable[[], object] = self.start_run  # what was refused because of some examples

    # The project

    def open(self, path: Path) -> None:
        """Open the project at ``path`` and close the one that was open.

        Raises:
            ProjectError: it cannot be opened; the old one stays.
        """
        from core.project import Project

        self.use(Project.open(path))

    def create(self, path: Path, *, name: str = "", recipe: Recipe | None = None) -> None:
        """Make a new project and open it.

        Raises:
            ProjectError: it cannot be made; the old one stays.
        """
        from core.project import Project

        self.use(Project.create(path, name=name, recipe=recipe))

    def use(self, project: Project) -> None:
        """Make an opened project the session's (pages open big ones in a task and hand them over)."""
        self._let_go()
        self.project = project
        self._recipe = project.recipe
        self.project_changed.emit()
        self.prompt_format_changed.emit()
        self.runs_changed.emit()
        self.write(lambda: disk.remember(project))
        tasks.run(lambda: disk.active_run(project), done=lambda run: self._follow_found(project, run))

    def open_soon(self, path: Path) -> None:
        """Open a project in the background; ``problem`` tells when it cannot be opened."""
        path = disk.project_folder(path)
        if self.project is not None and path == self.project.path:
            self.already_open.emit()
        elif path != self._preparing:
            self._prepare(path, path.name, lambda: disk.opened(path))

    def create_soon(self, path: Path, *, name: str = "", sample: str = "") -> None:
        """Make a project (with a sample's examples) in the background and open it; ``problem`` tells of failure."""
        self._prepare(path, name or path.name, lambda: disk.created(path, name, sample))

    def rename(self, name: str) -> None:
        """Give the project another name; its folder keeps its own."""
        project, name = self.project, name.strip()
        if project is not None and name:
            self.write(lambda: project.rename(name), done=lambda _: self.name_changed.emit())

    def set_purpose(self, purpose: Purpose) -> None:
        """Keep what the project is for."""
        project = self.project
        if project is not None and not project.read_only:
            self.write(lambda: project.set_purpose(purpose), done=lambda _: self.purpose_changed.emit())

    def _prepare(self, path: Path, name: str, work: Callable[[], Project]) -> None:
        self._preparing = path
        self.opening.emit(name)
        tasks.run(
            work,
            done=lambda project: self._on_prepared(path, project),
            failed=lambda error: self._on_not_prepared(path, error),
        )

    def _on_prepared(self, path: Path, project: Project) -> None:
        if path != self._preparing:
            project.close()  # another one was asked for meanwhile
            return
        self._preparing = None
        self.use(project)
        self.opening.emit("")

    def _on_not_prepared(self, path: Path, error: UserError) -> None:
        if path == self._preparing:
            self._preparing = None
            self.opening.emit("")
        self.problem.emit(error)

    def close(self) -> None:
        """Close the project; everything is on disk when this returns."""
        self._preparing = None
        if self.project is not None:
            self._let_go()
            self.project_changed.emit()

    def _let_go(self) -> None:
        self.leaving.emit()
        self.gate.stop()
        self.wait()
        self.gate.stop()  # what was written last may have had the examples of this project checked
        self.follow(None)
        self._starting = False
        if self.project is not None:
            self.project.close()
        self._format.drop()
        self.project = self._recipe = None

    # Settings

    @property
    def recipe(self) -> Recipe:
        """The settings being edited."""
        if self._recipe is None:
            from core.recipe.schema import Recipe

            return Recipe()
        return self._recipe

    def set_recipe(self, recipe: Recipe, source: object = None) -> None:
        """Change the settings; they are on disk a moment later."""
        if self.project is None or recipe == self._recipe:
            return
        before, now = self.recipe.model, recipe.model
        base_changed = (now.base, now.template) != (before.base, before.template)
        self._recipe = recipe
        self.recipe_changed.emit(source)
        if base_changed:
            self.prompt_format_changed.emit()
        project = self.project
        self.write(lambda: project.set_recipe(recipe))

    # Examples

    def apply(self, change: Change, source: object = None) -> None:
        """Announce what a page did to the store."""
        self.examples_changed.emit(change, source)

    def undo(self) -> None:
        """Take back the last step in the examples."""
        if self.project is not None:
            self.hand_over.emit()
            self.write(self.project.store.undo, done=self._announce)

    def redo(self) -> None:
        """Do again what was taken back."""
        if self.project is not None:
            self.hand_over.emit()
            self.write(self.project.store.redo, done=self._announce)

    def _announce(self, change: Change | None) -> None:
        if change is not None:
            self.apply(change)

    # The base model's tokenizer and chat template

    def prompt_format(self) -> PromptFormat | None:
        """That of the current base model; None while it is being read, then ``prompt_format_changed`` comes."""
        return None if self.project is None else self._format.of(self.recipe.model.base, self.recipe.model.template)

    # Runs

    @property
    def is_training(self) -> bool:
        """Whether a run is being started or trained now."""
        return self._starting or (self.training is not None and self.training.progress.state.is_active)

    def start_run(self) -> None:
        """Prove the examples, freeze them and the settings into a new run and train it; not while one is trained."""
        project = self.project
        if project is None or self.is_training:
            return
        self._starting = True
        self.mend_for(self.start_run)
        self.hand_over.emit()
        recipe = self.recipe  # with what a field still held back
        self.runs_changed.emit()
        self.write(  # the gate reads what is on disk
            lambda: project.store.revision,
            done=lambda at: self.gate.check(project, recipe, at, lambda: self._make_run(project, recipe), owner=self),
            failed=self._on_not_started,
        )

    def look_at_examples(self) -> None:
        """Prove the examples in the background, for a page from which a run may be started soon."""
        project = self.project
        if project is None or self.is_training:
            return

        def look(revision: int) -> None:
            if project is self.project and not self.is_training:
                self.gate.look(project, self.recipe, revision)

        self.write(lambda: project.store.revision, done=look)

    def mend_for(self, again: Callable[[], object]) -> None:
        """What to do again once examples that keep it back are mended, after what already waits for the check."""
        before = self.once_mended

        def both() -> None:
            before()
            again()

        self.once_mended = both if self.gate.is_asked and before != again else again

    def cancel_start(self) -> None:
        """Start no run after all, while its examples are being checked."""
        if self._starting and self.gate.is_asked:
            self.gate.cancel(self)
            self._not_starting()

    def _make_run(self, project: Project, recipe: Recipe) -> None:
        if project is self.project:
            self.write(
                lambda: disk.new_run(project, recipe),
                done=lambda run: self._on_created(project, run),
                failed=self._on_not_started,
            )

    def follow_new(self, run: RunFolder) -> None:
        """Start the training of a run, or take it up again, and follow it."""
        self.follow(run, start=True)

    def follow(self, run: RunFolder | None, *, start: bool = False) -> None:
        """Follow a run's events; the one followed before goes on without being watched."""
        self._starting = False
        if self.training is not None:
            self.training.leave()
            self.training.deleteLater()
            self.training = None
        if run is not None:
            from app.jobs import TrainingThread

            starter = {"starter": self.starter} if self.starter is not None else {}
            self.training = TrainingThread(run, start=start, parent=self, **starter)
            self._state = self.training.progress.state
            self.training.state_changed.connect(self._on_progress)
            self.training.start()
        self.training_changed.emit()
        self.runs_changed.emit()

    def _follow_found(self, project: Project, run: RunFolder | None) -> None:
        if run is not None and project is self.project and self.training is None:
            self.follow(run)

    def _on_created(self, project: Project, run: RunFolder) -> None:
        if project is self.project:
            self.follow_new(run)

    def _on_not_started(self, error: UserError) -> None:
        self._not_starting()
        self.problem.emit(error)

    def _not_starting(self) -> None:
        if self._starting:
            self._starting = False
            self.runs_changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        if progress.state is not self._state:
            self._state = progress.state
            self.runs_changed.emit()

    # Work in order

    def wait(self) -> None:
        """Return when all that was to be written is on disk, and those who wanted it written know."""
        self.hand_over.emit()
        while self._writes:
            self._writer.waitForDone()
            self._writes.pop(0).deliver()

    def write(
        self, fn: Callable[[], Any], *, done: tasks.Done | None = None, failed: tasks.Failed | None = None
    ) -> None:
        """Do disk work after all that was asked for earlier; ``problem`` tells of a failure that nobody takes."""
        self._writes = [task for task in self._writes if not task.over]
        task = tasks.run(fn, done=done or _nothing, failed=failed or self.problem.emit, pool=self._writer)
        self._writes.append(task)


def _nothing(_result: object) -> None:
    """The end of work that nobody waits for."""
