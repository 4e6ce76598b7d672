"""The heartbeat of a process goes on while it works, and tells when its main thread stands still."""

from __future__ import annotations

import threading
from pathlib import Path

from core.runs.folder import RunFolder
from core.runs.heartbeat import Heartbeat
from core.worker.pulse import heartbeat


def test_it_beats_and_tells_how_long_the_main_thread_has_stood_still(tmp_path: Path) -> None:
    run, waiting = RunFolder(tmp_path), threading.Event()
    with heartbeat(run, seconds=0.1):
        waiting.wait(1.5)  # one place, no computing
        still = Heartbeat.read(run)
        while not waiting.is_set() and (now := Heartbeat.read(run)) is not None and now.idle > 0.3:
            sum(range(20_000))
    assert still is not None
    assert still.count > 2
    assert still.idle > 0.3
    assert still.available > 0


def test_a_folder_that_is_gone_has_no_heartbeat_and_harms_nothing(tmp_path: Path) -> None:
    with heartbeat(RunFolder(tmp_path / "nowhere"), seconds=0.01):
        pass
