"""The real window with a home of its own, and a report of its longest stalls at the end of the test run."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from heartbeat import Heartbeat
from person import Person
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

_STALLS = "stalls"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and recent projects are kept here during a test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNESMITH_HOME", str(folder))
    return folder


@pytest.fixture
def person(qtbot: QtBot) -> Iterator[Person]:
    """Somebody at the window as it is after its start."""
    from app import theme
    from app.preferences import Preferences
    from app.session import Session
    from app.window import Window, open_at_start

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, dark=False)
    window = Window(Session(), Preferences())
    window.show()
    open_at_start(window, None)
    window.load_pages()
    qtbot.waitExposed(window)
    yield Person(qtbot, window)
    window.close()
    window.deleteLater()
    assert QThreadPool.globalInstance().waitForDone(30_000)


@pytest.fixture
def heartbeat(request: pytest.FixtureRequest, person: Person) -> Iterator[Heartbeat]:
    """Beats until the test ends, then reports."""
    gc.collect()
    beat = Heartbeat()
    yield beat
    request.node.user_properties.append((_STALLS, f"{request.node.name}: {beat.report()}"))


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A file of two hundred examples out of the first sample."""
    from core import samples

    rows = json.loads(samples.all_samples()[0].path.read_text(encoding="utf-8"))[:200]
    path = tmp_path / "letters.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how responsive the window was."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind if hasattr(report, "when")]
    for report in reports:
        for name, value in report.user_properties if report.when == "teardown" else ():
            if name == _STALLS:
                terminalreporter.write_line(f"event loop in {value}")
