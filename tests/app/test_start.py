"""The start of the program, what it remembers, and what it does when something unforeseen breaks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import until
from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtWidgets import QSplitter, QWidget
from pytestqt.qtbot import QtBot

from app import __main__, crash, preferences
from app.latest import Latest
from app.preferences import Preferences
from core.errors import UserError


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        (["./letters"], True), (["/tmp/x"], True), (["."], True), (["letters"], False), (["demo"], False),
        (["--version"], False), (["train", "./letters"], False),
    ],
)  # fmt: skip
def test_a_folder_opens_the_window_and_a_word_is_a_command(arguments: list[str], window: bool) -> None:
    assert __main__._is_project(arguments) == window


def test_a_folder_named_without_a_path_is_a_project_when_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "project.toml").write_text("", encoding="utf-8")
    assert __main__._is_project(["letters"])


def test_commands_do_not_reach_qt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(__main__, "open_window", lambda _path: pytest.fail("a window"))
    with pytest.raises(SystemExit) as end:
        sys.exit(__main__.main(["no-such-command"]))
    assert end.value.code == 2
    assert "no-such-command" in capsys.readouterr().err


# --- Preferences ------------------------------------------------------------------------------------------------------


def test_preferences_come_back() -> None:
    first = Preferences()
    assert (first.look, first.dark, first.page, first.project) == ("system", None, "home", "")
    first.look, first.page, first.project = "dark", "train", "/x"
    first.keep_geometry("window", QByteArray(b"abc"))
    first.sync()
    again = Preferences()
    assert (again.look, again.dark, again.page, again.project) == ("dark", True, "train", "/x")
    assert again.geometry("window") == QByteArray(b"abc")
    assert again.geometry("other") is None
    again.look = "purple"
    assert again.look == "system"


def test_a_splitter_comes_back(qtbot: QtBot) -> None:
    def split() -> QSplitter:
        splitter = QSplitter()
        qtbot.addWidget(splitter)
        for _ in range(2):
            splitter.addWidget(QWidget())
        splitter.resize(400, 100)
        splitter.show()
        return splitter

    first = split()
    preferences.remember(first, "test")
    first.setSizes([100, 290])
    first.splitterMoved.emit(100, 1)
    again = split()
    preferences.remember(again, "test")
    assert again.sizes() == first.sizes()


# --- Crashes ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Iterator[crash.CrashLog]:
    log = crash.CrashLog(tmp_path / "logs")
    yield log
    log.close()


@pytest.fixture
def hook() -> Iterator[None]:
    before = sys.excepthook
    yield
    sys.excepthook = before


def test_a_clean_end_leaves_nothing(log: crash.CrashLog) -> None:
    assert log.path.exists()
    log.close()
    log.close()
    assert list(log.folder.iterdir()) == []


@pytest.mark.usefixtures("hook")
def test_what_nobody_caught_is_written_down_and_told(
    qtbot: QtBot, log: crash.CrashLog, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[UserError] = []
    crash.install_hook(log, told.append)
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert told[0].title == "Something unexpected happened."
    assert "by nothing" in told[0].reason
    assert "test_what_nobody_caught" in told[0].details
    log.close()
    assert "ZeroDivisionError" in log.path.read_text("utf-8")
    log.path.unlink()


@pytest.mark.usefixtures("hook")
def test_an_error_for_the_user_is_told_as_it_is(log: crash.CrashLog) -> None:
    told: list[UserError] = []
    crash.install_hook(log, told.append)
    error = UserError("The disk is full.")
    sys.excepthook(UserError, error, None)
    assert told == [error]
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert told == [error]


def test_an_earlier_crash_is_told_once(log: crash.CrashLog) -> None:
    dead = log.folder / "crash-99999999.txt"
    dead.write_text("Fatal Python error: Segmentation fault\n", encoding="utf-8")
    empty = log.folder / "crash-99999998.txt"
    empty.write_text("", encoding="utf-8")
    alive = log.folder / f"crash-{os.getppid()}.txt"
    alive.write_text("another window", encoding="utf-8")
    (log.folder / "crash-copy.txt").write_text("put here by somebody", encoding="utf-8")
    assert log.earlier() == "Fatal Python error: Segmentation fault"
    assert log.earlier() == ""
    assert not empty.exists()
    assert alive.exists()


def test_few_reports_are_kept(log: crash.CrashLog) -> None:
    for number in range(crash.KEPT + 4):
        old = log.folder / f"told-{number}.txt"
        old.write_text("x", encoding="utf-8")
        os.utime(old, (number, number))
    log.earlier()
    assert sorted(path.name for path in log.folder.glob("told-*")) == [
        f"told-{n}.txt" for n in range(4, crash.KEPT + 4)
    ]


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    log = crash.CrashLog(tmp_path / "file" / "logs")
    log.write(UserError("It broke."))
    assert log.earlier() == ""
    log.close()


# --- Questions --------------------------------------------------------------------------------------------------------


def test_an_answer_nobody_wants_is_dropped(qtbot: QtBot) -> None:
    answers: list[int] = []
    latest = Latest(answers.append)
    latest.ask(lambda: 1)
    latest.forget()
    assert not latest.busy
    latest.ask(lambda: 2)
    latest.ask(lambda: 3)
    assert latest.busy
    until(qtbot, lambda: answers == [3])
    assert not latest.busy


def test_a_question_that_breaks_is_told_and_the_next_one_answered(qtbot: QtBot) -> None:
    answers: list[int] = []
    problems: list[UserError] = []
    latest = Latest(answers.append, failed=problems.append)

    def broken() -> int:
        raise UserError("No.")

    latest.ask(broken)
    until(qtbot, lambda: problems)
    latest.ask(lambda: 4)
    until(qtbot, lambda: answers == [4])


def test_the_event_loop_runs_while_a_question_is_answered(qtbot: QtBot) -> None:
    ticks: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(1)
    answers: list[bool] = []
    latest = Latest(answers.append)
    latest.ask(lambda: len(ticks) >= 0)
    until(qtbot, lambda: answers and len(ticks) > 3)
