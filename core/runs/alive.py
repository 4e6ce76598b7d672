"""Whether a process that was written down earlier is still there."""

from __future__ import annotations

import psutil

_SAME_START = 2.0  # seconds; systems round the time of a start differently


def living(pid: int, created: float) -> psutil.Process | None:
    """The process with this number, if it is the one that was started then and still runs.

    Args:
        pid: its number, which the system gives to another process later on.
        created: when it was started, in Unix seconds.
    """
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < _SAME_START
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None
