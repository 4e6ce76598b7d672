"""The example workshop in the real window: paste, map, clean, replace, take back, restart, do again, export, import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from heartbeat import Heartbeat
from person import Person
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog
from pytestqt.qtbot import QtBot

from app.preferences import Preferences
from app.session import Session
from app.window import Window, open_at_start
from core.dataset.example import Example
from core.project import Project

pytestmark = pytest.mark.slow
CONTROL = Qt.KeyboardModifier.ControlModifier


def copied_cells() -> str:
    """Fifty rows as a spreadsheet copies them; the first answer has a line break, two have stray spaces."""
    rows = ["Zu Händen\tUnsere Worte\tComment"]
    for number in range(50):
        answer = f"Dear reader {number}, the parcel number {number} is on its way to you today."
        if number == 0:
            answer = '"Dear ""reader"",\nthe parcel is on its way."'
        elif number in (7, 31):
            answer += "  "
        rows.append(f"Where is my parcel number {number}? 🐄\t{answer}\tasked {number} times")
    return "\r\n".join(rows) + "\r\n"


def test_fifty_pasted_rows_are_cleaned_taken_back_and_come_back_after_a_restart(
    person: Person, heartbeat: Heartbeat, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = person.window, person.window.session

    heartbeat.doing = "creating a project"
    person.clicks("New project")
    person.writes("Name", "Parcels Ü")
    person.writes("Location", str(tmp_path))
    person.clicks("Then ask me whether fine-tuning is right for this (two minutes)")
    person.clicks("Create project")
    person.sees(lambda: window.station == "examples", "the Examples page")
    project = session.project
    assert project is not None

    heartbeat.doing = "pasting from a spreadsheet"
    QApplication.clipboard().setText(copied_cells())
    person.clicks("Import a file")
    person.clicks("Paste a table")
    choose(person, "Column of instruction", "Zu")
    choose(person, "Column of output", "Unsere")
    person.clicks("Import 50 examples")
    person.sees(lambda: project.store.counts().ready == 50, "fifty ready examples")
    assert project.store.get(1).output == 'Dear "reader",\nthe parcel is on its way.'
    assert project.store.get(2).note == "asked 1 times"

    heartbeat.doing = "mending what was found"
    person.clicks("Quality")
    person.clicks("Trim the spaces", timeout=60_000)
    person.sees(lambda: project.store.get(8).output.endswith("today."), "the spaces gone")
    assert project.store.get(32).output.endswith("today.")

    heartbeat.doing = "finding and replacing"
    person.clicks("Write")
    person.presses(Qt.Key.Key_H, CONTROL)
    person.writes("Find", "reader")
    person.writes("Replace with", "friend")
    person.clicks("Replace in 50 examples", timeout=30_000)
    person.sees(lambda: "friend 3," in project.store.get(4).output, "the words replaced")

    end = everything(project)
    heartbeat.doing = "taking everything back"
    take_all(person, window, Qt.Key.Key_Z, lambda: project.store.undo_label)
    assert project.store.counts().total == 0

    heartbeat.doing = "restarting"
    path = project.path
    window.close()
    again = Window(Session(), Preferences())
    again.show()
    open_at_start(again, path)
    qtbot.waitExposed(again)
    somebody = Person(qtbot, again)
    somebody.sees(lambda: again.session.project is not None, "the project open again")
    opened = again.session.project
    assert opened is not None

    heartbeat.doing = "doing everything again"
    take_all(somebody, again, Qt.Key.Key_Y, lambda: opened.store.redo_label)
    assert everything(opened) == end

    heartbeat.doing = "exporting"
    file = tmp_path / "parcels.jsonl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_kwargs: (str(file), ""))
    somebody.clicks("Examples")
    somebody.clicks("Export", on=again.pages["examples"])
    somebody.clicks("Choose a place")
    somebody.sees(file.exists, "the exported file", 30_000)
    somebody.reads("Exported 50 examples")

    heartbeat.doing = "importing into another project"
    again.session.create_soon(tmp_path / "second", name="Second")
    somebody.sees(lambda: again.session.project is not opened and again.session.project is not None, "another project")
    second = again.session.project
    assert second is not None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_kwargs: (str(file), ""))
    somebody.clicks("Examples")
    somebody.clicks("Import a file")
    somebody.clicks("Choose a file")
    somebody.clicks("Import 50 examples")
    somebody.sees(lambda: second.store.counts().total == 50, "fifty examples in the other project")
    heartbeat.stop()
    assert everything(second) == end
    again.close()
    again.deleteLater()


def everything(project: Project) -> list[Example]:
    return list(project.store.iterate())


def choose(person: Person, field: str, words: str) -> None:
    """Choose in a list by its first letters."""
    box = person.finds(QComboBox, field)
    box.setFocus()
    QTest.keyClicks(box, words)
    person.sees(lambda: box.currentText().startswith(words), f"{words} chosen for {field}")


def take_all(person: Person, window: Window, key: Qt.Key, label: Callable[[], str | None]) -> None:
    """Press undo or redo over the list, where no text field takes the keys for itself, until there is nothing left."""
    verb = "Undo" if key is Qt.Key.Key_Z else "Redo"
    menu = next(action for action in window.findChildren(QAction) if action.text().startswith(verb))
    for _ in range(40):
        before = label()
        if before is None:
            return
        person.sees(menu.isEnabled, f"{verb} in the menu")
        person.sees(lambda: QApplication.activeModalWidget() is None, "no dialog")
        rows = window.pages["examples"].browser.list if "examples" in window.pages else window
        (rows if rows.isVisible() else window).setFocus()
        person.presses(key, CONTROL)
        person.sees(lambda before=before: label() != before, f"the step {before!r} done")
    raise AssertionError(f"there is still {label()!r}")
