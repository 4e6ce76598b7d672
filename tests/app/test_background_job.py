"""A job is followed to its end, stopped when another begins, and leaves no thread behind when its owner goes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from example_bench import until
from PySide6.QtCore import QObject, QThreadPool
from pytestqt.qtbot import QtBot

from app import tasks
from app.background_job import BackgroundJob
from core.child import Stopped
from core.errors import UserError


class FakeJob:
    """Tells its messages; with ``waits`` it stays until it is stopped."""

    def __init__(self, *messages: Any, waits: bool = False) -> None:
        self._messages, self._waits = messages, waits
        self.stopped = Event()

    def messages(self) -> Iterator[Any]:
        for message in self._messages:
            if isinstance(message, Exception):
                raise message
            yield message
        if self._waits:
            assert self.stopped.wait(20)
            raise Stopped

    def stop(self) -> None:
        self.stopped.set()


class Heard:
    def __init__(self, job: BackgroundJob) -> None:
        self.told: list[Any] = []
        self.ends: list[Any] = []
        job.told.connect(self.told.append)
        job.ended.connect(lambda: self.ends.append("end"))
        job.failed.connect(self.ends.append)


@pytest.fixture
def job(qtbot: QtBot) -> BackgroundJob:
    return BackgroundJob()


def test_it_tells_everything_and_ends(qtbot: QtBot, job: BackgroundJob) -> None:
    heard = Heard(job)
    job.start(lambda: FakeJob(1, {"two": 2}, None))
    assert job.busy
    until(qtbot, lambda: heard.ends)
    assert (heard.told, heard.ends) == ([1, {"two": 2}, None], ["end"])
    assert not job.busy


def test_a_failure_is_told(qtbot: QtBot, job: BackgroundJob) -> None:
    heard = Heard(job)
    problem = UserError("No.", reason="Because.")
    job.start(lambda: FakeJob(1, problem))
    until(qtbot, lambda: heard.ends)
    assert (heard.told, heard.ends) == ([1], [problem])
    assert not job.busy


def test_another_start_stops_the_first_and_drops_what_it_says(qtbot: QtBot, job: BackgroundJob) -> None:
    heard = Heard(job)
    first = FakeJob("old", waits=True)
    job.start(lambda: first)
    until(qtbot, lambda: heard.told == ["old"])
    job.start(lambda: FakeJob("new"))
    assert first.stopped.is_set()
    until(qtbot, lambda: heard.ends)
    assert (heard.told, heard.ends) == (["old", "new"], ["end"])


def test_one_that_is_stopped_says_no_more(qtbot: QtBot, job: BackgroundJob) -> None:
    heard = Heard(job)
    waiting = FakeJob("old", waits=True)
    job.start(lambda: waiting)
    job.stop()
    assert not job.busy
    job.start(lambda: FakeJob("new"))
    until(qtbot, lambda: heard.ends)
    assert heard.told == ["new"]


def test_it_ends_with_its_owner(qtbot: QtBot) -> None:
    owner = QObject()
    job = BackgroundJob(owner)
    heard = Heard(job)
    waiting = FakeJob("begun", waits=True)
    job.start(lambda: waiting)
    until(qtbot, lambda: heard.told)
    owner.deleteLater()
    until(qtbot, waiting.stopped.is_set)


def test_short_work_does_not_wait_for_jobs(qtbot: QtBot) -> None:
    jobs = [BackgroundJob() for _ in range(QThreadPool.globalInstance().maxThreadCount() + 1)]
    made = [FakeJob("begun", waits=True) for _ in jobs]
    heard = [Heard(job) for job in jobs]
    for job, fake in zip(jobs, made, strict=True):
        job.start(lambda fake=fake: fake)
    qtbot.waitUntil(lambda: all(one.told for one in heard))
    done: list[int] = []
    tasks.run(lambda: 1, done=done.append)
    qtbot.waitUntil(lambda: done == [1])
    for job in jobs:
        job.stop()
    assert QThreadPool.globalInstance().waitForDone(10_000)
    assert QThreadPool.globalInstance().activeThreadCount() == 0


_QUITS = """
import sys, threading
from PySide6.QtCore import QCoreApplication, QThreadPool, QTimer
from app.background_job import BackgroundJob

class Endless:
    def __init__(self):
        self.stopped = threading.Event()
    def messages(self):
        yield 1
        self.stopped.wait()
    def stop(self):
        self.stopped.set()

app = QCoreApplication(sys.argv)
job = BackgroundJob()
job.told.connect(lambda _: QTimer.singleShot(0, app.quit))
job.start(Endless)
app.exec()
QThreadPool.globalInstance().waitForDone()
print("ended")
"""


def test_the_end_of_the_program_does_not_wait_for_a_job() -> None:
    done = subprocess.run([sys.executable, "-c", _QUITS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("ended\n", 0), done.stderr
