"""Whether a training process is alive in more than name: what it writes of itself every other second, and its reader.

A process can be there and do nothing for ever: a driver that never answers, a lock that is never released. Its
heartbeat tells the two apart, and leaves behind what the machine's memory was like when the process died.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from core.runs.folder import RunFolder

SILENCE_SECONDS = 30.0
"""Without a sign of life for so long, a process is taken for one that hangs."""
_LOOK_SECONDS = 1.0
_BUSY_SHARE = 0.02  # of a core: a process that computes more than that is not hanging


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the process says of itself.

    Attributes:
        count: how many heartbeats there have been.
        idle: seconds in which its main thread has neither moved on nor computed.
        available: bytes of memory that the machine could still give.
        ended_for_memory: how many processes the system has ended since its start because the memory was full.
    """

    count: int
    idle: float
    available: int
    ended_for_memory: int

    def encode(self) -> bytes:
        """As one line of fixed length, so that writing it takes no new room on the disk."""
        return json.dumps(asdict(self)).encode().ljust(160) + b"\n"

    @classmethod
    def read(cls, run: RunFolder) -> Heartbeat | None:
        """The last one of a run; None when there is none, or half of one."""
        try:
            return cls(**json.loads(run.heartbeat_file.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None


class Listener:
    """Listens to the heartbeat of one run's process. Keep it as long as the process is watched.

    Only the listener's own clock counts, and only while it listens regularly: a machine that slept, a clock that was
    set, or a process that was suspended on purpose, is not silence.
    """

    def __init__(self, run: RunFolder, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._clock = clock
        self._looked: float | None = None
        self._heard = 0.0
        self._last: Heartbeat | None = None
        self._used = 0.0  # seconds of computing time, when it was last heard
        self._silence = 0.0

    def look(self, process: psutil.Process | None) -> float:
        """Seconds without a sign of life; 0 while there is one. Cheap enough for ten times a second."""
        now = self._clock()
        if self._looked is not None and now - self._looked < _LOOK_SECONDS:
            return self._silence
        slept = self._looked is None or now - self._looked > 10 * _LOOK_SECONDS
        self._looked = now
        beat = Heartbeat.read(self._run)
        status, used = _status(process)
        if beat is None or slept or status in ("", psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
            self._hear(now, beat, used)
            return self._silence
        if self._last is None or beat.count != self._last.count:
            self._hear(now, beat, used)
            self._silence = beat.idle if beat.idle >= SILENCE_SECONDS else 0.0
        elif used - self._used > _BUSY_SHARE * (now - self._heard) + 0.1:
            self._hear(now, beat, used)
        else:
            silent = now - self._heard
            self._silence = silent if silent >= SILENCE_SECONDS else 0.0
        return self._silence

    def _hear(self, now: float, beat: Heartbeat | None, used: float) -> None:
        self._heard, self._last, self._used, self._silence = now, beat, used, 0.0


def ended_for_memory() -> int:
    """How many processes the system has ended because the memory was full; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def was_ended_for_memory(run: RunFolder) -> bool:
    """Whether the system has ended processes for want of memory since the last heartbeat of a run."""
    last = Heartbeat.read(run)
    return last is not None and ended_for_memory() > last.ended_for_memory


def _status(process: psutil.Process | None) -> tuple[str, float]:
    if process is None:
        return "", 0.0
    try:
        with process.oneshot():
            times = process.cpu_times()
            return process.status(), times.user + times.system
    except psutil.Error:
        return "", 0.0
