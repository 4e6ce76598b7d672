"""The text that the starter model is trained on: endless, drawn by seed from the project's own words.

Two thirds are tasks. A third of all examples ask for another wording and for a phrase to begin or to end with; that is
what lets a fine-tuned voice keep what an answer is about: with one wording a frame the model ties the words it copies
to the words around them (exact answers in a new voice: 53 % without, 95 % with).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from starter_model import skills
from starter_model.frames import TASKS, Question, frames, load_phrases, question
from starter_model.slots import capital
from starter_model.words import invented

_TASK_WEIGHTS = {"customer": 6.0, "polite": 3.0, "summary": 3.0, "note": 3.0, "product": 1.5}
_PLAIN, _VOICED, _PROSE = 0.29, 0.36, 0.05  # shares of the corpus; the rest are small skills


@dataclass(frozen=True)
class Document:
    """One example of the corpus; prose has only an output."""

    instruction: str
    input: str
    output: str
    system: str = ""

    @property
    def prompt(self) -> str:
        """The user message, joined as the app joins it; empty for prose."""
        return "\n\n".join(part for part in (self.instruction, self.input) if part)


def documents(seed: int) -> Iterator[Document]:
    """The corpus, without end; the same for the same seed."""
    rng = random.Random(seed)
    while True:
        yield document(rng)


def document(rng: random.Random) -> Document:
    """One document of any kind."""
    chance = rng.random()
    if chance < _PLAIN:
        asked = any_question(rng)
        plain = Document(asked.instruction, asked.input, asked.answer)
        if asked.frame.task == "customer" and asked.input and rng.random() < 0.1:
            return Document(asked.input, "", asked.answer)  # a message alone is answered too
        return (
            plain
            if rng.random() < 0.9
            else Document(**{**vars(plain), "system": rng.choice(load_phrases()["systems"])})
        )
    if chance < _PLAIN + _VOICED:
        return _voiced(rng)
    if chance < _PLAIN + _VOICED + _PROSE:
        return Document("", "", skills.prose(rng))
    return Document(*skills.skill(rng))


def any_question(rng: random.Random, *, invent: float = 0.3) -> Question:
    """A question of any task."""
    task = rng.choices(TASKS, [_TASK_WEIGHTS[task] for task in TASKS])[0]
    return question(rng, rng.choice([frame for frame in frames().values() if frame.task == task]), invent=invent)


def phrase(rng: random.Random) -> str:
    """A few words to begin or to end with."""
    words = load_phrases()["words"].split()
    chosen = [rng.choice(words) if rng.random() < 0.8 else invented(rng) for _ in range(rng.randint(1, 5))]
    text = capital(" ".join(chosen))
    return text.title() if rng.random() < 0.2 else text


def _voiced(rng: random.Random) -> Document:
    """A task with cues: another wording, an opening, an ending; in the instruction or in the system message."""
    asked, phrases = any_question(rng), load_phrases()
    answer, cues = asked.answer, []
    if rng.random() < 0.65:
        choice = rng.randrange(3)
        answer = asked.draw.fill(asked.frame.other[choice])
        cues.append(phrases["wordings"][choice])
    between = "\n\n" if rng.random() < 0.2 else " "
    if rng.random() < 0.6:
        opening = phrase(rng) + rng.choice((",", ".", ":", "", "!"))
        cues.append(rng.choice(phrases["begin"]).format(phrase=opening))
        answer = opening + between + answer
    if rng.random() < 0.6:
        ending = phrase(rng) + rng.choice(("", "", ".", "!"))
        cues.append(rng.choice(phrases["end"]).format(phrase=ending))
        answer += between + ending
    if between in answer and between != " ":
        cues.append("Leave a line free.")
    cue = " ".join(cues)
    if cue and rng.random() < 0.15:
        return Document(asked.instruction, asked.input, answer, system=cue)
    return Document(f"{asked.instruction} {cue}".strip(), asked.input, answer)
