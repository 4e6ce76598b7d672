"""What every window test gets: a home of its own and the light theme."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QThreadPool
from PySide6.QtWidgets import QApplication

from app import theme


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and recent projects are kept here during a test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNESMITH_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _light(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests that use Qt begin in the light theme and leave no work, no thread and no window behind."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    if theme.Theme.current.dark or not app.styleSheet():
        theme.apply(app, dark=False)
    threads = set(threading.enumerate())
    yield
    assert QThreadPool.globalInstance().waitForDone(10_000)
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert [widget for widget in app.topLevelWidgets() if widget.isVisible()] == []
    assert [thread for thread in threading.enumerate() if thread not in threads and not _is_pools(thread)] == []


def _is_pools(thread: threading.Thread) -> bool:
    """Whether it is one of Qt's own, which the pool keeps for a while."""
    return isinstance(thread, threading._DummyThread)
