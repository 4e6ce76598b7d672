"""Saving the chart of a run: asks where to, and writes the picture or the numbers in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app import format, tasks
from app.pages.page import Page
from app.widgets.save_place import ask_where_to_save
from app.widgets.toast import show_toast
from core import paths
from core.errors import UserError
from core.files import write_atomically
from core.runs.folder import RunFolder
from core.runs.series import Series

if TYPE_CHECKING:
    from PySide6.QtGui import QImage


class ChartSaving(QObject):
    """Belongs to a page, which shows what goes wrong."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._page = page

    def save_image(self, run: RunFolder | None, image: QImage) -> None:
        """Save the chart as PNG."""
        path = self._ask(f"{run.name if run else 'loss'}.png", "PNG picture (*.png)")
        if path is not None:
            tasks.run(lambda: _write_image(image, path), done=self._tell, failed=self._page.show_problem)

    def save_table(self, series: dict[str, Series], weight: float) -> None:
        """Save the numbers of the shown runs as CSV."""
        path = self._ask("loss.csv", "Comma-separated values (*.csv)")
        if path is not None:
            tasks.run(lambda: _write_table(series, weight, path), done=self._tell, failed=self._page.show_problem)

    def _ask(self, name: str, kind: str) -> Path | None:
        proposed = paths.documents().parent / name
        return ask_where_to_save(self._page, "Save the chart", proposed, kind, ending=proposed.suffix)

    def _tell(self, path: Path) -> None:
        show_toast(self._page, f"Saved {format.place(path)}")


def _write_image(image: QImage, path: Path) -> Path:
    if not image.save(str(path), "PNG"):
        raise UserError(
            "The picture could not be saved.", reason=f"{path} cannot be written.", hint="Choose another folder."
        )
    return path


def _write_table(series: dict[str, Series], weight: float, path: Path) -> Path:
    from core.runs.table import as_csv

    try:
        write_atomically(path, as_csv(series, weight=weight).encode())
    except OSError as error:
        raise UserError("The numbers could not be saved.", reason=str(error), hint="Choose another folder.") from error
    return path
