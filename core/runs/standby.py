"""A process that has imported the training libraries before there is a run, so that a run handed to it starts at once.

Nothing depends on it: without one, or with one that has died, hangs or was started in other surroundings, a run starts
in a process of its own as ever. It ends when whoever started it lets it go or dies, because its stdin ends then.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time

import psutil

from core.runs.folder import RunFolder
from core.runs.process import launch, start_worker, worker_environment

_LEAST_MEMORY = 2 << 30  # bytes that are free when one is started
_SHORT_MEMORY = 1 << 30  # with less, the one that waits is let go
_END_SECONDS = 5.0


class Standby:
    """At most one waiting process. Callable from any thread.

    Args:
        idle_seconds: how long one waits without :meth:`prepare` being called again.
    """

    def __init__(self, *, idle_seconds: float = 300.0) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self._wanted = 0.0

    @property
    def pid(self) -> int | None:
        """The number of the process that waits, if one does."""
        with self._lock:
            return self._process.pid if self._process is not None and self._process.poll() is None else None

    def prepare(self) -> None:
        """Have a process wait, unless memory is short; one that waits already goes on waiting."""
        with self._lock:
            self._wanted = time.monotonic()
            if self._is_usable():
                return
            self._end()
            if psutil.virtual_memory().available < _LEAST_MEMORY:
                return
            self._environment = worker_environment()
            with contextlib.suppress(OSError):  # no process to be had: a run that starts will say so
                self._process = launch(["wait"], input=subprocess.PIPE, output=subprocess.DEVNULL)

    def start(self, run: RunFolder) -> subprocess.Popen[bytes]:
        """Start a run (see :func:`core.runs.process.start_worker`), in the waiting process if it is of use.

        Raises:
            RunError: another process works on the run, or none can be started.
        """
        return start_worker(run, self._hand_over)

    def look(self) -> None:
        """Let the process go when it has not been wanted for long, or memory is short; call it now and then."""
        with self._lock:
            idle = time.monotonic() - self._wanted >= self._idle_seconds
            if self._process is not None and (idle or psutil.virtual_memory().available < _SHORT_MEMORY):
                self._end()

    def dismiss(self) -> None:
        """Let the process go; returns when it is gone."""
        with self._lock:
            self._end()

    def _hand_over(self, run: RunFolder) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if not self._is_usable():
                self._end()
                return None
            process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        request = {"run": str(run.path.resolve())}
        try:
            with process.stdin as pipe:
                pipe.write(json.dumps(request).encode() + b"\n")
        except OSError:  # it died a moment ago
            process.kill()
            process.wait()
            return None
        return process

    def _is_usable(self) -> bool:
        """Whether it lives, is not stopped, and knows the surroundings of today."""
        if self._process is None or self._process.poll() is not None or self._environment != worker_environment():
            return False
        try:
            return psutil.Process(self._process.pid).status() != psutil.STATUS_STOPPED
        except psutil.Error:
            return False

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
