"""At each of forty named places a training process is killed once, and once meets an error of the disk.

After each, the run is whole: no half line in its events, the newest checkpoint intact, at most one last event from a
process. In the end it is bit for bit the run that nobody disturbed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fault_points import POINTS, Mode
from forked_runs import adapter_bytes, evaluations, finish, log, losses, new_run

from core.runs.event_file import EventFollower
from core.runs.events import FINAL
from core.runs.folder import RunFolder, State
from core.worker import checkpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked"),
]
NAMES = list(POINTS)
# Points that come only with a checkpoint to go on from, or are passed once more before anything is saved.
_SECOND = {"read a checkpoint's hash", "forward pass", "backward pass", "make a file durable", "write the manifest"}
# An error there is told by the log alone, or does no harm.
_BORNE = {"first heartbeat", "open the event file", "read a checkpoint's hash"}


@pytest.fixture(scope="module")
def whole(runs: Path, model: Path) -> RunFolder:
    """A run that nobody disturbed."""
    run = new_run(runs, model)
    assert finish(run)[0] == 0, log(run)
    return run


def test_there_are_enough_of_them() -> None:
    assert len(POINTS) >= 40


@pytest.mark.parametrize("mode", ["kill", "fail"])
@pytest.mark.parametrize("part", range(4))
def test_a_run_survives_a_fault_at_every_point(
    runs: Path, model: Path, whole: RunFolder, part: int, mode: Mode
) -> None:
    """One run meets a quarter of the points, one after the other, each in a process of its own."""
    run = new_run(runs, model)
    finish(run, "act_at", 6, "exit", 3)  # so that there is a checkpoint to load
    unmet = []
    for name in NAMES[part::4]:
        code, _ = finish(run, "fault_at", name, mode, 2 if name in _SECOND else 1)
        if run.progress().state is State.FINISHED:
            run = new_run(runs, model)
            finish(run, "act_at", 6, "exit", 3)
            if name not in _BORNE:
                unmet.append(name)
            continue
        look(run, name, code, mode)
    assert unmet == []
    assert finish(run)[0] == 0, log(run)
    assert losses(run) == losses(whole)
    assert evaluations(run) == evaluations(whole)
    assert adapter_bytes(run) == adapter_bytes(whole)


def look(run: RunFolder, name: str, code: int, mode: Mode) -> None:
    follower = EventFollower(run.events_file)
    events = [event for batch in iter(follower.read, []) for event in batch]
    assert follower.unreadable == 0, name
    saved, damaged = checkpoint.newest(run.checkpoints)
    assert saved is not None, name
    assert damaged == [], name
    if mode == "kill":
        assert code == -9, (name, code, log(run)[-800:])
    else:
        assert code == 1, (name, code, log(run)[-800:])
        assert name in _BORNE or isinstance(events[-1], FINAL) or name in log(run), name
