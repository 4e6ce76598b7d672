"""The model process: loads one base model, answers requests one after another, ends when nobody listens any more.

A thread reads what the client wants (so that a cancel comes through in the middle of an answer, and the end of the
client ends this process at once); the main thread computes.
"""

from __future__ import annotations

import gc
import os
import queue
import threading
import time
import traceback
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel, StoppingCriteria, StoppingCriteriaList
from transformers import logging as transformers_logging
from transformers.generation.streamers import BaseStreamer

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.dataset.example import Example
from core.errors import ModelError, PromptError, UserError
from core.generation.pieces import Pieces
from core.generation.protocol import (
    KEY_VARIABLE,
    Cancel,
    Done,
    End,
    Generate,
    Open,
    Piece,
    Problem,
    ProtocolError,
    Ready,
    receive_request,
    send,
)
from core.prompt.format import PromptFormat
from core.worker import device
from core.worker.adapters import Adapters
from core.worker.model import load_base


def chat(family: str, address: str) -> int:
    """Answer the client that waits at ``address`` until it is gone.

    Returns:
        The exit code: 1 when the base model cannot be loaded.
    """
    transformers_logging.set_verbosity_error()
    key = bytes.fromhex(os.environ.pop(KEY_VARIABLE))
    place: Any = ("127.0.0.1", int(address)) if family == "AF_INET" else address
    connection = Client(place, family=family, authkey=key)
    inbox = _Inbox(connection)
    try:
        model = _Model(inbox.opening())
    except Exception as error:  # noqa: BLE001 - the client says it to the user
        traceback.print_exc()
        send(connection, Problem.of(None, in_words(error)))
        return 1
    send(connection, Ready(device=model.place.name, seconds=model.seconds))
    while True:
        request = inbox.next()
        try:
            model.answer(request, inbox, connection)
        except Exception as error:  # noqa: BLE001 - this answer failed, the next may not
            traceback.print_exc()
            send(connection, Problem.of(request.id, in_words(error)))
            model.free_memory()


def in_words(error: Exception) -> UserError:
    """An error of an answer as a person reads it."""
    if isinstance(error, UserError):
        return error
    details = "".join(traceback.format_exception(error))
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return UserError(
            "The memory is full.",
            reason="The model and this conversation need more than is free.",
            hint="Ask for a shorter answer, close other programs, or hold the base model in 4-bit.",
            details=details,
        )
    return UserError(
        "The model could not answer.",
        reason=f"{type(error).__name__}: {error}".splitlines()[0][:300],
        hint="Try again; if it happens once more, please report it with the details.",
        details=details,
    )


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


class _Model:
    """A loaded base model with its format and its adapters."""

    def __init__(self, opening: Open) -> None:
        began = time.monotonic()
        folder = catalogue.resolve(opening.base)
        self.context_length = ModelFacts.read(folder).context_length
        self.prompt_format = PromptFormat.load(folder)
        self.place = device.choose()
        device.prepare(self.place)
        self.model: PreTrainedModel = load_base(folder, opening.model, self.place)
        # What a model folder proposes (a temperature, a repetition penalty) must not mix with what is asked for.
        self.model.generation_config = GenerationConfig()
        self.adapters = Adapters(self.model)
        self.seconds = time.monotonic() - began

    def answer(self, request: Generate, inbox: _Inbox, connection: Connection) -> None:
        """Write one answer, piece by piece.

        Raises:
            UserError: the request cannot be answered.
            OSError: nobody listens.
        """
        prompt = self.prompt_format.encode_prompt(_example(request))
        longest = self._longest(len(prompt), request.max_new_tokens)
        stream = _Stream(request.id, Pieces(self.prompt_format.decode), connection)
        began = time.monotonic()
        if not inbox.cancelled(request.id):
            with self.adapters.using(Path(request.adapter) if request.adapter else None) as model:
                began = time.monotonic()
                self._write(model, prompt, longest, request, stream, _Cancelled(inbox, request.id))
        stream.flush()
        end: End = "length"
        if stream.ids and stream.ids[-1] in self.prompt_format.end_ids:
            end = "end"
        elif inbox.cancelled(request.id):
            end = "cancelled"
        send(connection, Done(id=request.id, tokens=len(stream.ids), seconds=time.monotonic() - began, end=end))

    def free_memory(self) -> None:
        """After a failure: give back what it held."""
        gc.collect()
        if self.place.kind == "cuda":
            torch.cuda.empty_cache()

    def _write(
        self,
        model: PreTrainedModel,
        prompt: list[int],
        longest: int,
        request: Generate,
        stream: _Stream,
        cancelled: _Cancelled,
    ) -> None:
        row = torch.tensor([prompt], device=model.device)
        drawing: dict[str, Any] = {"do_sample": False}
        if request.temperature > 0:
            torch.manual_seed(request.seed)
            drawing = {"do_sample": True, "temperature": request.temperature, "top_k": 0, "top_p": 1.0}
        config = GenerationConfig(
            max_new_tokens=longest,
            eos_token_id=list(self.prompt_format.end_ids),
            pad_token_id=self.prompt_format.pad_id,
            use_cache=True,
            **drawing,
        )
        with torch.no_grad():
            model.generate(
                input_ids=row,
                attention_mask=torch.ones_like(row),
                generation_config=config,
                streamer=stream,
                stopping_criteria=StoppingCriteriaList([cancelled]),
            )

    def _longest(self, prompt: int, wanted: int) -> int:
        if not self.context_length:
            return wanted
        room = self.context_length - prompt
        if room < 1:
            raise ModelError(
                "The text is too long for this base model.",
                reason=f"It has {prompt:,} tokens; the model was made for {self.context_length:,} with the answer.",
                hint="Shorten the instruction or the input.",
            )
        return min(wanted, room)


class _Stream(BaseStreamer):  # type: ignore[misc]
    """Takes the tokens of ``generate`` (the prompt first) and sends them as text."""

    def __init__(self, id: int, pieces: Pieces, connection: Connection) -> None:
        self._id = id
        self._pieces = pieces
        self._connection = connection
        self._has_prompt = False

    @property
    def ids(self) -> list[int]:
        """The tokens written so far."""
        return self._pieces.ids

    def put(self, value: torch.Tensor) -> None:
        """Take the prompt, or the next token."""
        if not self._has_prompt:
            self._has_prompt = True
            return
        for token in value.flatten().tolist():
            self._send(self._pieces.add(token))

    def end(self) -> None:
        """The last token has come."""

    def flush(self) -> None:
        """Send what was held back."""
        self._send(self._pieces.rest())

    def _send(self, text: str) -> None:
        if text:
            send(self._connection, Piece(id=self._id, text=text))


class _Cancelled(StoppingCriteria):  # type: ignore[misc]
    """Ends an answer that is no longer wanted."""

    def __init__(self, inbox: _Inbox, id: int) -> None:
        self._inbox = inbox
        self._id = id

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Whether to stop, for each row."""
        wanted = not self._inbox.cancelled(self._id)
        return torch.full((input_ids.shape[0],), not wanted, dtype=torch.bool, device=input_ids.device)


def _example(request: Generate) -> Example:
    try:
        return Example.from_frozen(request.example)
    except (KeyError, TypeError, ValueError) as error:
        raise PromptError("The question cannot be read.", reason=repr(error)) from error
