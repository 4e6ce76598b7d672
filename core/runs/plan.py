"""What a run would do, worked out before it is started."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.dataset.example import Example
from core.recipe.schema import Recipe

FEW_STEPS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers of examples on either side, and optimizer steps of the whole run.

    Those known to be longer than the maximum length are counted apart: a run leaves them out.
    """

    train: int
    heldout: int
    steps: int
    too_long: int = 0
    too_long_heldout: int = 0

    @property
    def left_out(self) -> int:
        """All that are too long."""
        return self.too_long + self.too_long_heldout

    @property
    def ready(self) -> int:
        """All ready examples."""
        return self.train + self.heldout + self.left_out

    @property
    def is_short(self) -> bool:
        """Whether there are too few steps to expect much: training takes some 60 to settle."""
        return 0 < self.steps < FEW_STEPS


def steps_per_epoch(examples: int, recipe: Recipe) -> int:
    """Optimizer steps in a pass over the data."""
    return math.ceil(examples / recipe.training.batch_size)


def total_steps(examples: int, recipe: Recipe) -> int:
    """Optimizer steps of the whole run."""
    return max(1, math.ceil(steps_per_epoch(examples, recipe) * recipe.training.epochs))


def plan(ready: Iterable[Example], recipe: Recipe, *, too_long: Collection[int] = ()) -> Plan:
    """The plan for these ready examples; ``too_long`` are the numbers of those known to be over the maximum length."""
    from core.dataset.split import split

    over = frozenset(too_long)
    sides = split(list(ready), recipe.heldout.share)
    # As a run does it: divided first, then what is too long is left out of either side.
    train, heldout = ([example for example in side if example.id not in over] for side in sides)
    steps = total_steps(len(train), recipe) if train else 0
    return Plan(len(train), len(heldout), steps, len(sides[0]) - len(train), len(sides[1]) - len(heldout))


def left_out_words(too_long: int, ready: int) -> str:
    """That examples are too long for a run, in a sentence."""
    verb = "is" if too_long == 1 else "are"
    example = "example" if ready == 1 else "examples"
    return f"{too_long:,} of {ready:,} {example} {verb} longer than the maximum length and will be left out."
