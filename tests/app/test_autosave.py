"""Autosave gathers edits, writes them in order, and loses nothing when a write fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from example_bench import THREE, make_project, until
from pytestqt.qtbot import QtBot

from app.models.autosave import Autosave
from core.dataset.example import Example
from core.errors import UserError
from core.project import Project


class Disk:
    """Does writes when told to, as the session's thread would, one after the other."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Callable[[Any], object], Callable[[UserError], object] | None]] = []
        self.full = False

    def write(self, fn: Any, *, done: Any, failed: Any = None) -> None:
        self.waiting.append((fn, done, failed))

    def work(self) -> int:
        count = 0
        while self.waiting:
            fn, done, failed = self.waiting.pop(0)
            count += 1
            if self.full:
                failed(UserError("The disk is full."))
            else:
                done(fn())
        return count


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.open(make_project(tmp_path / "letters", THREE)) as project:
        yield project


@pytest.fixture
def autosave(qtbot: QtBot, disk: Disk, project: Project) -> Autosave:
    autosave = Autosave(disk.write)
    autosave.set_store(project.store)
    return autosave


def test_edits_go_together_after_a_pause(qtbot: QtBot, disk: Disk, autosave: Autosave, project: Project) -> None:
    autosave.edit(1, "output", "A")
    autosave.edit(1, "output", "Ah")
    autosave.edit(1, "input", "x")
    assert disk.waiting == []
    until(qtbot, lambda: disk.waiting)
    assert disk.work() == 1
    assert (project.store.get(1).output, project.store.get(1).input) == ("Ah", "x")
    assert not autosave.busy


def test_who_types_without_a_pause_is_written_all_the_same(qtbot: QtBot, disk: Disk, autosave: Autosave) -> None:
    autosave._longest.setInterval(30)
    autosave._pause.setInterval(100_000)
    autosave.edit(1, "output", "A")
    until(qtbot, lambda: disk.waiting)


def test_half_a_second_is_kept() -> None:
    from app.models import autosave

    assert autosave._PAUSE_MS <= 500


def test_nobody_sees_an_older_state_than_they_typed(disk: Disk, autosave: Autosave, project: Project) -> None:
    autosave.edit(1, "output", "on the way")
    autosave.flush()
    autosave.edit(1, "input", "not yet")
    seen = autosave.with_edits(project.store.get(1))
    assert (seen.output, seen.input) == ("on the way", "not yet")
    assert autosave.with_edits(project.store.get(2)) == THREE[1]


def test_a_failed_write_is_kept_for_the_next_one(disk: Disk, autosave: Autosave, project: Project) -> None:
    problems: list[UserError] = []
    autosave.failed.connect(problems.append)
    disk.full = True
    autosave.edit(1, "output", "words")
    autosave.flush()
    disk.work()
    assert len(problems) == 1
    assert autosave.busy
    disk.full = False
    autosave.edit(1, "input", "more")
    autosave.flush()
    disk.work()
    assert (project.store.get(1).output, project.store.get(1).input) == ("words", "more")


def test_newer_words_win_over_those_that_failed(disk: Disk, autosave: Autosave, project: Project) -> None:
    autosave.edit(1, "output", "old")
    autosave.flush()
    autosave.edit(1, "output", "new")
    disk.full = True
    disk.work()
    disk.full = False
    autosave.flush()
    disk.work()
    assert project.store.get(1).output == "new"


def test_a_new_example_gets_its_number_once(disk: Disk, autosave: Autosave, project: Project) -> None:
    created: list[tuple[int, int]] = []
    autosave.created.connect(lambda number, id: created.append((number, id)))
    autosave.edit(-1, "instruction", "Greet Dora")
    autosave.flush()
    autosave.flush()
    assert disk.work() == 1
    assert created == [(-1, 4)]
    assert project.store.get(4) == Example("Greet Dora")


def test_a_new_example_without_words_is_not_made(disk: Disk, autosave: Autosave, project: Project) -> None:
    autosave.edit(-1, "instruction", "x")
    autosave.edit(-1, "instruction", "")
    autosave.flush()
    assert disk.work() == 0
    autosave.forget(-1)
    assert not autosave.busy


def test_edits_of_an_example_that_was_deleted_go_with_it(disk: Disk, autosave: Autosave, project: Project) -> None:
    autosave.edit(2, "output", "late")
    autosave.flush()
    project.store.delete([2])
    disk.work()
    assert not autosave.busy
    assert project.store.counts().total == 2


def test_answers_of_a_project_that_is_closed_are_dropped(disk: Disk, autosave: Autosave, project: Project) -> None:
    saved: list[object] = []
    autosave.saved.connect(saved.append)
    autosave.edit(1, "output", "x")
    autosave.flush()
    autosave.set_store(None)
    disk.work()
    assert saved == []
    assert not autosave.busy
