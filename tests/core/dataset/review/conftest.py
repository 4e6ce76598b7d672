"""Projects whose examples are reviewed, in the child process and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.dataset.review import Finding, Report, ReviewJob
from core.dataset.review.looks import look
from core.dataset.review.memory import Forgetful
from core.dataset.review.rulebook import findings
from core.dataset.review.whole import Whole, listed
from core.dataset.rows import content_hash
from core.dataset.store import ExampleStore
from core.project import Project

Found = list[Finding]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "Größe 数据 #1") as opened:
        yield opened


@pytest.fixture
def reviewed(tmp_path: Path) -> Iterator[Callable[..., Found]]:
    """The findings for examples, told apart by rule: ``reviewed(*examples, rule="…")``; ids count from 1."""
    store = ExampleStore(tmp_path / "examples.db")

    def review(*examples: Example, rule: str = "", share: float = 0.0) -> Found:
        store.delete(store.ids())
        change = store.add(examples)
        found = listed(store, share)
        whole = Whole(found, {content_hash(example): look(example) for example in examples}, Forgetful(store))
        first = change.added[0] - 1
        return [
            Finding(f.rule, f.severity, tuple(id - first for id in f.examples), f.message, f.field, f.start, f.end)
            for f in findings(whole)
            if rule in ("", f.rule)
        ]

    yield review
    store.close()


@pytest.fixture
def run() -> Callable[[Project], Report]:
    """A review in the child process."""

    def review(project: Project) -> Report:
        *_, last = ReviewJob(project.path).messages()
        assert isinstance(last, Report)
        return last

    return review
