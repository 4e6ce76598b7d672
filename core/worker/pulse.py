"""The heartbeat of a training process: a thread that says every other second that it is alive, and whether it works."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from core.runs.folder import RunFolder
from core.runs.heartbeat import Heartbeat, ended_for_memory

_SECONDS = 2.0
_BUSY_SHARE = 0.02  # of a core


@contextmanager
def heartbeat(run: RunFolder, seconds: float = _SECONDS) -> Iterator[None]:
    """Have a heartbeat in ``run`` as long as the block lasts; a folder that cannot be written has none."""
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(run, seconds, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(run: RunFolder, seconds: float, ended: threading.Event) -> None:
    main = threading.main_thread().ident or 0
    place, moved, used = None, time.monotonic(), _computed()
    count = 0
    with suppress(OSError), open(run.heartbeat_file, "wb", buffering=0) as file:
        while True:
            count += 1
            frame = sys._current_frames().get(main)  # the official way to see where another thread is
            now, computed = time.monotonic(), _computed()
            here = None if frame is None else (id(frame), frame.f_lasti)
            if here != place or computed - used > _BUSY_SHARE * seconds:
                place, moved = here, now
            used = computed
            del frame
            beat = Heartbeat(count, now - moved, psutil.virtual_memory().available, ended_for_memory())
            file.seek(0)
            file.write(beat.encode())
            if ended.wait(seconds):
                return


def _computed() -> float:
    """Seconds of computing time of all threads but this one."""
    return time.process_time() - time.thread_time()
