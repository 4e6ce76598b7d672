"""A draft of an output, written by the starter model in a real process, and accepted on the Examples page."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app import answer_thread
from app.answers import model_process
from app.pages.examples import ExamplesPage
from app.session import Session
from core.dataset.example import Example
from core.project import Project


@pytest.mark.slow
def test_the_starter_model_drafts_two_outputs(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    made = []

    def make(settings):
        made.append(model_process(settings))
        return made[-1]

    session = Session()
    session.use(Project.create(tmp_path / "project", name="Drafts"))
    session.project.store.add([Example("Who wrote Hamlet?"), Example("Hello!")])
    page = ExamplesPage(session, make_model=make)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.table.rowCount() == 2 and page.desk.shown == 1)
    drafting = page.drafting
    drafting.draft([1, 2])
    qtbot.waitUntil(lambda: drafting.dialog is not None)
    drafting.dialog.button.click()
    qtbot.waitUntil(lambda: not drafting.drafts.busy, timeout=90_000)
    assert drafting.bar.text == "I do not know that."
    assert [drafting.drafts.of(id).text for id in (1, 2)] == ["I do not know that.", "Hello. How can I help you?"]
    assert session.project.store.get(1).output == ""
    drafting.bar.accept.click()
    session.wait()
    assert session.project.store.get(1).output == "I do not know that."
    process = psutil.Process(made[0].pid)
    session.close()  # the model goes with the project
    qtbot.waitUntil(lambda: not answer_thread._living, timeout=10_000)
    assert len(made) == 1
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
