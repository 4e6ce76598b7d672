"""Choosing the held-out examples that runs answer: asks with a dialog, keeps the choice in the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app import format, tasks
from app.pages.page import Page
from app.widgets.pin_dialog import PinDialog
from app.widgets.toast import show_toast

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.project import Project


class SampleChoice(QObject):
    """One dialog at a time."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._page = page
        self.dialog: PinDialog | None = None
        self._task: tasks.Task | None = None

    def ask(self) -> None:
        """Look in the background which examples are held out, then let the user choose."""
        project = self._page.session.project
        if project is None or project.read_only or self.dialog is not None:
            return
        share = self._page.session.recipe.heldout.share
        self._task = tasks.run(
            lambda: _listed(project, share),
            done=lambda found: self._open(project, *found),
            failed=self._page.show_problem,
        )

    def _open(self, project: Project, examples: list[Example], chosen: Sequence[int], most: int) -> None:
        if project is not self._page.session.project or self.dialog is not None or not self._page.isVisible():
            return
        self.dialog = PinDialog(examples, chosen, most=most, parent=self._page)
        self.dialog.wanted.connect(lambda ids: self._keep(project, ids))
        self.dialog.finished.connect(self._on_finished)
        self.dialog.open()

    def _on_finished(self) -> None:
        self.dialog = None

    def _keep(self, project: Project, ids: tuple[int, ...]) -> None:
        from core import pinned

        session = self._page.session
        if project is not session.project:
            return
        session.write(lambda: project.set_pinned(ids))
        session.set_recipe(pinned.answering(session.recipe, ids), self)
        words = f"The next runs answer {format.plural(len(ids), 'chosen example')}." if ids else ""
        show_toast(self._page, words or "The next runs answer the first examples that they hold out.")


def _listed(project: Project, share: float) -> tuple[list[Example], tuple[int, ...], int]:
    from core import pinned

    return pinned.listed(project, share), project.pinned, pinned.most()
