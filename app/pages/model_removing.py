"""Removing base models on the Models page: a folder is only forgotten, a download is deleted once the user agreed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app import format
from app.background_job import BackgroundJob
from app.latest import Latest
from app.models_here import Model
from app.widgets.agree_dialog import AgreeDialog
from core.base_models import shelf
from core.base_models.hub.removal import RemoveJob

if TYPE_CHECKING:
    from app.pages.page import Page


class ModelRemoving(QObject):
    """Says on the page what went wrong."""

    removed = Signal(object, int)
    """(Model, bytes that are free again)"""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._page = page
        self._model: Model | None = None
        self._forgetting = Latest(self._on_forgotten, failed=page.show_problem, parent=self)
        self.job = BackgroundJob(self)
        self.job.told.connect(self._on_deleted)
        self.job.failed.connect(page.show_problem)

    def remove(self, model: Model) -> None:
        """Take a folder off the list; ask before a download is deleted."""
        if self.job.busy or not model.can_remove:
            return
        if model.kind == "folder":
            self._forgetting.ask(lambda: (model, shelf.forget(Path(model.base))))
            return
        size = format.size(model.facts.size_bytes) if model.facts is not None else "some room"
        text = (
            f"That frees about {size}. It lies in the hub cache, so other programs that use it there lose it as well. "
            "Adapters trained on it are kept, but need it again to be used."
        )
        question = f"Delete {model.title} from this machine?"
        dialog = AgreeDialog(question, text, self._page, act="Delete the model", keep="Keep it")
        dialog.agreed.connect(lambda: self._delete(model))
        dialog.open()

    def _delete(self, model: Model) -> None:
        self._model = model
        self.job.start(lambda: RemoveJob(model.base))

    def _on_deleted(self, freed: int) -> None:
        if self._model is not None:
            self.removed.emit(self._model, freed)

    def _on_forgotten(self, found: tuple[Model, bool]) -> None:
        self.removed.emit(found[0], 0)
