"""A process waits while the user is near the button Train, and only then."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.readiness import Readiness
from app.session import Session
from core.runs.folder import RunFolder


class FakeStandby:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def start(self, run: RunFolder) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def prepare(self) -> None:
        self.asked.append("prepare")

    def look(self) -> None:
        self.asked.append("look")

    def dismiss(self) -> None:
        self.asked.append("dismiss")


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    session = Session()
    session.create(tmp_path / "project")
    yield session
    session.close()


@pytest.fixture
def standby() -> FakeStandby:
    return FakeStandby()


@pytest.fixture
def readiness(session: Session, standby: FakeStandby) -> Iterator[Readiness]:
    readiness = Readiness(session, lambda: standby)
    yield readiness
    readiness.dismiss()
    readiness.wait()


def test_one_waits_on_the_pages_with_the_button(qtbot: QtBot, readiness: Readiness, standby: FakeStandby) -> None:
    for id in ("home", "examples", "adapters"):
        readiness.show_page(id, QWidget())
    readiness.wait()
    assert standby.asked == []
    for id in ("settings", "train"):
        readiness.show_page(id, QWidget())
    readiness.wait()
    assert standby.asked == ["prepare", "prepare"]


def test_the_mouse_on_the_page_has_it_wait_on(qtbot: QtBot, readiness: Readiness, standby: FakeStandby) -> None:
    page, other = QWidget(), QWidget()
    qtbot.addWidget(page)
    qtbot.addWidget(other)
    readiness.show_page("settings", page)
    QCoreApplication.sendEvent(page, QEvent(QEvent.Type.Enter))
    readiness.wait()
    assert standby.asked == ["prepare", "prepare"]
    readiness.show_page("examples", other)
    QCoreApplication.sendEvent(page, QEvent(QEvent.Type.Enter))
    QCoreApplication.sendEvent(other, QEvent(QEvent.Type.Enter))
    readiness.wait()
    assert standby.asked == ["prepare", "prepare"]


def test_it_goes_with_the_project(
    qtbot: QtBot, session: Session, readiness: Readiness, standby: FakeStandby, tmp_path: Path
) -> None:
    readiness.show_page("train", QWidget())
    session.close()
    readiness.wait()
    assert standby.asked == ["prepare", "dismiss"]
    readiness.show_page("train", QWidget())
    readiness.wait()
    assert standby.asked == ["prepare", "dismiss"]  # nothing to train


def test_a_start_from_anywhere_has_one_wait_while_the_examples_are_checked(
    qtbot: QtBot, session: Session, readiness: Readiness, standby: FakeStandby
) -> None:
    session.start_run()
    session.cancel_start()
    readiness.wait()
    assert standby.asked == ["prepare"]


def test_none_waits_while_a_run_is_trained(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, readiness: Readiness, standby: FakeStandby
) -> None:
    monkeypatch.setattr(Session, "is_training", True)
    readiness.show_page("train", QWidget())
    readiness.wait()
    assert standby.asked == []
