"""A conversation with up to four systems side by side: what was said, as values; kept in the project's ``chat.json``.

Every change gives another conversation, so that whoever holds the one before can go back to it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.dataset.example import Example, Split, Turn
from core.dataset.text import clean
from core.errors import UserError
from core.files import write_atomically
from core.generation.protocol import End
from core.generation.sampling import EXACT, Sampling

FILE = "chat.json"
_UNREADABLE = "chat-unreadable.json"
MOST_COLUMNS = 4
STRONGEST = 2.0
FORMAT = 1
_LARGEST = 64 * 1024 * 1024
_AT = "@"

Kind = Literal["base", "prompt", "adapter"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(_Value):
    """An adapter by its key (see ``core.library.entries``), and how strongly it acts: 1 as it was trained."""

    key: str
    weight: float = Field(default=1.0, ge=0, le=STRONGEST, allow_inf_nan=False)

    @property
    def run(self) -> str:
        """The key without the step of a checkpoint."""
        return self.key.partition(_AT)[0]

    @property
    def step(self) -> int | None:
        """The step of a checkpoint; None for the adapter that training ended with."""
        step = self.key.partition(_AT)[2]
        return int(step) if step.isdecimal() else None

    def at(self, step: int | None) -> Part:
        """The same adapter at another step."""
        return self.model_copy(update={"key": self.run if step is None else f"{self.run}{_AT}{step}"})


class Column(_Value):
    """Somebody who answers: the base model, the base model with the best prompt, or one adapter or a mix of several.

    ``id`` names it within its conversation, whatever it is set to.
    """

    id: int
    kind: Kind = "base"
    parts: tuple[Part, ...] = ()


class Said(_Value):
    """An answer.

    ``by`` is what its column was called then; ``end`` is None while it is being written; ``better`` is the number of
    the example that the user made of it with a better answer, 0 for none.
    """

    text: str = ""
    by: str = ""
    tokens: int = 0
    seconds: float = 0.0
    end: End | None = None
    prompt_tokens: int = 0
    better: int = 0


class Exchange(_Value):
    """A message of the user and what each column answered.

    Attributes:
        instruction, input: the message, as an example has it.
        answers: by the id of the column.
        fresh: a new conversation begins here: what was said before is not told to the models.
        system: the system prompt from here on, in the place of the conversation's; None for that one.
        before: earlier turns of the example that was filled in: (role, content).
        example: the number of that example; 0 for none.
        expected: what it expects.
        takes: how often answers were drawn anew.
    """

    instruction: str
    input: str = ""
    answers: dict[int, Said] = {}
    fresh: bool = False
    system: str | None = None
    before: tuple[tuple[str, str], ...] = ()
    example: int = 0
    expected: str = ""
    takes: int = 0

    @property
    def text(self) -> str:
        """The message as the model reads it."""
        return Example(instruction=self.instruction, input=self.input).prompt


class Conversation(_Value):
    """Columns, what was said, and how answers are drawn."""

    format: int = FORMAT
    system: str = ""
    columns: tuple[Column, ...] = (Column(id=1),)
    exchanges: tuple[Exchange, ...] = ()
    sampling: Sampling = EXACT

    # Columns

    def column(self, id: int) -> Column | None:
        """The column of an id, if it is there."""
        return next((column for column in self.columns if column.id == id), None)

    def with_column(self, kind: Kind, *parts: Part) -> Conversation:
        """One more column; the same conversation when there are enough."""
        if len(self.columns) >= MOST_COLUMNS:
            return self
        taken = [column.id for column in self.columns] + [id for one in self.exchanges for id in one.answers]
        column = Column(id=max(taken, default=0) + 1, kind=kind, parts=parts)
        return self._with(columns=(*self.columns, column))

    def set_column(self, column: Column) -> Conversation:
        """The column of this id set to something else."""
        return self._with(columns=tuple(column if one.id == column.id else one for one in self.columns))

    def without_column(self, id: int) -> Conversation:
        """Without a column; the last one stays."""
        left = tuple(column for column in self.columns if column.id != id)
        return self._with(columns=left) if left else self

    def beginning_with(self, adapter: str) -> Conversation:
        """With the columns that a new conversation has: the base model, and the newest adapter if there is one."""
        columns: tuple[Column, ...] = (Column(id=1),)
        if adapter:
            columns += (Column(id=2, kind="adapter", parts=(Part(key=adapter),)),)
        return self if columns == self.columns else self._with(columns=columns)

    # What is said

    def sent(self, instruction: str) -> Conversation:
        """A new message."""
        return self._with(exchanges=(*self.exchanges, Exchange(instruction=clean(instruction))))

    def sent_example(self, example: Example) -> Conversation:
        """What an example asks, as a new conversation under the old one, with what it expects."""
        return self._with(
            exchanges=(
                *self.exchanges,
                Exchange(
                    instruction=example.instruction,
                    input=example.input,
                    fresh=True,
                    system=example.system,
                    before=tuple((turn.role, turn.content) for turn in example.history),
                    example=example.id,
                    expected=example.output,
                ),
            )
        )

    def edited(self, number: int, text: str) -> Conversation:
        """With another message in the place of an earlier one; what came after it is gone, and its answers."""
        before = self.exchanges[number]
        if clean(text) == before.text:
            changed = before.model_copy(update={"answers": {}})
        else:  # what the example expects belongs to its own question only
            nothing = {"input": "", "answers": {}, "example": 0, "expected": ""}
            changed = before.model_copy(update={"instruction": clean(text), **nothing})
        return self._with(exchanges=(*self.exchanges[:number], changed))

    def answered(self, number: int, column: int, said: Said | None) -> Conversation:
        """With an answer of a column, or without any."""
        answers = {id: one for id, one in self.exchanges[number].answers.items() if id != column}
        return self._with_exchange(number, answers=answers if said is None else {**answers, column: said})

    def drawn_anew(self, number: int) -> Conversation:
        """Before the answers to a message are written again: they come out differently if they are drawn."""
        return self._with_exchange(number, takes=self.exchanges[number].takes + 1)

    def cleared(self) -> Conversation:
        """Without anything said; columns and settings stay."""
        return self._with(exchanges=())

    @property
    def going_along(self) -> int:
        """How many messages the next one goes on with."""
        return len(self.exchanges) - self._start(len(self.exchanges) - 1)

    def _start(self, number: int) -> int:
        """Where the conversation of a message begins."""
        return next((at for at in range(number, 0, -1) if self.exchanges[at].fresh), 0)

    def asked(self, number: int, column: int) -> Example:
        """What a column is asked with a message: the system prompt, and what was said to and by it before.

        A message that the column has not answered is left out.
        """
        start = self._start(number)
        turns: list[Turn] = []
        for exchange in self.exchanges[start:number]:
            turns += [Turn(role, content) for role, content in exchange.before]
            said = exchange.answers.get(column)
            if said is not None and said.text.strip():
                turns += [Turn("user", exchange.text), Turn("assistant", said.text)]
        now = self.exchanges[number]
        turns += [Turn(role, content) for role, content in now.before]
        system = self.exchanges[start].system
        return Example(
            instruction=now.instruction,
            input=now.input,
            system=self.system if system is None else system,
            history=tuple(turns),
        )

    def corrected(self, number: int, column: int, text: str) -> Example:
        """The example that a better answer makes, with the one that was given as rejected.

        Where a held-out example was asked in the conversation, the new one stays on that side: with its question in it,
        training on it would spoil what the held-out examples are for.
        """
        said = self.exchanges[number].answers[column]
        asked = self.exchanges[self._start(number) : number + 1]
        side = Split.HELDOUT if any(exchange.example for exchange in asked) else Split.AUTO
        return replace(self.asked(number, column), output=clean(text.strip()), rejected=said.text, split=side)

    def bettered(self, number: int, column: int, said: Said, example: int) -> Conversation:
        """With the mark that an example has a better answer than this; the same when that answer is gone."""
        exchange = self.exchanges[number] if number < len(self.exchanges) else None
        if exchange is None or exchange.answers.get(column) != said:
            return self
        return self.answered(number, column, said.model_copy(update={"better": example}))

    @property
    def better(self) -> frozenset[int]:
        """The numbers of the examples with better answers."""
        return frozenset(said.better for one in self.exchanges for said in one.answers.values() if said.better)

    def sampling_of(self, number: int) -> Sampling:
        """How the answers to a message are drawn: another take has another seed."""
        seed = (self.sampling.seed + self.exchanges[number].takes) % 2**63
        return self.sampling.model_copy(update={"seed": seed})

    def _with_exchange(self, number: int, **changes: Any) -> Conversation:
        exchanges = list(self.exchanges)
        exchanges[number] = exchanges[number].model_copy(update=changes)
        return self._with(exchanges=tuple(exchanges))

    def _with(self, **changes: Any) -> Conversation:
        return self.model_copy(update=changes)


def put_aside(project: Path) -> None:
    """Keep a file that cannot be read (damaged, or of a newer version) from being written over; the last one stays."""
    if (project / FILE).exists() and load(project) is None:
        with suppress(OSError):
            os.replace(project / FILE, project / _UNREADABLE)


def load(project: Path) -> Conversation | None:
    """The conversation kept with a project; None when there is none, or it cannot be read."""
    try:
        with open(project / FILE, "rb") as file:
            data = file.read(_LARGEST + 1)
        found = Conversation.model_validate_json(data) if len(data) <= _LARGEST else None
    except (OSError, ValidationError):
        return None
    return found if found is not None and found.format <= FORMAT and found.columns else None


def save(project: Path, conversation: Conversation) -> None:
    """Keep a conversation with its project, durably on return.

    Raises:
        UserError: it cannot be written.
    """
    try:
        # Half characters of broken text become question marks: no encoding has them.
        text = conversation.model_dump_json(indent=1)
        write_atomically(project / FILE, text.encode("utf-8", "replace"))
    except OSError as error:
        raise UserError(
            "The conversation could not be kept.",
            reason=f"{error.strerror or error}.",
            hint="Free some space or check the permissions of the project's folder.",
            details=str(project / FILE),
        ) from error
