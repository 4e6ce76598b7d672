"""A run that is trained on another machine: packing it, and bringing the result back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app import format, tasks
from app.widgets.pack_dialog import PackDialog, PackFacts
from app.widgets.toast import show_toast
from core import paths
from core.base_models import catalogue
from core.errors import ModelError, UserError
from core.recipe.schema import STARTER
from core.runs import notes, words

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.session import Session
    from app.tasks import Task
    from core.runs.adopting import Adopted
    from core.runs.folder import RunFolder


class RunElsewhere(QObject):
    """Does the work in the background and says on the page how it went."""

    failed = Signal(object)
    """(UserError)."""

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session = session
        self._page = page

    def pack(self, run: RunFolder) -> None:
        """Ask how, and pack a run."""
        tasks.run(lambda: _facts(run), done=lambda facts: self._ask(run, facts), failed=self.failed.emit)

    def _ask(self, run: RunFolder, facts: PackFacts) -> None:
        dialog = PackDialog(facts, paths.documents().parent / f"{run.name}.zip", self._page)
        dialog.wanted.connect(lambda path, with_model: self._pack(run, path, dialog, with_model=with_model))
        dialog.open()

    def bring_back(self) -> None:
        """Ask for the file, and take the result of a run into the project."""
        project = self._session.project
        if project is None:
            return
        chosen, _ = QFileDialog.getOpenFileName(
            self._page, "Bring a result back", str(paths.documents().parent), "Zip (*.zip)"
        )
        if not chosen:
            return

        def done(words: str) -> None:
            if self._session.project is project:
                self._session.runs_changed.emit()
            show_toast(self._page, words)

        show_toast(self._page, "Bringing the run back…")
        tasks.run(lambda: _adopt(project.runs_folder, Path(chosen)), done=done, failed=self.failed.emit)

    def _pack(self, run: RunFolder, path: Path, dialog: PackDialog, *, with_model: bool) -> None:
        def work(task: Task) -> Path:
            return _pack(run, path, task, with_model=with_model)

        def done(packed: Path) -> None:
            dialog.accept()
            show_toast(self._page, f"Packed {format.place(packed)}")

        def failed(error: UserError) -> None:
            dialog.accept()
            self.failed.emit(error)

        task = tasks.run(work, done=done, failed=failed, progress=dialog.show_progress)
        dialog.given_up.connect(task.cancel)


class _GivenUp(Exception):  # noqa: N818 - no error: the user has left
    """Packing is no longer wanted."""


def _facts(run: RunFolder) -> PackFacts:
    base = run.recipe().model.base
    title, model = notes.title(run, notes.read(run)), catalogue.display_name(base)
    return PackFacts(title, model, _model_size(run), is_starter=base == STARTER)


def _model_size(run: RunFolder) -> int | None:
    from core.runs.bundle import base_folder

    try:
        return sum(path.stat().st_size for path in base_folder(run).iterdir() if path.is_file())
    except (ModelError, OSError):
        return None


def _pack(run: RunFolder, path: Path, task: Task, *, with_model: bool) -> Path:
    """Write the zip file in the place of the one that the user agreed to replace."""
    from core.runs import bundle

    total = sum(file.stat().st_size for file in bundle.run_files(run.path))
    total += (_model_size(run) or 0) if with_model else 0
    done = 0

    def advance(size: int) -> None:
        nonlocal done
        if task.cancelled:
            raise _GivenUp
        done += size
        task.report(min(done, total), total)

    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    try:
        bundle.pack(run, aside, with_model=with_model, advance=advance)
        os.replace(aside, path)
    except _GivenUp:
        return path  # nobody asks any more
    except OSError as error:
        raise UserError(
            "The run could not be packed.",
            reason=f"{error.strerror or error}.",
            hint="Choose a place that can be written and has room.",
            details=str(error),
        ) from error
    return path


def _adopt(runs: Path, source: Path) -> str:
    """Bring a run back, and say so."""
    from core.runs.adopting import adopt

    try:
        return _came(adopt(runs, source))
    except OSError as error:
        raise UserError(
            "The run could not be brought back.",
            reason=f"{error.strerror or error}.",
            hint="Check that the disk has room and the project's folder can be written.",
            details=str(error),
        ) from error


def _came(adopted: Adopted) -> str:
    state = words.state(adopted.run.progress().state).lower()
    if adopted.is_merged:
        return f"Run {adopted.run.number} is back: {state}."
    because = f"{adopted.reason} " if adopted.reason else ""
    return f"{because}The result is run {adopted.run.number}: {state}."
