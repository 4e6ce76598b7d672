"""What the model process and its client say to each other: one typed message each, as JSON, never pickled objects."""

from __future__ import annotations

import json
from multiprocessing.connection import Connection
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import ModelError, PromptError, UserError
from core.generation.sampling import Sampling
from core.recipe.schema import ModelSettings

KEY_VARIABLE = "TUNESMITH_MODEL_KEY"
_LONGEST = 64 * 1024 * 1024
_KINDS: dict[str, type[UserError]] = {kind.__name__: kind for kind in (UserError, ModelError, PromptError)}

End = Literal["end", "length", "stop", "cancelled"]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Open(_Message):
    """To the process, first: which base model, and how it is held."""

    type: Literal["open"] = "open"
    base: str
    model: ModelSettings


class Weighted(_Message):
    """An adapter (a PEFT folder) and how strongly it acts: 1 as it was trained, 0 not at all."""

    folder: str
    weight: float = Field(default=1.0, ge=-10, le=10, allow_inf_nan=False)


class Generate(_Message):
    """To the process: write an answer.

    ``example`` is ``Example.frozen()``. What the ``adapters`` add to the base model is weighted and summed; without
    any the base model answers alone. ``template`` is a chat template as ``ModelSettings.template`` has it, in the place
    of that of the opened model.
    """

    type: Literal["generate"] = "generate"
    id: int
    example: dict[str, Any]
    adapters: tuple[Weighted, ...] = Field(default=(), max_length=16)
    sampling: Sampling = Sampling()
    template: str | None = Field(default=None, max_length=1 << 20)


class Cancel(_Message):
    """To the process: end the answer ``id`` at the next token."""

    type: Literal["cancel"] = "cancel"
    id: int


class Ready(_Message):
    """From the process: the base model is loaded."""

    type: Literal["ready"] = "ready"
    device: str
    seconds: float


class Piece(_Message):
    """From the process: some more text of an answer."""

    type: Literal["piece"] = "piece"
    id: int
    text: str


class Done(_Message):
    """From the process: an answer is complete.

    ``tokens`` counts those written, with the one that ended it; ``prompt_tokens`` those that were asked.
    """

    type: Literal["done"] = "done"
    id: int
    tokens: int
    seconds: float
    end: End
    prompt_tokens: int = 0


class Problem(_Message):
    """From the process: what went wrong with an answer (the process goes on), or with the start (``id`` is None)."""

    type: Literal["problem"] = "problem"
    id: int | None
    kind: str
    title: str
    reason: str = ""
    hint: str = ""
    details: str = ""

    @classmethod
    def of(cls, id: int | None, error: UserError) -> Problem:
        """The message for an error."""
        kind = type(error).__name__ if type(error).__name__ in _KINDS else "UserError"
        return cls(id=id, kind=kind, title=error.title, reason=error.reason, hint=error.hint, details=error.details)

    def error(self) -> UserError:
        """The error again, of its own type."""
        kind = _KINDS.get(self.kind, UserError)
        return kind(self.title, reason=self.reason, hint=self.hint, details=self.details)


Request = Annotated[Open | Generate | Cancel, Field(discriminator="type")]
Reply = Annotated[Ready | Piece | Done | Problem, Field(discriminator="type")]
_REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)


class ProtocolError(ValueError):
    """The other side said something that is no message."""


def send(connection: Connection, message: _Message) -> None:
    """Send one message.

    Raises:
        OSError: the other side is gone.
    """
    # Half characters of broken text become question marks: no encoding has them.
    connection.send_bytes(json.dumps(message.model_dump(), ensure_ascii=False).encode("utf-8", "replace"))


def receive_request(connection: Connection) -> Request:
    """Wait for what the client wants.

    Raises:
        EOFError, OSError: the client is gone.
        ProtocolError: it is no message.
    """
    try:
        return _REQUEST.validate_json(connection.recv_bytes(_LONGEST))
    except ValidationError as error:
        raise ProtocolError(str(error)) from error


def receive_reply(connection: Connection) -> Reply:
    """Wait for what the process says.

    Raises:
        EOFError, OSError: the process is gone.
        ProtocolError: it is no message.
    """
    try:
        return _REPLY.validate_json(connection.recv_bytes(_LONGEST))
    except ValidationError as error:
        raise ProtocolError(str(error)) from error
