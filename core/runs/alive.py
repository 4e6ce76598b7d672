"""Whether a process that was written down earlier is still there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

_SAME_START = 2.0  # seconds; systems round the time of a start differently


def birth(pid: int) -> float:
    """When a process was started, for :func:`living`: in seconds after the system's own start where that is known.

    Unix seconds would change with the clock of the machine, which is set anew after a sleep, or by hand.

    Raises:
        psutil.NoSuchProcess: there is none.
    """
    if sys.platform != "linux":
        return psutil.Process(pid).create_time()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError as error:
        raise psutil.NoSuchProcess(pid) from error
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def living(pid: int, created: float) -> psutil.Process | None:
    """The process with this number, if it is the one that was started then and still runs.

    Args:
        pid: its number, which the system gives to another process later on.
        created: its :func:`birth`, or (as earlier versions wrote it) the Unix seconds of its start.
    """
    try:
        process = psutil.Process(pid)
        same = min(abs(birth(pid) - created), abs(process.create_time() - created)) < _SAME_START
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None
