"""Beside what went wrong with a run stands one button that helps."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.pages.run_ways import RunWays
from app.widgets.banner import Banner
from core.errors import RunError
from core.runs import words
from core.runs.events import Failed
from core.runs.folder import Progress, RunFolder, State


class Watch(QObject):
    changed = Signal()
    thread: Any = None
    can_act = True

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self.run = run
        self.progress = Progress(state=State.RUNNING)
        self.problem: RunError | None = None


@pytest.fixture
def watch(qtbot: QtBot, tmp_path: Path) -> Watch:
    return Watch(RunFolder(tmp_path))


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    banner = Banner()
    qtbot.addWidget(banner)
    return banner


def failed(kind: str, examples: list[int] | None = None) -> Progress:
    return Progress(state=State.FAILED, error=Failed(kind=kind, message="Failed.", examples=examples or []))


def test_a_changed_run_is_resumed_anyway_when_the_user_says_so(qtbot: QtBot, watch: Watch, banner: Banner) -> None:
    ways = RunWays(watch, banner)  # type: ignore[arg-type]
    watch.progress, watch.problem = failed("changed"), RunError("The run is not what it was.")
    ways.show()
    assert banner.title == "The run is not what it was."
    assert banner._act.text() == "Resume anyway"
    with qtbot.waitSignal(ways.resume_wanted):
        banner._act.click()
    assert watch.run.take_consent()


def test_the_examples_of_a_spoilt_batch_are_shown(qtbot: QtBot, watch: Watch, banner: Banner) -> None:
    ways = RunWays(watch, banner)  # type: ignore[arg-type]
    watch.progress, watch.problem = failed("loss_not_finite", [3, 7]), RunError("No longer a number.")
    ways.show()
    assert banner._act.text() == "Show 2 examples"
    with qtbot.waitSignal(ways.examples_wanted) as told:
        banner._act.click()
    assert told.args[0] == [3, 7]


def test_a_silent_process_is_ended_and_the_run_resumed(qtbot: QtBot, watch: Watch, banner: Banner) -> None:
    ways = RunWays(watch, banner)  # type: ignore[arg-type]
    ended: list[bool] = []
    watch.thread = SimpleNamespace(end_now=lambda: ended.append(True))
    watch.progress, watch.problem = Progress(state=State.RUNNING, silent=True), words.silence(34)  # type: ignore[assignment]
    ways.show()
    assert banner._act.text() == "End it and resume"
    banner._act.click()
    assert ended == [True]
    watch.thread = None
    watch.progress, watch.problem = Progress(state=State.INTERRUPTED), RunError("The run was interrupted.")
    with qtbot.waitSignal(ways.resume_wanted):
        ways.show()


def test_nothing_is_offered_where_nothing_may_be_done(watch: Watch, banner: Banner) -> None:
    ways = RunWays(watch, banner)  # type: ignore[arg-type]
    watch.can_act = False
    watch.progress, watch.problem = failed("changed"), RunError("The run is not what it was.")
    ways.show()
    assert banner._act.isHidden()


def test_a_run_in_good_health_has_nothing_to_say(watch: Watch, banner: Banner) -> None:
    ways = RunWays(watch, banner)  # type: ignore[arg-type]
    ways.show()
    assert banner.isHidden()
