"""Adapters are taken in on their page: by a choice, by dropping one, anyway where the user knows better."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapter_factory import trained_run
from foreign_adapters import foreign, zipped
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from app.pages.adapters import AdaptersPage
from app.session import Session
from core.library import imported, importing
from core.project import Project


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    session = Session()
    session.use(Project.create(tmp_path / "project"))
    yield session
    session.close()


@pytest.fixture
def page(qtbot: QtBot, session: Session) -> AdaptersPage:
    page = AdaptersPage(session)
    qtbot.addWidget(page)
    page.show()
    return page


def mime(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drop(page: AdaptersPage, *paths: Path) -> bool:
    """Whether it may be dropped; then it is."""
    data, place = mime(*paths), QPoint(20, 20)
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(page, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(place), Qt.DropAction.CopyAction, data, buttons, keys)
        QApplication.sendEvent(page, event)
    return enter.isAccepted()


@pytest.mark.parametrize("as_zip", [False, True])
def test_what_is_dropped_is_taken_in_and_chosen(
    qtbot: QtBot, session: Session, page: AdaptersPage, tmp_path: Path, as_zip: bool
) -> None:
    trained_run(session.project.runs_folder)
    page.refresh()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1)
    source = foreign(tmp_path / "Hers")
    assert drop(page, zipped(source, tmp_path / "Hers.zip") if as_zip else source)
    qtbot.waitUntil(lambda: page._details is not None and page._details.key == "adapters/hers")
    assert page._details.title == "Hers"
    assert not page.importing.busy
    assert page.importing.button.isEnabled()


def test_other_things_cannot_be_dropped(page: AdaptersPage, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    assert not drop(page, tmp_path / "a.txt")
    assert not drop(page, foreign(tmp_path / "x"), foreign(tmp_path / "y"))
    assert not drop(page, tmp_path / "nowhere")


def test_the_empty_page_lets_one_be_chosen(
    qtbot: QtBot, page: AdaptersPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(page.empty.isVisible)
    source = foreign(tmp_path / "Hers")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(source))
    page.empty.second_button.click()
    qtbot.waitUntil(lambda: page._details is not None and page._details.title == "Hers")


def test_a_refusal_is_told_on_the_page(qtbot: QtBot, page: AdaptersPage, tmp_path: Path) -> None:
    page.importing.take(foreign(tmp_path / "x", peft_type="PROMPT_TUNING"))
    qtbot.waitUntil(lambda: page.banner.title == "This adapter cannot be used.")
    assert "only LoRA adapters" in page.banner._text.text()
    assert page.banner._act.isHidden()


def test_one_that_names_another_model_is_taken_when_the_user_knows_better(
    qtbot: QtBot, page: AdaptersPage, tmp_path: Path
) -> None:
    page.importing.take(foreign(tmp_path / "Hers", base_model_name_or_path="her/model"))
    qtbot.waitUntil(lambda: page.banner.title == "The adapter names another base model.")
    page.banner._act.click()
    assert page.banner.title == ""
    qtbot.waitUntil(lambda: page._details is not None and page._details.title == "Hers")
    assert dict(page.card.facts)["Match"].startswith("It names her/model")


def test_it_can_be_cancelled(
    qtbot: QtBot, session: Session, page: AdaptersPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    usual = importing.archive.copy

    def copy(*arguments: object) -> None:
        held.set()
        go_on.wait(10)
        try:
            usual(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr(importing.archive, "copy", copy)
    page.importing.take(foreign(tmp_path / "x"))
    qtbot.waitUntil(held.is_set)
    assert not page.importing.button.isEnabled()
    page.importing.progress.cancel.click()
    assert page.importing.button.isEnabled()
    go_on.set()
    qtbot.waitUntil(ended.is_set)
    parent = imported.folder_of(session.project.path)
    qtbot.waitUntil(lambda: not list(parent.iterdir()))
