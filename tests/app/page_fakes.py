"""A project that keeps its runs in a folder and its examples in a list, for tests of pages about runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from run_factory import new_run

from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder, all_runs


class FakeStore:
    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples

    def iterate(self, query: object = None) -> Iterator[Example]:
        return iter(self.examples)


class FakeProject:
    def __init__(self, path: Path, examples: int = 8) -> None:
        self.path = path
        self.name = "Harbour letters"
        self.read_only = False
        self.recipe = Recipe()
        self.store = FakeStore([Example(id=i, instruction=f"q{i}", output="a") for i in range(1, examples + 1)])

    @property
    def runs_folder(self) -> Path:
        return self.path / "runs"

    def runs(self) -> list[RunFolder]:
        return all_runs(self.runs_folder)

    def create_run(self, *, name: str = "", recipe: Recipe | None = None) -> RunFolder:
        return new_run(self.runs_folder, name or "run", recipe)

    def close(self) -> None:
        pass
