"""A process that gives no sign of life is told from one that is busy, suspended, or slept with the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from core.runs.folder import RunFolder
from core.runs.heartbeat import Heartbeat, Listener


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Process:
    """What the listener asks of a process."""

    state = psutil.STATUS_SLEEPING
    used = 1.0

    def oneshot(self) -> Any:
        from contextlib import nullcontext

        return nullcontext()

    def cpu_times(self) -> Any:
        return type("Times", (), {"user": self.used, "system": 0.0})

    def status(self) -> str:
        return self.state


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def beat(run: RunFolder, count: int, idle: float = 0.0) -> None:
    run.heartbeat_file.write_bytes(Heartbeat(count, idle, 1 << 30, 0).encode())


def listen(
    run: RunFolder, process: Process, seconds: int, *, count: Any = lambda second: 1, idle: float = 0.0
) -> float:
    """Look once a second; the heartbeat's count as a function of the second."""
    clock = Clock()
    listener = Listener(run, clock)
    silence = 0.0
    for second in range(seconds):
        clock.now += 1
        beat(run, count(second), idle)
        silence = listener.look(process)  # type: ignore[arg-type]
    return silence


def test_a_heart_that_beats_is_no_silence(run: RunFolder) -> None:
    assert listen(run, Process(), 120, count=lambda second: second) == 0


def test_a_heart_that_stops_is_told_after_half_a_minute(run: RunFolder) -> None:
    assert listen(run, Process(), 29) == 0
    assert listen(run, Process(), 33) >= 30


def test_a_process_that_computes_is_not_silent(run: RunFolder) -> None:
    class Busy(Process):
        def cpu_times(self) -> Any:
            self.used += 0.5
            return super().cpu_times()

    assert listen(run, Busy(), 90) == 0


def test_a_main_thread_that_does_not_move_is_told_though_the_heart_beats(run: RunFolder) -> None:
    assert listen(run, Process(), 5, count=lambda second: second, idle=45.0) == 45.0
    assert listen(run, Process(), 5, count=lambda second: second, idle=20.0) == 0


def test_a_suspended_process_is_not_silent(run: RunFolder) -> None:
    process = Process()
    process.state = psutil.STATUS_STOPPED
    assert listen(run, process, 120) == 0


def test_a_machine_that_slept_is_not_silence_and_time_counts_anew(run: RunFolder) -> None:
    clock, process = Clock(), Process()
    listener = Listener(run, clock)
    beat(run, 1)
    listener.look(process)  # type: ignore[arg-type]
    clock.now += 3600
    assert listener.look(process) == 0  # type: ignore[arg-type]
    for _ in range(25):
        clock.now += 1
        assert listener.look(process) == 0  # type: ignore[arg-type]
    for _ in range(10):
        clock.now += 1
        silence = listener.look(process)  # type: ignore[arg-type]
    assert silence >= 30


def test_half_a_heartbeat_or_none_is_no_verdict(run: RunFolder) -> None:
    assert Heartbeat.read(run) is None
    run.heartbeat_file.write_bytes(b'{"count": 3, "id')
    assert Heartbeat.read(run) is None
    assert Listener(run).look(Process()) == 0  # type: ignore[arg-type]


def test_every_heartbeat_is_of_one_length() -> None:
    assert len({len(Heartbeat(n, n / 3, n**9, n).encode()) for n in (0, 1, 77, 123_456)}) == 1
