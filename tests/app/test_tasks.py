"""Work off the drawing thread ends exactly once, on the drawing thread, and can be dropped."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app import tasks
from core.errors import UserError


def test_the_result_comes_back_on_the_thread_that_asked(qtbot: QtBot) -> None:
    seen: list[Any] = []
    tasks.run(threading.get_ident, done=lambda worker: seen.append((worker, threading.get_ident())))
    qtbot.waitUntil(lambda: len(seen) == 1)
    worker, here = seen[0]
    assert here == threading.get_ident() != worker


def test_a_user_error_arrives_as_it_is_and_others_with_their_traceback(qtbot: QtBot) -> None:
    seen: list[UserError] = []
    told = UserError("Disk full.")

    def broken() -> None:
        raise told

    tasks.run(broken, done=pytest.fail, failed=seen.append)
    tasks.run(lambda: 1 / 0, done=pytest.fail, failed=seen.append)
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert told in seen
    other = next(error for error in seen if error is not told)
    assert "ZeroDivisionError" in other.reason
    assert "Traceback" in other.details


def test_progress_is_reported_and_cancelling_reaches_the_work(qtbot: QtBot) -> None:
    steps: list[tuple[int, int]] = []
    ended = threading.Event()

    def count(task: tasks.Task) -> None:
        task.report(1, 10)
        while not task.cancelled:
            threading.Event().wait(0.001)
        ended.set()

    task = tasks.run(count, done=pytest.fail, progress=lambda done, total: steps.append((done, total)))
    qtbot.waitUntil(lambda: steps == [(1, 10)])
    task.cancel()
    qtbot.waitUntil(ended.is_set)


def test_nothing_is_called_on_an_object_that_is_gone(qtbot: QtBot) -> None:
    class Receiver(QObject):
        def take(self, _result: object) -> None:
            pytest.fail("called after its end")

    receiver = Receiver()
    gate = threading.Event()
    tasks.run(gate.wait, done=receiver.take)
    gone: list[int] = []
    receiver.destroyed.connect(lambda: gone.append(1))
    receiver.deleteLater()
    qtbot.waitUntil(lambda: gone == [1])
    gate.set()
    after: list[object] = []
    tasks.run(lambda: None, done=after.append)
    qtbot.waitUntil(lambda: bool(after))


def test_many_tasks_all_end(qtbot: QtBot) -> None:
    seen: list[int] = []
    for number in range(300):
        tasks.run(lambda number=number: number, done=seen.append)
    qtbot.waitUntil(lambda: sorted(seen) == list(range(300)))
    assert not tasks._running
