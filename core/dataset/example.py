"""One training example and the chat messages it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What the user says about an example; only ready ones are trained."""

    DRAFT = "draft"
    READY = "ready"
    EXCLUDED = "excluded"


class Split(StrEnum):
    """Which side of training an example is on; ``auto`` follows a hash of its prompt."""

    AUTO = "auto"
    TRAIN = "train"
    HELDOUT = "heldout"


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of a conversation: ``role`` is ``user`` or ``assistant``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """What the user writes. ``id`` is the store's number; 0 until stored.

    An example with an instruction and an output is ready unless marked otherwise; one without is a draft by nature
    (see :func:`is_complete`), whatever ``status`` says. ``rejected`` is an answer that a model gave and the user found
    wrong; ``output`` is the better one. It is never trained on, and exported with the others.
    """

    instruction: str = ""
    input: str = ""
    output: str = ""
    system: str = ""
    history: tuple[Turn, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""
    status: Status = Status.READY
    split: Split = Split.AUTO
    rejected: str = ""
    id: int = field(default=0, compare=False)

    @property
    def is_complete(self) -> bool:
        """Whether there is something to teach: an instruction (or an input) and an output."""
        return bool((self.instruction.strip() or self.input.strip()) and self.output.strip())

    @property
    def is_ready(self) -> bool:
        """Whether training takes it."""
        return self.status is Status.READY and self.is_complete

    @property
    def prompt(self) -> str:
        """The user message: the instruction and, where there is an input, a blank line and the input."""
        return "\n\n".join(part for part in (self.instruction, self.input) if part)

    def prompt_messages(self) -> list[dict[str, str]]:
        """The messages before the answer, as chat templates take them."""
        messages = [{"role": "system", "content": self.system}] if self.system else []
        messages += [{"role": turn.role, "content": turn.content} for turn in self.history]
        return [*messages, {"role": "user", "content": self.prompt}]

    def messages(self) -> list[dict[str, str]]:
        """The whole conversation with the answer last."""
        return [*self.prompt_messages(), {"role": "assistant", "content": self.output}]

    def frozen(self) -> dict[str, Any]:
        """The object a run's ``train.jsonl`` keeps: id, instruction, input, output, system, history."""
        return {
            "id": self.id,
            "instruction": self.instruction,
            "input": self.input,
            "output": self.output,
            "system": self.system,
            "history": [{"role": turn.role, "content": turn.content} for turn in self.history],
        }

    @classmethod
    def from_frozen(cls, row: dict[str, Any]) -> Example:
        """The example of a ``train.jsonl`` object.

        Raises:
            KeyError, TypeError: the object is not of that shape.
        """
        return cls(
            id=int(row["id"]),
            instruction=str(row["instruction"]),
            input=str(row.get("input", "")),
            output=str(row["output"]),
            system=str(row.get("system", "")),
            history=tuple(
                Turn(role=str(turn["role"]), content=str(turn["content"])) for turn in row.get("history", ())
            ),
        )
