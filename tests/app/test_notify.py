"""A run that ends while nobody looks is told on the desktop, once, and not when the user asked for its end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_fakes import Bench, bench
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from app import notify
from app.notify import Notifier
from app.preferences import Preferences
from core.runs import notes
from core.runs.folder import State
from core.runs.notes import Notes

LONG = ("--steps", "5000", "--seconds", "0.01")
SHORT = ("--steps", "20", "--seconds", "0.002")


class Desk:
    """A desktop that keeps what it is told, and a window that somebody looks at or not."""

    def __init__(self, place: Bench) -> None:
        self.told: list[tuple[str, str]] = []
        self.answer = True
        self.looked_at = False
        self.action = QAction()
        self.notifier = Notifier(
            place.session,
            Preferences(),
            self.action,
            send=self.send,
            is_looked_at=lambda: self.looked_at,
            parent=place.session,
        )

    def send(self, title: str, text: str) -> bool:
        self.told.append((title, text))
        return self.answer


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
def desk(place: Bench) -> Desk:
    place.open()
    return Desk(place)


def train(place: Bench, *arguments: str, until: State) -> None:
    place.works(*arguments)
    before = place.session.training
    place.session.start_run()
    place.until(lambda: place.session.training not in (None, before))
    training = place.session.training
    assert training is not None
    place.until(lambda: training.progress.state is until)


def test_a_finished_run_is_told(place: Bench, desk: Desk) -> None:
    train(place, *SHORT, until=State.FINISHED)
    place.until(lambda: desk.told)
    assert desk.told == [
        ("Run 1 · Harbour letters: finished", "Held-out loss 0.940. The adapter is ready to be tried.")
    ]


def test_a_run_is_told_by_the_title_it_was_given(place: Bench, desk: Desk) -> None:
    train(place, *LONG, until=State.RUNNING)
    training = place.session.training
    assert training is not None
    notes.write(training.run_folder, Notes(title="Café"))
    process = training.run_folder.worker_process()
    assert process is not None
    process.kill()
    place.until(lambda: desk.told)
    assert desk.told[0][0].startswith("Run 1 · Café: ")


def test_a_failed_run_is_told_with_its_cause(place: Bench, desk: Desk) -> None:
    train(place, *SHORT, "--end", "fail", until=State.FAILED)
    place.until(lambda: desk.told)
    assert desk.told[0][0].endswith("failed")
    assert "The memory is full." in desk.told[0][1]


def test_a_run_that_was_killed_is_told(place: Bench, desk: Desk) -> None:
    train(place, *LONG, until=State.RUNNING)
    assert place.session.training is not None
    process = place.session.training.run_folder.worker_process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    place.until(lambda: desk.told)
    assert desk.told[0][0].endswith("interrupted")


def test_what_the_user_asked_for_is_not_told(place: Bench, desk: Desk) -> None:
    train(place, *LONG, until=State.RUNNING)
    training = place.session.training
    assert training is not None
    training.stop()
    place.until(lambda: training.progress.state is State.STOPPED)
    place.until(training.isFinished)
    assert desk.told == []


def test_nothing_is_told_to_somebody_who_looks(place: Bench, desk: Desk) -> None:
    desk.looked_at = True
    train(place, *SHORT, until=State.FINISHED)
    assert place.session.training is not None
    place.until(place.session.training.isFinished)
    assert desk.told == []


def test_it_can_be_switched_off_and_stays_so(place: Bench, desk: Desk) -> None:
    assert desk.action.isChecked()
    desk.action.toggle()
    train(place, *SHORT, until=State.FINISHED)
    assert place.session.training is not None
    place.until(place.session.training.isFinished)
    assert desk.told == []
    again = Desk(place)
    assert not again.action.isChecked()


def test_where_the_bus_has_nobody_the_tray_is_asked(place: Bench, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(notify, "_by_tray", lambda owner, title, text: asked.append(title))
    desk.answer = False
    train(place, *SHORT, until=State.FINISHED)
    place.until(lambda: asked)
    assert asked[0].startswith("Run 1")


def test_without_a_bus_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert not notify.send_to_desktop("Run 1", "ended")


SERVICE = """
import sys
from jeepney import HeaderFields, MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

bus = open_dbus_connection("SESSION")
bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.Notifications"))
print("ready", flush=True)
while True:
    message = bus.receive()
    if message.header.message_type is not MessageType.method_call:
        continue
    if message.header.fields[HeaderFields.member] == "GetCapabilities":
        bus.send(new_method_return(message, "as", (sys.argv[1:],)))
        continue
    app, replaces, icon, title, body, *_ = message.body
    print(app, title, body, sep="|", flush=True)
    bus.send(new_method_return(message, "u", (7,)))
"""


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("needs a D-Bus daemon")
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.stdout.readline().strip())
        yield
        daemon.kill()


@pytest.mark.parametrize(("capability", "body"), [("body-markup", "a &lt;b&gt; &amp; c"), ("body", "a <b> & c")])
def test_a_real_bus_is_told_and_text_is_text(bus: None, capability: str, body: str) -> None:
    command = [sys.executable, "-c", SERVICE, capability]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "ready\n"
        assert notify.send_to_desktop("Run 1: finished", "a <b> & c")
        assert service.stdout.readline() == f"Tunesmith|Run 1: finished|{body}\n"
        service.kill()


def test_a_bus_without_a_desktop_is_no_problem(bus: None) -> None:
    assert not notify.send_to_desktop("Run 1", "ended")
