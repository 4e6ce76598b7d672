"""One process that trains, compares or exports at a time on a machine (or a graphics card), and waiting for a turn.

``heavy.json`` in the user's data folder names the processes that train, for every window, terminal and project of the
user. A process that has died holds nothing, however it ended.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
import psutil

from core import paths
from core.errors import RunError
from core.files import write_atomically
from core.runs import notes
from core.runs.alive import birth, living
from core.runs.event_file import has_last_word
from core.runs.folder import RunFolder

REHEARSAL = "tunesmith-rehearsal-"  # how the name of a folder begins in which a rehearsal lies
EXPORT_ENDING = ".export.tmp"  # how the name of the folder ends in which an export is made
COMPARISONS = "comparisons"  # the folder of a project in which comparisons lie
_FILE, _LOCK = "heavy.json", "heavy.lock"
_ALL = "all"
_LOCK_SECONDS = 20.0
_ENDING_SECONDS = 30.0  # a process that has said its last word is given so long to be gone
_GRACE_SECONDS = 2.0  # and one that is just being ended by its owner (a rehearsal that gives way) so long
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that trains. ``devices`` are what it may use: "all", "cpu", or the names of graphics cards."""

    run: str
    pid: int
    created: float
    host: str
    devices: tuple[str, ...]

    @property
    def folder(self) -> RunFolder:
        """Its run."""
        return RunFolder(Path(self.run))

    @property
    def is_comparison(self) -> bool:
        """Whether it measures and answers for a comparison; nothing is trained."""
        return self.folder.path.parent.name == COMPARISONS

    @property
    def is_export(self) -> bool:
        """Whether it makes or checks an export."""
        return self.folder.path.name.endswith(EXPORT_ENDING)

    @property
    def words(self) -> str:
        """The run and its project, as a person finds them (reads a file)."""
        if self.is_export:
            name = self.folder.path.name.removesuffix(EXPORT_ENDING).removeprefix(".")
            return f"the export {name.rpartition('.')[0]}"
        project = self.folder.path.parent.parent
        if project.parent.name.startswith(REHEARSAL):
            return f"a rehearsal in {project.name}"
        if self.is_comparison:
            return f"a comparison in {project.name}"
        return f"{notes.title(self.folder, notes.read(self.folder))} in {project.name}"


class MachineBusy(RunError):  # noqa: N818 - a state of the machine, which passes
    """Another run is being trained on this machine; without a holder it is only about to be."""

    def __init__(self, holder: Holder | None) -> None:
        which = f"It is {holder.words}" if holder is not None else "It is just being started"
        title = "Another run is being trained on this machine."
        if holder is not None and (holder.is_comparison or holder.is_export):
            title = "An export is being made" if holder.is_export else "A comparison is being computed"
            title += " on this machine."
        super().__init__(
            title,
            reason=f"{which}; two at once would take the memory from each other.",
            hint="Add this one to the queue: it starts when its turn has come. Or wait for the other, or stop it.",
            details=holder.run if holder is not None else "",
        )
        self.holder = holder


def holder() -> Holder | None:
    """The process that has what a new run would need, if there is one."""
    wanted = _devices()
    return next((one for one in _living() if _clash(one.devices, wanted)), None)


@contextmanager
def starting(run: RunFolder) -> Iterator[Callable[[int], None]]:
    """Keep others from starting a run meanwhile; call what this yields with the number of the process that trains.

    A process that has said its last word, and is only ending, is waited for.

    Raises:
        MachineBusy: another run is being trained, or has been starting for long.
    """
    try:
        lock = filelock.FileLock(paths.user_data() / _LOCK, timeout=_LOCK_SECONDS)
        lock.acquire()
    except filelock.Timeout as error:  # an OSError too, but here somebody is there
        raise MachineBusy(holder()) from error
    except (OSError, NotImplementedError):
        yield lambda _pid: None  # a home that cannot be written must not keep anybody from training
        return
    try:
        _wait_for_ending()
        busy = holder()
        if busy is not None:
            raise MachineBusy(busy)
        yield lambda pid: _take(run, pid)
    finally:
        lock.release()


def _wait_for_ending() -> None:
    began = time.monotonic()
    while (busy := holder()) is not None:
        ending = has_last_word(busy.folder.events_file)
        if time.monotonic() - began > (_ENDING_SECONDS if ending else _GRACE_SECONDS):
            return
        time.sleep(_POLL_SECONDS)


def _take(run: RunFolder, pid: int) -> None:
    try:
        created = birth(pid)
    except psutil.Error:
        return  # it has ended already and holds nothing
    taken = Holder(str(run.path.resolve()), pid, created, platform.node(), _devices())
    data = [asdict(one) for one in (*_living(everywhere=True), taken)]
    try:
        write_atomically(paths.user_data() / _FILE, json.dumps(data).encode())
    except OSError:
        return  # as in ``starting``


def _living(*, everywhere: bool = False) -> list[Holder]:
    """Who trains on this machine; of other machines with the same home (a cluster) nobody here knows."""
    try:
        data = json.loads((paths.user_data() / _FILE).read_text(encoding="utf-8"))
        written = [Holder(**{**one, "devices": tuple(one["devices"])}) for one in data]
        here = platform.node()
        return [one for one in written if (living(one.pid, one.created) if one.host == here else everywhere)]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _devices() -> tuple[str, ...]:
    """What a process started from here may use; with ``CUDA_VISIBLE_DEVICES`` two can train side by side."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return (_ALL,)
    return tuple(part.strip() for part in visible.split(",") if part.strip() not in ("", "-1")) or ("cpu",)


def _clash(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return _ALL in one or _ALL in other or not set(one).isdisjoint(other)
