"""The third tab of the Train page: the queue, what can be done with it, and its dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import before_run, queue_words, tasks
from app.session import Session
from app.widgets.queue_panel import QueuePanel
from app.widgets.toast import show_toast
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    from app.widgets.sweep_dialog import SweepDialog
    from core.base_models.catalogue import KnownModel
    from core.project import Project
    from core.recipe.schema import Recipe
    from core.runs.queue import Removed


class QueueView(QWidget):
    """Joins the panel to the session's queue."""

    opened = Signal(object)
    """(RunFolder): the user wants to look at it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.queue = session.queue
        self.panel = QueuePanel(queue_words.AFTER_FAILURE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self._connect()
        self._show()

    def _connect(self) -> None:
        panel, queue = self.panel, self.queue
        panel.add_wanted.connect(self.add)
        panel.sweep_wanted.connect(self.open_sweep)
        panel.switch_wanted.connect(queue.switch)
        panel.after_failure_chosen.connect(queue.set_after_failure)
        panel.moved.connect(self._move)
        panel.remove_wanted.connect(self._remove)
        panel.duplicate_wanted.connect(lambda key: self.duplicate(self._run(key)))
        panel.opened.connect(lambda key: self.opened.emit(self._run(key)))
        panel.show_now_wanted.connect(self._open_now)
        panel.pause_wanted.connect(lambda: self._session.training and self._session.training.pause())
        panel.stop_wanted.connect(lambda: self._session.training and self._session.training.stop())
        queue.changed.connect(self._show)
        self._session.training_changed.connect(self._on_training)
        self._session.runs_changed.connect(self._show_now)
        self._on_training()

    def showEvent(self, event: QShowEvent) -> None:
        """What others do with the queue is seen while somebody looks at it."""
        super().showEvent(event)
        self.queue.watched = True
        self.queue.refresh()
        self._show_now()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look only as often as the queue itself needs."""
        self.queue.watched = False
        super().hideEvent(event)

    # Showing

    def _show(self) -> None:
        project = self._session.project
        self.panel.set_may_act(project is not None and not project.read_only)
        queue_words.show(self.panel, self.queue.view, training=self._session.training)
        self._show_now()

    def _on_training(self) -> None:
        training = self._session.training
        if training is not None:
            training.state_changed.connect(self._show_now)
            training.wish_changed.connect(self._show_now)
            training.events.connect(self._show_now)
        self._show_now()

    def _show_now(self, *_: object) -> None:
        if self.isVisible():
            self.panel.set_now(queue_words.now(self._session.training, self._session.project))

    # What the user wants

    def add(self) -> None:
        """Add the settings as they are now."""
        self.queue.add_current()

    def open_sweep(self) -> None:
        """Ask for the settings and values of a sweep."""
        from app.widgets.sweep_dialog import SweepDialog

        self._session.hand_over.emit()
        project, recipe = self._session.project, self._session.recipe
        if project is None or project.read_only:
            return
        dialog = SweepDialog(recipe, self.window())
        dialog.wanted.connect(self.queue.add_sweep)
        dialog.open()
        tasks.run(lambda: _seconds_per_pass(project, recipe), done=lambda pace: _set_pace(dialog, pace))

    def duplicate(self, run: RunFolder) -> None:
        """Ask for the settings of a run like this one."""
        tasks.run(lambda: _known(run), done=self._open_duplicate, failed=self._session.problem.emit)

    def _open_duplicate(self, known: tuple[RunFolder, str, Recipe, list[KnownModel]]) -> None:
        from app.widgets.duplicate_dialog import DuplicateDialog, proposed_name

        run, title, recipe, models = known
        dialog = DuplicateDialog(title, proposed_name(title), recipe, self.window())
        dialog.set_known_models({model.base: model.title for model in models})
        dialog.wanted.connect(lambda wanted, name: self.queue.duplicate(run, wanted, name))
        dialog.open()

    def _move(self, key: str, place: int) -> None:
        self.queue.move(self._run(key), place)

    def _remove(self, keys: Sequence[str]) -> None:
        runs = [self._run(key) for key in keys]

        def told(removed: Removed) -> None:
            show_toast(self, queue_words.removed(runs), act="Undo", on_act=lambda: self.queue.put_back(removed))

        self.queue.remove(runs, told)

    def _open_now(self) -> None:
        if self._session.training is not None:
            self.opened.emit(self._session.training.run_folder)

    def _run(self, key: str) -> RunFolder:
        project = self._session.project
        assert project is not None
        return RunFolder(project.runs_folder / key)


def _set_pace(dialog: SweepDialog, pace: float | None) -> None:
    from shiboken6 import isValid

    if isValid(dialog):
        dialog.set_pace(pace)


def _seconds_per_pass(project: Project, recipe: Recipe) -> float | None:
    """How long one pass over the project's examples takes, by the last run of the same base model."""
    from core.runs.pace import seconds_per_example

    pace = seconds_per_example(recipe, project.runs())
    return None if pace is None else pace * before_run.planned(project, recipe).train


def _known(run: RunFolder) -> tuple[RunFolder, str, Recipe, list[KnownModel]]:
    from core.base_models.catalogue import local_models
    from core.runs import notes

    return run, notes.title(run, notes.read(run)), run.recipe(), local_models()
