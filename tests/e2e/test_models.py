"""Models in the real window: a folder is dropped and used, another one found on a hub, downloaded meanwhile, used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from heartbeat import Heartbeat
from hub_fixture import STARTER, hub
from hub_server import Hub
from person import Person
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.pages.models import ModelsPage
from app.widgets.agree_dialog import AgreeDialog
from core import paths
from core.base_models.hub import token
from core.dataset.example import Example
from core.project import Project

__all__ = ["hub"]
pytestmark = pytest.mark.slow
CONTROL = Qt.KeyboardModifier.ControlModifier


def drop(page: ModelsPage, folder: Path) -> None:
    """Drop a folder on the page."""
    data, at = QMimeData(), QPoint(300, 300)
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, QDropEvent(QPointF(at), Qt.DropAction.CopyAction, data, buttons, keys))


def test_a_dropped_and_a_downloaded_model_are_used(
    hub: Hub, person: Person, heartbeat: Heartbeat, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token, "available", lambda: False)  # not the keyring of whoever runs the tests
    window, session = person.window, person.window.session
    project = Project.create(tmp_path / "Letters")
    project.store.add([Example(instruction="Answer.", input="Where is it?", output="On its way.")])
    session.use(project)
    person.sees(lambda: window.station == "examples", "the Examples page")
    folder = shutil.copytree(paths.starter_model(), tmp_path / "My model")

    heartbeat.doing = "dropping a model"
    person.presses(Qt.Key.Key_3, CONTROL)
    page = window.page()
    assert isinstance(page, ModelsPage)
    person.sees(lambda: page.shelf.list.rows, "the models on this machine")
    drop(page, folder)
    person.reads("A folder of yours")
    person.clicks("Use in this project")
    assert session.recipe.model.base == str(folder)
    person.presses(Qt.Key.Key_4, CONTROL)
    assert window.station == "settings"
    person.sees(lambda: "5.4 MB on disk" in window.page().form.field("model.base").extra.text(), "what the model is")
    person.clicks("More models")
    assert window.station == "models"

    heartbeat.doing = "downloading a model"
    person.clicks("Find on the hub")
    person.writes("Search for models on the hub", "starter")
    person.presses(Qt.Key.Key_Return)
    person.sees(lambda: page.hub.offer is not None and page.hub.offer.repo == STARTER, "what was found", 30_000)
    hub.hold_after = 1_000_000
    hub.hold.clear()
    person.clicks("Download…")
    person.clicks("Download 5.5 MB", timeout=30_000)
    person.presses(Qt.Key.Key_2, CONTROL)
    person.sees(lambda: "%" in window.side_bar.station("models").accessibleName(), "how far it is", 30_000)
    window.close()
    question = window.findChild(AgreeDialog)
    assert question is not None
    assert f"{STARTER} is being downloaded" in question.text()
    question.keep.click()
    assert window.isVisible()
    hub.hold.set()
    person.sees(lambda: page.shelf.model is not None and page.shelf.model.base == STARTER, "the model here", 60_000)
    person.presses(Qt.Key.Key_3, CONTROL)
    person.clicks("Use in this project")
    session.wait()
    assert project.recipe.model.base == STARTER
