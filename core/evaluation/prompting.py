"""The base model with the best prompt: which training examples it is shown, and the conversation it is given."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from core.dataset.example import Example, Turn
from core.dataset.split import prompt_key, same_prompt
from core.prompt.best import BestPrompt

__all__ = ["BestPrompt", "choose_shots", "with_prompt"]

_COSTLY = 0.75  # of the examples by length; longer ones would make every question expensive


def with_prompt(example: Example, best: BestPrompt, shots: Sequence[Example]) -> Example:
    """The example as the prompted base model is asked it: the system text first, the shots as earlier turns.

    A system text of the example's own follows that of the prompt, because the adapter is given it, too.
    """
    system = "\n\n".join(part for part in (best.system.strip(), example.system) if part)
    turns = [turn for shot in shots for turn in (Turn("user", shot.prompt), Turn("assistant", shot.output))]
    return dataclasses.replace(example, system=system, history=(*turns, *example.history))


def choose_shots(train: Iterable[Example], count: int, *, asked: Iterable[Example] = ()) -> list[Example]:
    """The training examples that are shown: the same ones for the same data, in the same order.

    Those with the smallest hashes of their prompts, so that they are spread over the data. Left out are conversations,
    the longest quarter, doubles, and whatever asks the same as one of ``asked``, whose answer it would give away.

    Args:
        train: the training examples; held-out ones must not be among them.
        count: how many; fewer come back when there are no more.
        asked: the examples that will be asked.
    """
    if not count:
        return []
    taken = {same_prompt(example) for example in asked}
    single = [example for example in train if not example.history]
    longest = sorted(_size(example) for example in single)[: max(1, round(len(single) * _COSTLY))][-1:]
    usual = [example for example in single if _size(example) <= longest[0]]
    chosen: list[Example] = []
    for example in sorted(usual, key=lambda one: (prompt_key(same_prompt(one)), one.id)):
        said = same_prompt(example)
        if said not in taken:
            taken.add(said)
            chosen.append(example)
        if len(chosen) == count:
            break
    return chosen


def _size(example: Example) -> int:
    return len(example.prompt) + len(example.output)
