"""The Models page with a real project, the starter, and folders that tests make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.pages.models import ModelsPage
from app.session import Session
from core.dataset.example import Example
from core.project import Project


class ModelsBench:
    """A page that is shown, and how tests wait for it."""

    def __init__(self, qtbot: QtBot, folder: Path, *, read_only: bool = False) -> None:
        self.qtbot = qtbot
        self.session = Session()
        project = Project.create(folder)
        project.store.add([Example(instruction="Answer.", input="Where is it?", output="On its way.")])
        if read_only:
            project.close()
            project = Project.open(folder, read_only=True)
        self.session.use(project)
        self.page = ModelsPage(self.session)
        qtbot.addWidget(self.page)
        self.page.resize(1060, 760)
        self.page.show()
        self.page.enter()
        self.until(lambda: self.page.shelf.list.rows)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true."""
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def titles(self) -> list[str]:
        """What is listed."""
        return [row.title for row in self.page.shelf.list.rows]

    def add(self, folder: Path) -> None:
        """Add a folder, and wait until it is chosen."""
        self.page.adding.take(folder)
        self.until(lambda: self.page.shelf.model is not None and self.page.shelf.model.base == str(folder))

    def end(self) -> None:
        """Let go of the project."""
        self.session.close()


@contextmanager
def models_bench(qtbot: QtBot, folder: Path, *, read_only: bool = False) -> Iterator[ModelsBench]:
    """The page until the end of a test."""
    made = ModelsBench(qtbot, folder, read_only=read_only)
    yield made
    made.end()
