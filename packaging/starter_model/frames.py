"""The tasks that the starter model answers (``data/frames.toml``): ways of asking, an answer, other wordings of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from starter_model.slots import Draw
from starter_model.words import load

TASKS = ("customer", "polite", "summary", "note", "product")


@dataclass(frozen=True)
class Frame:
    """Ways of asking for one thing and what is answered; all of them have {slots}."""

    id: str  # task.frame
    task: str
    ask: tuple[str, ...]
    answer: str
    other: tuple[str, ...]  # three or more other wordings of the answer


@dataclass(frozen=True)
class Question:
    """A frame with its slots drawn: what is asked, and the slots with which any wording of the answer is written."""

    frame: Frame
    instruction: str
    input: str
    draw: Draw

    @property
    def answer(self) -> str:
        """The plain answer."""
        return self.draw.fill(self.frame.answer)


@cache
def frames() -> dict[str, Frame]:
    """All frames by id."""
    table = load("frames")
    rows = [(task, row) for task in TASKS for row in table[task]["frame"]]
    found = [
        Frame(f"{task}.{row['id']}", task, tuple(row["ask"]), row["answer"], tuple(row["other"])) for task, row in rows
    ]
    return {frame.id: frame for frame in found}


@cache
def instructions(task: str) -> tuple[str, ...]:
    """The instructions of a task."""
    return tuple(load("frames")[task]["instructions"])


def question(
    rng: random.Random,
    frame: Frame,
    *,
    invent: float = 0.3,
    chatter: float = 0.25,
    words: Mapping[str, tuple[str, ...]] | None = None,
) -> Question:
    """Ask for what the frame answers, with new slots.

    Args:
        rng: where chance comes from.
        frame: what is asked for.
        invent: the share of invented words.
        chatter: the share of customers' messages with a greeting or a remark around them.
        words: words to draw from instead, by slot; and "before" and "after", the chatter. Then none are invented.
    """
    draw = Draw(rng, 0.0 if words else invent, words)
    text = draw.fill(rng.choice(frame.ask))
    if frame.task == "note" and rng.random() < 0.6:
        return Question(frame, text, "", draw)
    if frame.task == "customer":
        text = _with_chatter(rng, text, draw, chatter, words or load_phrases())
    return Question(frame, rng.choice(instructions(frame.task)), text, draw)


def _with_chatter(rng: random.Random, text: str, draw: Draw, share: float, phrases: Mapping[str, Sequence[str]]) -> str:
    before = rng.choice(phrases["before"]) + " " if rng.random() < share else ""
    after = " " + rng.choice(phrases["after"]) if rng.random() < share else ""
    around = draw.fresh()  # another person, another thing
    return f"{around.fill(before)} {text} {around.fill(after)}".strip()


@cache
def load_phrases() -> dict[str, Any]:
    """The lists of ``data/phrases.toml``."""
    return load("phrases")
