"""A project that keeps its runs in a folder and its examples in a list, and a bench with a session for pages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from run_factory import new_run, starter

from app.jobs import TrainingThread
from app.session import Session
from core.dataset.example import Example
from core.errors import RunError
from core.prompt.gate import Checked
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder, all_runs


class FakeStore:
    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples
        self.revision = 1

    def iterate(self, query: object = None) -> Iterator[Example]:
        return iter(self.examples)


class FakeProject:
    def __init__(self, path: Path, examples: int = 8, *, read_only: bool = False) -> None:
        self.path = path
        self.name = "Harbour letters"
        self.read_only = read_only
        self.recipe = Recipe()
        self.saved: list[Recipe] = []
        self.refuses = ""
        self.store = FakeStore([Example(id=i, instruction=f"q{i}", output="a") for i in range(1, examples + 1)])

    @property
    def runs_folder(self) -> Path:
        return self.path / "runs"

    def runs(self) -> list[RunFolder]:
        return all_runs(self.runs_folder)

    def create_run(self, *, name: str = "", recipe: Recipe | None = None) -> RunFolder:
        if self.refuses:
            raise RunError(self.refuses)
        return new_run(self.runs_folder, name or self.name, recipe)

    def create_runs(self, wanted: Sequence[tuple[str, Recipe]]) -> list[RunFolder]:
        return [self.create_run(name=name, recipe=recipe) for name, recipe in wanted]

    def set_recipe(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.saved.append(recipe)

    def close(self) -> None:
        pass


class FakeGateJob:
    """The check of examples that are what they are."""

    def __init__(self, *told: object) -> None:
        self._told = told

    def messages(self) -> Iterator[object]:
        yield from self._told or [Checked(revision=1, ready=8)]

    def stop(self) -> None:
        pass


class Bench:
    """A session with a project; its runs are done by the fake worker."""

    def __init__(self, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.qtbot = qtbot
        self.session = Session()
        self.folder = folder
        self._patch = monkeypatch
        self.gate_tells()
        self.works()

    def works(self, *arguments: str, grace: float = 30.0) -> None:
        """What the next fake worker does."""
        thread = functools.partial(TrainingThread, starter=starter(*arguments), grace=grace, kill_after=0.2)
        self._patch.setattr("app.jobs.TrainingThread", thread)

    def gate_tells(self, *told: object) -> None:
        """What the next check of the examples tells; without anything, that all can be trained."""
        self._patch.setattr("app.gate.make_job", lambda _project, _recipe: FakeGateJob(*told))

    def open(self, examples: int = 8, *, read_only: bool = False, name: str = "project") -> FakeProject:
        """Open a new project."""
        project = FakeProject(self.folder / name, examples, read_only=read_only)
        project.path.mkdir(exist_ok=True)
        self.session.use(project)  # type: ignore[arg-type]
        return project

    def until(self, condition: Callable[[], object], seconds: float = 10) -> None:
        """Wait for something to become true."""

        def check() -> None:
            assert condition()

        self.qtbot.waitUntil(check, timeout=int(seconds * 1000))

    def end(self) -> None:
        """Let go of the session and end what still works."""
        for run in all_runs(self.folder / "project" / "runs") if (self.folder / "project").is_dir() else []:
            process = run.worker_process()
            if process is not None:
                process.kill()
                process.wait(5)
        self.session.close()


@contextmanager
def bench(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Bench]:
    """A bench that ends what it began."""
    made = Bench(qtbot, monkeypatch, folder)
    try:
        yield made
    finally:
        made.end()
