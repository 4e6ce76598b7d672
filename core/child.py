"""Work on untrusted or large data in a process of its own: a request goes in, JSON lines come out, limits hold.

The parent's side is :class:`Child`; the module that runs in the child calls :func:`serve`. Whatever happens there (a
crash of a parser, too much memory, a kill) is an error with words here and nothing worse.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from core import paths
from core.errors import UserError

Message = dict[str, Any]
_LONGEST_MESSAGE = 64 << 20  # bytes
_NICENESS = 5
_MEMORY_EXIT = 77
_END_SECONDS = 10.0  # from the last word of the process to its end
_TAIL = 4000  # bytes of the child's stderr that are kept for a report


class Stopped(Exception):  # noqa: N818 - an ending that was asked for, no error
    """The child was stopped by :meth:`Child.stop`."""


class Child:
    """One run of ``python -m MODULE``, which takes a request and tells of its work in messages.

    ``stop`` may be called from any thread; the process also ends when this one does.
    """

    def __init__(
        self,
        module: str,
        request: Message,
        *,
        megabytes: int | None = 2048,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare; the process starts with :meth:`messages`.

        Args:
            module: runs :func:`serve`.
            request: what is to be done; JSON.
            megabytes: of memory that the process may take, where the system can limit it; None: as much as there is.
            environment: variables besides this process's own.
        """
        self._module = module
        self._request = {"megabytes": megabytes, "request": request}
        self._environment = {**os.environ, **(environment or {}), "PYTHONUTF8": "1"}
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def messages(self) -> Iterator[Message]:
        """Start the process and yield what it tells, until it has done its work.

        Raises:
            Stopped: :meth:`stop` was called.
            UserError: what the process complained of, or that it died and why.
        """
        with tempfile.TemporaryFile() as errors:
            process = self._start(errors)
            try:
                assert process.stdout is not None
                done, line = False, b""
                while line := process.stdout.readline(_LONGEST_MESSAGE):
                    message = _decoded(line)
                    if message is None:
                        break
                    if "problem" in message:
                        raise UserError(**message["problem"])
                    done = message == {"done": True}
                    if done:
                        break
                    yield message
                if not done:
                    code = _code(process, nonsense=bool(line))
                    if self._stopped:
                        raise Stopped
                    raise _died(code, _tail(errors))
            finally:
                self._end(process)

    def stop(self) -> None:
        """End the process now; what it wrote to disk is the caller's to clear away."""
        with self._guard:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _start(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._stopped:
                raise Stopped
            self._process = subprocess.Popen(
                [paths.worker_python(), "-m", self._module],
                cwd=paths.package_root(),
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it died at once; the reader says so
            self._process.stdin.write(json.dumps(self._request).encode("ascii") + b"\n")
            self._process.stdin.flush()
        return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with self._guard:
            self._process = None


def serve(work: Callable[[Message, Callable[[Message], None]], None]) -> int:
    """The child's side: read the request, do ``work(request, tell)``, say how it ended; returns the exit code.

    ``tell`` sends a message. The work ends with this process's parent.
    """
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    sys.stdout = sys.stderr
    asked = json.loads(sys.stdin.buffer.readline())
    line = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a library that asks something gets no answer
    os.close(nothing)
    _limit(asked["megabytes"])
    threading.Thread(target=_end_with_parent, args=(line,), daemon=True).start()

    def tell(message: Message) -> None:
        out.write(json.dumps(message).encode("ascii") + b"\n")
        out.flush()

    try:
        work(asked["request"], tell)
    except UserError as error:
        tell({"problem": {"title": error.title, "reason": error.reason, "hint": error.hint, "details": error.details}})
        return 1
    except MemoryError:
        return _MEMORY_EXIT
    tell({"done": True})
    return 0


def _limit(megabytes: int | None) -> None:
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    if sys.platform == "linux":
        import resource

        if megabytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent(line: int) -> None:
    while os.read(line, 1 << 16):  # nothing comes; it returns when the parent is gone
        pass
    os._exit(1)


def _code(process: subprocess.Popen[bytes], *, nonsense: bool) -> int:
    """How the process ended; one that speaks nonsense, or closes its mouth and stays, is ended."""
    if not nonsense:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(_END_SECONDS)
    process.kill()
    return process.wait()


def _decoded(line: bytes) -> Message | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _TAIL))
    return errors.read().decode("utf-8", "replace")


def _died(code: int, details: str) -> UserError:
    if code == _MEMORY_EXIT or "MemoryError" in details or "std::bad_alloc" in details:
        reason = "It needed more memory than such work may take."
    elif code < 0:
        reason = f"The system ended it ({signal.Signals(-code).name})."
    else:
        reason = f"It ended with code {code}."
    return UserError(
        "The helper process ended before its work was done.",
        reason=reason,
        hint="Nothing was changed. Try again; if it happens once more, please report it with the details.",
        details=details,
    )
