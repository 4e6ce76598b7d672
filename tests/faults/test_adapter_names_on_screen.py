"""S10: what somebody wrote into an adapter, its name, its notes or its base model's name is shown as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign_adapters import foreign
from library_bench import run_of
from pytestqt.qtbot import QtBot
from test_text_is_text_on_screen import HOSTILE, IMAGE, LINK, read_as_markup, texts

from app.pages.adapters import AdaptersPage
from app.session import Session
from core.dataset.example import Example
from core.project import Project
from core.runs import notes
from core.runs.notes import Notes


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    project = Project.create(tmp_path / "project", name=IMAGE)
    project.store.add([Example(HOSTILE, "", "Answer")])
    notes.write(run_of(project, "letters"), Notes(HOSTILE, LINK, True, (IMAGE,)))
    session = Session()
    session.use(project)
    yield session
    session.close()


def test_names_notes_and_refusals_are_no_markup(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    page = AdaptersPage(session)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page._details is not None)
    assert HOSTILE in texts(page)
    assert read_as_markup(page) == []
    source = foreign(tmp_path / IMAGE, base_model_name_or_path=IMAGE)
    page.importing.take(source)
    qtbot.waitUntil(lambda: page.banner.title != "")
    assert IMAGE in texts(page.banner)
    assert read_as_markup(page) == []
    page.importing.take(source, anyway=True)
    page.importing.progress.show()
    assert IMAGE in texts(page.importing.progress)
    assert read_as_markup(page.importing.progress) == []
    qtbot.waitUntil(lambda: page._details is not None and page._details.run is None)
    assert IMAGE in texts(page.card)
    assert read_as_markup(page) == []
    page.show_difference()
    dialog = page.difference.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: bool(dialog.examples.text()))
    assert read_as_markup(dialog) == []
    dialog.accept()
    page.throw_away()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1)
    assert f"{IMAGE} is deleted." in texts(page.window())
    assert read_as_markup(page.window()) == []
    assert [action.text() for action in page.importing._removed.actions()] != []
