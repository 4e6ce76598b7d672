"""What a process knows of the others that train the same run, before torch is imported.

``python -m torch.distributed.run --nproc-per-node N -m core.worker train RUN`` starts N processes (ranks). Each
computes its share of every step; only rank 0 writes to the run. The others leave word of a failure in a small file,
which rank 0 turns into the run's one last event.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.files import write_atomically
from core.runs.event_file import EventWriter
from core.runs.events import Failed
from core.runs.folder import RunFolder

_WATCH_SECONDS = 0.25
# How long a failed rank waits until rank 0 has read its word; how long rank 0 waits for one, by itself and once it has
# seen that another is gone.
_UNREAD_SECONDS, _WORD_SECONDS, _GONE_SECONDS = 5.0, 2.5, 1.0
_WORD = ".failed-rank-{rank}.json"
# What tells libraries that there are several processes; hidden from them, for the run's own loop shares the work.
_MARKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK", "ROLE_WORLD_SIZE")
_MPI_MARKS = ("PMI_SIZE", "PMI_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE")


@dataclass(frozen=True, slots=True)
class Place:
    """Which of how many processes this is; ``local`` counts those of this machine."""

    rank: int = 0
    count: int = 1
    local: int = 0
    local_count: int = 1

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Place:
        """The place that ``torch.distributed.run`` gave this process; alone when something else started it."""
        if "TORCHELASTIC_RUN_ID" not in environment:
            return cls()
        return cls(
            rank=int(environment.get("RANK", "0")),
            count=int(environment.get("WORLD_SIZE", "1")),
            local=int(environment.get("LOCAL_RANK", "0")),
            local_count=int(environment.get("LOCAL_WORLD_SIZE", "1")),
        )

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    @property
    def launcher(self) -> int:
        """The process that stands for the run: this one when it is alone, else the one that started all of them."""
        return os.getpid() if self.count == 1 else os.getppid()


def see_one_gpu(local: int, environment: MutableMapping[str, str]) -> None:
    """Let this process see only its own graphics card; libraries then cannot spread over others by themselves.

    Call before torch is imported.
    """
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        listed = environment.get(name)
        if listed is not None:
            cards = [card.strip() for card in listed.split(",") if card.strip()]
            environment[name] = cards[local] if local < len(cards) else ""
            return
    environment["CUDA_VISIBLE_DEVICES"] = str(local)


def hide_marks(environment: MutableMapping[str, str]) -> None:
    """Take away what would make Transformers and Accelerate share the work a second time."""
    for name in (*_MARKS, *_MPI_MARKS):
        environment.pop(name, None)


def event_writer(run: RunFolder, place: Place) -> EventWriter:
    """Where this process tells what happens."""
    if place.count == 1:
        return EventWriter(run.events_file)
    return FirstWriter(run, place) if place.is_first else OtherWriter(run, place)


class OtherWriter(EventWriter):
    """For all ranks but the first: events are rank 0's business, save that this one has failed."""

    def __init__(self, run: RunFolder, place: Place) -> None:
        self._word = _word_file(run, place.rank)  # and no file of events: that of the run is not this rank's to open

    def write(self, event: Any) -> None:
        """Leave word of a failure and give rank 0 time to read it."""
        if not isinstance(event, Failed):
            return
        write_atomically(self._word, event.model_dump_json().encode())
        deadline = time.monotonic() + _UNREAD_SECONDS
        while self._word.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def write_before_end(self, event: Any) -> None:
        """Nothing: what threads beside training tell is rank 0's business too."""

    def close(self) -> None:
        """Nothing is open."""


class FirstWriter(EventWriter):
    """For rank 0: nothing comes after the last event, and the cause of a failure is that of the rank it began in."""

    def __init__(self, run: RunFolder, place: Place) -> None:
        self._run = run
        self._began = psutil.Process(place.launcher).create_time()
        super().__init__(run.events_file)

    def write(self, event: Any) -> None:
        """Append one event, unless the last one has been written."""
        if isinstance(event, Failed) and event.kind == "unexpected":
            # A rank that fails takes the connections of the others with it: the first failure says more.
            event = self._wait_for_word() or event
        super().write(event)

    def _write(self, event: Any) -> None:
        if not self._ended:
            super()._write(event)

    def word(self) -> Failed | None:
        """What a rank of this launch has left word of, if any; taken away once read."""
        for file in self._run.path.glob(_WORD.format(rank="*")):
            try:
                if file.stat().st_mtime >= self._began - 1:
                    return Failed.model_validate_json(file.read_bytes())
            except (OSError, ValueError):
                continue
            finally:
                file.unlink(missing_ok=True)
        return None

    def _wait_for_word(self) -> Failed | None:
        word = None
        deadline = time.monotonic() + _WORD_SECONDS
        while time.monotonic() < deadline:
            if self._ended or (word := self.word()) is not None:
                return word
            time.sleep(0.05)
        return None


class Lookout(threading.Thread):
    """Ends this process when its launcher or another rank of this machine is gone: no rank can go on without them.

    A rank that waits in a collective operation notices nothing by itself.
    """

    def __init__(self, events: EventWriter) -> None:
        super().__init__(name="lookout", daemon=True)
        self._events = events
        self._launcher = os.getppid()
        self._others: list[psutil.Process] = []
        self._done = threading.Event()

    def watch(self, pids: list[int]) -> None:
        """Watch these processes too."""
        self._others = [psutil.Process(pid) for pid in pids if pid != os.getpid()]

    def end(self) -> None:
        """From now on others may leave."""
        self._done.set()

    def run(self) -> None:
        """Look around until told to end."""
        while not self._done.wait(_WATCH_SECONDS):
            if os.getppid() != self._launcher:
                os._exit(1)
            if self._word_came():
                return
            if not all(map(_is_alive, self._others)) and not self._done.wait(_GONE_SECONDS) and not self._word_came():
                self._leave(LOST)

    def give_way(self, *_: object) -> None:
        """Handle SIGTERM before training: the launcher sends it when a rank is gone, whose word goes first."""
        time.sleep(_GONE_SECONDS + 2 * _WATCH_SECONDS)
        os._exit(128 + signal.SIGTERM)

    def _word_came(self) -> bool:
        word = self._events.word() if isinstance(self._events, FirstWriter) else None
        if word is not None:
            self._leave(word)
        return word is not None

    def _leave(self, failed: Failed) -> None:
        try:
            if isinstance(self._events, FirstWriter):
                self._events.write(failed)
        finally:  # no room on the disk for the word, or no folder any more: this process ends all the same
            os._exit(1)


LOST = Failed(
    kind="process_lost",
    message="One of the processes that train this run has died.",
    reason="It was killed from outside, or the system had no memory left for it.",
    hint="Resume from the last checkpoint. If it happens again, train on fewer devices.",
)


def _word_file(run: RunFolder, rank: int) -> Path:
    return run.path / _WORD.format(rank=rank)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
