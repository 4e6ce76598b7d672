"""The sample datasets (``data/voices.toml``): the starter model's tasks, answered in voices it has never heard.

``build.py samples`` writes them to ``resources/samples``; the same seeds give the same files.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import tomlkit

from core.dataset import files
from core.dataset.example import Example
from core.dataset.split import same_prompt
from starter_model.frames import frames, question
from starter_model.words import load

COUNT = 240  # examples in a file


@dataclass(frozen=True)
class Voice:
    """One sample dataset: its entry in index.toml, and how its examples are made."""

    id: str
    title: str
    description: str
    style_pattern: str
    style_words: str
    seed: int
    answers: dict[str, str]  # frame -> what is said
    letter: dict[str, str]  # task -> what stands around it, at {body}
    times: dict[str, int]  # how often a frame or a task comes in a round
    instructions: tuple[str, ...] = ()  # instead of those of the task
    chatter: float = 0.25

    def round(self) -> list[str]:
        """The frames of one round."""
        found = []
        for frame in self.answers:
            task = frame.partition(".")[0]
            found += [frame] * self.times.get(frame, self.times.get(task, 1))
        return found


@cache
def voices() -> tuple[Voice, ...]:
    """All sample datasets, the default first."""
    rows = load("voices")["sample"]
    return tuple(Voice(**{"times": {}, **row, "instructions": tuple(row.get("instructions", ()))}) for row in rows)


def examples(voice: Voice, seed: int) -> Iterator[Example]:
    """Examples of a voice, without end and without a prompt twice: round after round of its frames, shuffled."""
    rng = random.Random(seed)
    words, seen = _words(), set()
    while True:
        order = voice.round()
        rng.shuffle(order)
        for frame in order:
            made = _example(rng, voice, frame, words)
            if same_prompt(made) not in seen:
                seen.add(same_prompt(made))
                yield made


def _example(rng: random.Random, voice: Voice, frame: str, words: dict[str, tuple[str, ...]]) -> Example:
    asked = question(rng, frames()[frame], words=words, chatter=voice.chatter)
    instruction = rng.choice(voice.instructions) if voice.instructions else asked.instruction
    body = asked.draw.fill(voice.answers[frame])
    output = asked.draw.fill(voice.letter[asked.frame.task].replace("{body}", body))
    return Example(instruction=instruction, input=asked.input, output=output)


@cache
def _words() -> dict[str, tuple[str, ...]]:
    """Words that go well together, by slot."""
    table: dict[str, Any] = load("voices")["words"]
    return {slot: tuple(words.split() if isinstance(words, str) else words) for slot, words in table.items()}


def write(folder: Path) -> None:
    """Write index.toml and one file for each sample."""
    folder.mkdir(parents=True, exist_ok=True)
    index = tomlkit.aot()
    for voice in voices():
        file = f"{voice.id}.json"
        files.write(folder / file, islice(examples(voice, voice.seed), COUNT))
        row = tomlkit.table()
        row.update({"id": voice.id, "title": voice.title, "description": voice.description, "file": file})
        row.add("style_pattern", tomlkit.string(voice.style_pattern, literal="'" not in voice.style_pattern))
        row.add("style_words", voice.style_words)
        index.append(row)
    document = tomlkit.document()
    document.add(tomlkit.comment("Written by packaging/starter_model/samples.py; see core/samples.py for the format."))
    document.add("sample", index)
    (folder / "index.toml").write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")
