"""The machine is kept awake while a run trains, and no longer; where that cannot be had, the run says so once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.runs.event_file import EventFollower, EventWriter
from core.runs.events import Event, Notice, Phase, Stopped
from core.worker import awake
from core.worker.awake import keep_awake

HOLDS = """
import sys
from core.worker.awake import _by_login_manager
with _by_login_manager() as held:
    print(held, flush=True)
    sys.stdin.read()
"""
STOPPED = Stopped(step=1, loss=None, heldout_loss=None, adapter=None)


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


class Keeper:
    """A way to keep awake that notes what is asked of it."""

    def __init__(self, answer: bool | Exception) -> None:
        self.answer = answer
        self.asked = 0
        self.held = False

    @contextmanager
    def __call__(self) -> Iterator[bool]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        self.held = self.answer
        try:
            yield self.answer
        finally:
            self.held = False


def told(file: Path) -> list[Event]:
    return EventFollower(file).read()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_it_is_kept_awake_inside_the_block(file: Path) -> None:
    refuses, keeps, spare = Keeper(False), Keeper(True), Keeper(True)
    with EventWriter(file) as events:
        with keep_awake(events, keepers=(refuses, keeps, spare), first=0):
            until(lambda: keeps.held)
        assert not keeps.held
    assert (refuses.asked, keeps.asked, spare.asked) == (1, 1, 0)
    assert told(file) == []


def test_a_run_says_once_that_it_cannot_be_had(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with EventWriter(file) as events, keep_awake(events, keepers=(Keeper(OSError("no bus")), Keeper(False)), first=0):
        until(lambda: told(file))
    found = told(file)
    assert [type(event) for event in found] == [Notice]
    assert "fall asleep" in found[0].message
    assert "no bus" in capsys.readouterr().err


def test_a_short_run_asks_nobody(file: Path) -> None:
    keeps = Keeper(True)
    with EventWriter(file) as events, keep_awake(events, keepers=(keeps,), first=60):
        pass
    assert keeps.asked == 0
    assert [thread.name for thread in threading.enumerate() if thread.name == "keep awake"] == []


def test_nothing_is_said_after_the_last_word(file: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    @contextmanager
    def slow() -> Iterator[bool]:
        asked.set()
        go_on.wait()
        yield False

    with EventWriter(file) as events:
        with keep_awake(events, keepers=(slow,), first=0):
            assert asked.wait(20)
            events.write(Phase(name="training"))
            events.write(STOPPED)
            go_on.set()
        assert [event.type for event in told(file)] == ["phase", "stopped"]


def test_a_disk_that_is_full_does_not_end_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def full(self: EventWriter, event: Event) -> None:
        tried.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventWriter, "write_before_end", full)
    with EventWriter(file) as events, keep_awake(events, keepers=(Keeper(False),), first=0):
        assert tried.wait(20)


def test_of_several_processes_one_asks(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    before = threading.active_count()
    with EventWriter(file) as events, keep_awake(events, keepers=(Keeper(True),), first=0):
        assert threading.active_count() == before


@pytest.mark.skipif(sys.platform != "linux", reason="servers without a desktop run Linux")
def test_a_server_without_a_desktop_is_not_told_to_stay_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert awake._keepers() == ()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert awake._by_wakepy in awake._keepers()


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for systemd-inhibit")
def test_the_login_manager_s_lock_ends_with_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in runs the command it is given, as systemd-inhibit does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    stand_in = folder / "systemd-inhibit"
    stand_in.write_text('#!/bin/sh\necho $$ > "$MARK"\nfor last; do :; done\nexec "$last"\n')
    stand_in.chmod(0o755)
    mark = tmp_path / "pid"
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("MARK", str(mark))
    with awake._by_login_manager() as held:
        assert held
        pid = int(mark.read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    mark.unlink()
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        pid = int(mark.read_text())
        process.send_signal(signal.SIGKILL)
    until(lambda: not _exists(pid))


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for systemd-inhibit")
def test_a_login_manager_that_says_no_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "systemd-inhibit").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "systemd-inhibit").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with awake._by_login_manager() as held:
        assert not held


SERVICE = """
import sys
from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_method_return, new_error
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

bus = open_dbus_connection("SESSION")
bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.PowerManagement"))
print("ready", flush=True)
while True:
    message = bus.receive()
    if message.header.message_type is not MessageType.method_call:
        continue
    member = message.header.fields[HeaderFields.member]
    print(member, *message.body, flush=True)
    bus.send(new_method_return(message, "u", (7,)) if member == "Inhibit" else new_method_return(message))
"""


@pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs a D-Bus daemon")
def test_a_desktop_on_a_real_bus_is_asked_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.stdout.readline().strip())
            with subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True) as service:
                try:
                    assert service.stdout is not None
                    assert service.stdout.readline() == "ready\n"
                    with awake._by_wakepy() as held:
                        assert held
                        assert service.stdout.readline().startswith("Inhibit ")
                    assert service.stdout.readline() == "UnInhibit 7\n"
                finally:
                    service.kill()
        finally:
            daemon.kill()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
