"""Adding model folders on the Models page, by its button or by dropping one there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QPushButton

from app.latest import Latest
from app.widgets.page_drop import PageDrop
from core import paths
from core.base_models import catalogue
from core.errors import UserError

if TYPE_CHECKING:
    from app.pages.page import Page


class ModelAdding(QObject):
    """Has a button for the page's head; what is refused is told in the page's banner, with what to do."""

    added = Signal(str)
    """(base): a folder is on the shelf now."""

    def __init__(self, page: Page, sheet: QFrame) -> None:
        """``sheet`` is marked while a folder is over the page."""
        super().__init__(page)
        self._page = page
        self.button = QPushButton("Add a folder…")
        self.button.setToolTip("A model in Transformers' format on this machine; nothing is copied")
        self.button.clicked.connect(self.choose)
        self._adding = Latest(self.added.emit, failed=self._on_refused, parent=self)
        PageDrop(page, sheet, Path.is_dir).dropped.connect(self.take)

    def choose(self) -> None:
        """Ask for a model folder, and add it."""
        place = str(paths.existing(paths.documents().parent))
        chosen = QFileDialog.getExistingDirectory(self._page, "Add a model folder", place)
        if chosen:
            self.take(Path(chosen))

    def take(self, folder: Path) -> None:
        """Add a folder, once it was seen that it holds a model that can be trained here."""
        self._page.banner.clear()
        self._adding.ask(lambda: str(catalogue.add(folder)))

    def _on_refused(self, error: UserError) -> None:
        self._page.show_problem(error)
