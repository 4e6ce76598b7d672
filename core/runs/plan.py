"""What a run would do, worked out before it is started."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.dataset.example import Example
from core.recipe.schema import Recipe

FEW_STEPS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers of examples on either side, and optimizer steps of the whole run."""

    train: int
    heldout: int
    steps: int

    @property
    def ready(self) -> int:
        """All examples that a run takes."""
        return self.train + self.heldout

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


def plan(ready: Iterable[Example], recipe: Recipe) -> Plan:
    """The plan for these ready examples; those over the maximum length are not known yet and count."""
    from core.dataset.split import split

    train, heldout = split(list(ready), recipe.heldout.share)
    return Plan(len(train), len(heldout), total_steps(len(train), recipe) if train else 0)
