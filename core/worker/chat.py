"""The model process: loads one base model, answers requests one after another, ends when nobody listens any more.

A thread reads what the client wants (so that a cancel comes through in the middle of an answer, and the end of the
client ends this process at once); the main thread computes. What can be refused is refused before torch is loaded.
"""

from __future__ import annotations

import os
import queue
import threading
import traceback
from functools import partial
from multiprocessing.connection import Client, Connection
from typing import TYPE_CHECKING, Any

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.errors import UserError
from core.generation.protocol import (
    KEY_VARIABLE,
    Cancel,
    Generate,
    Open,
    Piece,
    Problem,
    ProtocolError,
    Ready,
    receive_request,
    send,
)
from core.worker.imports import import_lean, uncollected

if TYPE_CHECKING:
    from core.worker.answering import Answering


def chat(family: str, address: str) -> int:
    """Answer the client that waits at ``address`` until it is gone.

    Returns:
        The exit code: 1 when the base model cannot be loaded.
    """
    key = bytes.fromhex(os.environ.pop(KEY_VARIABLE))
    place: Any = ("127.0.0.1", int(address)) if family == "AF_INET" else address
    connection = Client(place, family=family, authkey=key)
    inbox = _Inbox(connection)
    try:
        model = _load(inbox.opening())
    except Exception as error:  # noqa: BLE001 - the client says it to the user
        traceback.print_exc()
        send(connection, Problem.of(None, in_words(error)))
        return 1
    send(connection, Ready(device=model.place.name, seconds=model.seconds))
    while True:
        request = inbox.next()
        try:
            done = model.answer(request, partial(_say, connection, request.id), partial(inbox.cancelled, request.id))
            send(connection, done)
        except Exception as error:  # noqa: BLE001 - this answer failed, the next may not
            traceback.print_exc()
            send(connection, Problem.of(request.id, in_words(error)))
            model.free_memory()


def in_words(error: Exception) -> UserError:
    """An error of an answer as a person reads it."""
    if isinstance(error, UserError):
        return error
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return UserError(
            "The memory is full.",
            reason="The model and this conversation need more than is free.",
            hint="Ask for a shorter answer, close other programs, or hold the base model in 4-bit.",
            details=details,
        )
    if isinstance(error, ImportError):
        return UserError(
            "A library that runs models is missing.",
            reason=str(error),
            hint="Run `tunesmith doctor`; it says what is missing and how to mend it.",
            details=details,
        )
    return UserError(
        "The model could not answer.",
        reason=f"{type(error).__name__}: {error}".splitlines()[0][:300],
        hint="Try again; if it happens once more, please report it with the details.",
        details=details,
    )


def _load(opening: Open) -> Answering:
    folder = catalogue.resolve(opening.base)
    ModelFacts.read(folder)
    with uncollected():
        import_lean()
        from core.worker.answering import Answering

    return Answering(folder, opening.model)


def _say(connection: Connection, id: int, text: str) -> None:
    send(connection, Piece(id=id, text=text))


class _Inbox:
    """What the client wants, read as it comes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._opening: queue.SimpleQueue[Open] = queue.SimpleQueue()
        self._requests: queue.SimpleQueue[Generate] = queue.SimpleQueue()
        self._cancelled = 0
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def opening(self) -> Open:
        """The first message."""
        return self._opening.get()

    def next(self) -> Generate:
        """The next request; waits for it."""
        return self._requests.get()

    def cancelled(self, id: int) -> bool:
        """Whether the answer is no longer wanted."""
        return id <= self._cancelled

    def _read(self) -> None:
        try:
            while True:
                match receive_request(self._connection):
                    case Open() as opening:
                        self._opening.put(opening)
                    case Generate() as request:
                        self._requests.put(request)
                    case Cancel() as cancel:
                        self._cancelled = max(self._cancelled, cancel.id)
        except (EOFError, OSError):
            os._exit(0)  # the client is gone; nothing here is worth keeping
        except ProtocolError:
            traceback.print_exc()
            os._exit(1)
