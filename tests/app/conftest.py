"""What every window test gets: a home of its own and the light theme."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThreadPool
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
    """Tests that use Qt begin in the light theme and leave no work behind."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    if theme.Theme.current.dark or not app.styleSheet():
        theme.apply(app, dark=False)
    yield
    assert QThreadPool.globalInstance().waitForDone(10_000)
