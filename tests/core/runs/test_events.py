"""Events are whole lines; a reader survives whatever a crash leaves."""

import errno
import json
import math

import pytest

from core.runs.event_file import EventFollower, EventWriter
from core.runs.events import Failed, Paused, Phase, Step


def a_step(number: int = 1, loss: float | None = 2.0) -> Step:
    return Step(
        step=number,
        epoch=0.1,
        loss=loss,
        learning_rate=1e-4,
        grad_norm=1.0,
        tokens=10 * number,
        tokens_per_second=100.0,
        memory_bytes=1 << 20,
    )


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "events.jsonl"
    written = [Phase(name="training"), a_step(), Failed(kind="x", message="größer als 中文 \ud83d\ude00")]
    with EventWriter(path) as writer:
        for event in written[:2]:
            writer.write(event)
    assert EventFollower(path).read() == written[:2]


def test_numbers_that_are_not_finite_become_null(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as writer:
        writer.write(a_step(loss=math.nan))
    assert json.loads(path.read_text(encoding="utf-8"))["loss"] is None
    assert EventFollower(path).read()[0].loss is None


def test_a_follower_gets_each_event_once_and_waits_for_whole_lines(tmp_path):
    path = tmp_path / "events.jsonl"
    follower = EventFollower(path)
    assert follower.read() == []
    with EventWriter(path) as writer:
        writer.write(a_step(1))
        assert [event.step for event in follower.read()] == [1]
        writer.write(a_step(2))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    assert [event.step for event in follower.read()] == [2]
    assert follower.read() == []


def test_a_line_cut_by_a_crash_is_passed_over_and_writing_goes_on(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventWriter(path) as writer:
        writer.write(a_step(1))
    path.write_bytes(path.read_bytes() + b'{"type": "step", "st')
    with EventWriter(path) as writer:
        writer.write(a_step(2))
    follower = EventFollower(path)
    assert [event.step for event in follower.read()] == [1, 2]
    assert follower.unreadable == 1


def test_unknown_events_of_a_later_version_are_passed_over(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"type": "hologram", "at": 1}\n', encoding="utf-8")
    follower = EventFollower(path)
    assert follower.read() == []
    assert follower.unreadable == 1


class _FullDisk:
    """An event file on a disk with room for so many bytes; a write takes what fits, and fails when nothing does."""

    def __init__(self, file, room):
        self._file, self.room = file, room

    def write(self, data):
        taken = bytes(data[: self.room])
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        return self._file.write(taken)

    def truncate(self, size):
        return self._file.truncate(size)

    def __getattr__(self, name):
        return getattr(self._file, name)


def test_a_full_disk_takes_a_whole_line_or_none(tmp_path):
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write(Phase(name="training"))
    before = (tmp_path / "events.jsonl").read_bytes()
    writer._file = _FullDisk(writer._file, 20)
    with pytest.raises(OSError, match="No space"):
        writer.write(Phase(name="evaluating"))
    assert (tmp_path / "events.jsonl").read_bytes() == before
    writer._file.room = 10_000
    writer.write(Phase(name="saving"))
    writer.close()
    assert [event.name for event in EventFollower(tmp_path / "events.jsonl").read()] == ["training", "saving"]


def test_room_for_the_last_event_is_kept_and_given_back(tmp_path):
    with EventWriter(tmp_path / "events.jsonl") as writer:
        reserve = tmp_path / ".reserve"
        assert reserve.stat().st_size == 64 * 1024
        writer.write(Paused(step=3))
        assert not reserve.exists()
    with EventWriter(tmp_path / "events.jsonl"):
        assert reserve.exists()
    assert not reserve.exists()
