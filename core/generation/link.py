"""One model process and the line to it: started, listened to, ended; its end said as a sentence."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import signal
import sys
import tempfile
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from core.errors import UserError
from core.generation.protocol import (
    KEY_VARIABLE,
    Done,
    Open,
    Piece,
    Problem,
    ProtocolError,
    Ready,
    Request,
    receive_reply,
    send,
)
from core.runs.process import launch

Answer = Piece | Done | Problem | None
_LONGEST_SOCKET_NAME = 100  # bytes; the system's limit is 104 or 108
_GRACE = 3.0  # seconds between asking the process to end and ending it
_TAIL = 20_000


class Link:
    """A process that was started to answer with one base model, until it ends.

    Attributes:
        ready: set when the base model is loaded, or when it never will be (then :attr:`ended` is set too).
        ended: set when the process is gone.
        problem: why it ended, when nobody asked it to; complete once ``ended`` is set.
        device: where it computes; known once it is ready.
    """

    def __init__(self, opening: Open, log: Path | None) -> None:
        """Start it; returns at once.

        Raises:
            UserError: the system cannot start a process.
        """
        self.ready = threading.Event()
        self.ended = threading.Event()
        self.problem: UserError | None = None
        self.device = ""
        self._closing = False
        self._accepted = threading.Event()
        self._connection: Connection | None = None
        self._sending = threading.Lock()
        self._answers: dict[int, queue.SimpleQueue[Answer]] = {}
        self._answers_lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="tunesmith-", ignore_cleanup_errors=True)
        self._log = log or Path(self._folder.name) / "log.txt"
        try:
            self._start()
        except OSError as error:
            self._folder.cleanup()
            raise UserError("The model process could not be started.", reason=str(error)) from error
        self._watcher = threading.Thread(target=self._watch, name="model process watcher", daemon=True)
        self._watcher.start()
        threading.Thread(target=self._listen, args=(opening,), name="model process reader", daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def _start(self) -> None:
        key = secrets.token_bytes(32)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._listener = _listen(Path(self._folder.name), key)
        try:
            with open(self._log, "ab") as output:
                self._log_start = output.tell()
                arguments = ["chat", _family(self._listener), _address(self._listener)]
                self._process = launch(arguments, output=output, environment={KEY_VARIABLE: key.hex()})
        except OSError:
            self._listener.close()
            raise

    def ask(self, request: Request) -> None:
        """Send a request; one to a process that is gone is dropped (its answers say so)."""
        with self._sending, contextlib.suppress(OSError):
            if self._connection is not None and not self.ended.is_set():
                send(self._connection, request)

    def expect(self, id: int) -> queue.SimpleQueue[Answer]:
        """Where the answers to the request ``id`` will come; None comes last when the process ends before."""
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        with self._answers_lock:
            if self.ended.is_set():
                answers.put(None)
            self._answers[id] = answers
        return answers

    def forget(self, id: int) -> None:
        """Drop what still comes for ``id``."""
        with self._answers_lock:
            self._answers.pop(id, None)

    def close(self) -> None:
        """End the process; returns when it is gone."""
        self._closing = True
        self._process.terminate()
        self._watcher.join(_GRACE)
        if self._watcher.is_alive():
            self._process.kill()
        self.ended.wait(_GRACE)

    def _listen(self, opening: Open) -> None:
        """The reader's work: from the connection to the end."""
        try:
            self._connection = self._accept()
            send(self._connection, opening)
            while True:
                self._take(receive_reply(self._connection))
        except (OSError, EOFError, ProtocolError) as error:
            broken = error if isinstance(error, ProtocolError) else None
        self._process.terminate()
        self._watcher.join()
        if self.problem is None and not self._closing:
            self.problem = self._death(broken)
        self._let_go()

    def _accept(self) -> Connection:
        while True:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, OSError):
                if self._process.returncode is not None:
                    raise EOFError from None
            else:
                self._accepted.set()
                return connection

    def _watch(self) -> None:
        """Wait for the end of the process; wake the reader if the process never came to call."""
        self._process.wait()
        if not self._accepted.is_set():
            with contextlib.suppress(OSError, EOFError, AuthenticationError):
                Client(self._listener.address, family=_family(self._listener)).close()

    def _take(self, reply: Ready | Piece | Done | Problem) -> None:
        match reply:
            case Ready():
                self.device = reply.device
                self.ready.set()
            case Problem(id=None):
                self.problem = reply.error()
            case Piece() | Done() | Problem():
                with self._answers_lock:
                    answers = self._answers.get(reply.id)  # type: ignore[arg-type]
                if answers is not None:
                    answers.put(reply)

    def _let_go(self) -> None:
        self._listener.close()
        if self._connection is not None:
            self._connection.close()
        self._folder.cleanup()
        with self._answers_lock:
            self.ended.set()
            for answers in self._answers.values():
                answers.put(None)
        self.ready.set()

    def _death(self, broken: ProtocolError | None) -> UserError:
        log = _tail(self._log, self._log_start)
        return UserError(
            "The model process ended unexpectedly." if self.ready.is_set() else "The model process did not start.",
            reason=_why(log, self._process.returncode) if broken is None else "It sent something that is no message.",
            hint="Try again. If the memory is full, close other programs or choose a smaller base model."
            if self.ready.is_set()
            else "Run `tunesmith doctor`; it says what is missing and how to mend it.",
            details=log,
        )


def _listen(folder: Path, key: bytes) -> Listener:
    """A door that only this user's processes with the key come through."""
    if sys.platform == "win32":
        return Listener(None, family="AF_PIPE", authkey=key)
    name = os.fspath(folder / "door")
    if len(os.fsencode(name)) <= _LONGEST_SOCKET_NAME:
        return Listener(name, family="AF_UNIX", authkey=key)
    return Listener(("127.0.0.1", 0), family="AF_INET", authkey=key)


def _family(listener: Listener) -> str:
    address = listener.address
    if isinstance(address, tuple):
        return "AF_INET"
    return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"


def _address(listener: Listener) -> str:
    address = listener.address
    return str(address[1]) if isinstance(address, tuple) else str(address)


def _tail(log: Path, start: int) -> str:
    """The end of what this process (the log may hold earlier ones) printed."""
    try:
        with open(log, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - _TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _why(log: str, code: int | None) -> str:
    if "out of memory" in log.lower() or "MemoryError" in log:
        return "The memory was full."
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        full = " Systems end programs like that when the memory is full." if name == "SIGKILL" else ""
        return f"It was ended from outside ({name}).{full}"
    last = next((line for line in reversed(log.splitlines()) if line.strip()), "")
    return f"It ended with exit code {code}: {last.strip()[:300]}" if last else f"It ended with exit code {code}."
