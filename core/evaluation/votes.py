"""The blind test: pairs of answers in random order and without names, votes that are kept, and what they say.

``votes.jsonl`` of a comparison is append-only, a :class:`Vote` a line; the newest vote on a pair counts, so that a vote
can be changed or taken back and nothing is lost.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.dataset.example import Example
from core.errors import RunError
from core.evaluation.intervals import sign_test
from core.files import write_atomically

# Who may stop after any vote finds a preference where none is in 19 of 100 cases at a level of 0.05 (up to 50 votes).
# With these levels it is 5 of 100, up to 100 votes.
CHANCE_AT_FIRST, CHANCE_LATER = 0.03, 0.005
AT_FIRST = 10  # votes that are no ties

Choice = Literal["left", "right", "tie", "none"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """Two systems' answers to one example, and which stands on which side."""

    example: int
    left: str
    right: str


class Vote(BaseModel):
    """What was chosen of a ballot; ``none`` takes an earlier vote back."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    example: int
    left: str
    right: str
    choice: Choice
    at: float = Field(default_factory=time.time)

    @property
    def winner(self) -> str | None:
        """The system that was preferred; None for a tie."""
        return {"left": self.left, "right": self.right}.get(self.choice)

    @property
    def loser(self) -> str | None:
        """The system that was not; None for a tie."""
        return {"left": self.right, "right": self.left}.get(self.choice)


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on one system against another."""

    wins: int
    losses: int
    ties: int

    @property
    def voted(self) -> int:
        """How many pairs were voted on."""
        return self.wins + self.losses + self.ties

    @property
    def probability(self) -> float:
        """Of votes as unequal as these if both were equally good (the sign test, both sides)."""
        return sign_test(self.wins, self.losses)

    @property
    def is_decisive(self) -> bool:
        """Whether votes as unequal as these are hardly chance, however often they were looked at."""
        few = self.wins + self.losses <= AT_FIRST
        return self.probability < (CHANCE_AT_FIRST if few else CHANCE_LATER)


def ballots(answers: Mapping[int, tuple[str, str]], *, first: str, second: str, seed: str) -> list[Ballot]:
    """The pairs to vote on, in random order, each system on the left in half of them.

    Pairs whose answers are the same are left out: there is nothing to choose.

    Args:
        answers: of the first and of the second system, by example.
        first: key of a system.
        second: key of the other.
        seed: the same one gives the same order, so that a test that was left can be gone on with.
    """
    pairs = sorted(example for example, (one, other) in answers.items() if one.strip() != other.strip())
    order = random.Random(f"{seed} {first} {second}")
    order.shuffle(pairs)
    sides = [number % 2 == 0 for number in range(len(pairs))]
    order.shuffle(sides)
    return [
        Ballot(example, first, second) if straight else Ballot(example, second, first)
        for example, straight in zip(pairs, sides, strict=True)
    ]


def read(path: Path) -> list[Vote]:
    """The newest vote on each pair of systems and example, oldest first; damaged lines are passed over.

    Raises:
        RunError: the file is there and cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError("The votes cannot be read.", reason=f"{error.strerror or error}.", details=str(path)) from error
    newest: dict[tuple[int, frozenset[str]], Vote] = {}
    for line in lines:
        try:
            vote = Vote.model_validate_json(line)
        except ValidationError:  # half a line, of a machine that was switched off
            continue
        pair = (vote.example, frozenset((vote.left, vote.right)))
        newest.pop(pair, None)
        newest[pair] = vote
    return [vote for vote in newest.values() if vote.choice != "none"]


def cast(path: Path, ballot: Ballot, choice: Choice) -> Vote:
    """Keep a vote, durable on return.

    Raises:
        RunError: it cannot be written.
    """
    vote = Vote(example=ballot.example, left=ballot.left, right=ballot.right, choice=choice)
    try:
        with open(path, "ab+") as file:
            # After half a line (the machine was switched off) a new one begins.
            if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                file.write(b"\n")
            file.write(vote.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RunError(
            "The vote could not be kept.",
            reason=f"{error.strerror or error}.",
            hint="Free some space or check the permissions of the project's folder, then vote again.",
            details=str(path),
        ) from error
    return vote


def tally(votes: Iterable[Vote], *, first: str, second: str) -> Tally:
    """How the first system did against the second."""
    of_both = [vote for vote in votes if {vote.left, vote.right} == {first, second}]
    winners = [vote.winner for vote in of_both]
    return Tally(winners.count(first), winners.count(second), winners.count(None))


def preference_pairs(
    votes: Iterable[Vote], examples: Mapping[int, Example], answers: Mapping[tuple[int, str], str]
) -> list[dict[str, Any]]:
    """The votes as training data for preferences (the explicit conversational form that TRL and others read).

    Ties, and votes whose example or answers are not there, are left out.

    Args:
        votes: as :func:`read` gives them.
        examples: by number.
        answers: by example and system.
    """
    pairs = []
    for vote in votes:
        if vote.winner is None or vote.loser is None or vote.example not in examples:
            continue
        chosen, rejected = answers.get((vote.example, vote.winner)), answers.get((vote.example, vote.loser))
        if chosen is None or rejected is None:
            continue
        pairs.append(
            {
                "prompt": examples[vote.example].prompt_messages(),
                "chosen": [{"role": "assistant", "content": chosen}],
                "rejected": [{"role": "assistant", "content": rejected}],
            }
        )
    return pairs


def write_pairs(path: Path, pairs: Sequence[dict[str, Any]]) -> None:
    """Write preference pairs as JSON lines; the file is replaced in one step.

    Raises:
        RunError: it cannot be written.
    """
    data = b"".join(json.dumps(pair, ensure_ascii=False).encode() + b"\n" for pair in pairs)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise RunError(
            "The preference pairs could not be written.",
            reason=f"{error.strerror or error}.",
            hint="Choose another place.",
            details=str(path),
        ) from error
