"""Words typed while a new example is on its way to the disk are written as well, without another key press."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.models.autosave import Autosave
from core.project import Project


def test_what_is_left_while_the_new_example_is_stored_is_written(qtbot: QtBot, tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []

    def write(work: Callable[[], object], *, done: Callable[[object], None], failed: object = None) -> None:
        waiting.append(lambda: done(work()))

    with Project.create(tmp_path / "project") as project:
        autosave = Autosave(write)
        autosave.set_store(project.store)
        autosave.edit(-1, "instruction", "Greet Anna.")
        autosave.flush()
        autosave.edit(-1, "output", "Ahoy, Anna!")
        autosave.flush()  # the user goes on to the next example before the disk has answered
        while waiting:
            waiting.pop(0)()
        assert [example.output for example in project.store.iterate()] == ["Ahoy, Anna!"]
        assert not autosave.busy
