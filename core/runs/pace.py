"""How fast earlier runs of a project went, and what that says of the next one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from core.errors import UserError
from core.recipe.schema import Recipe
from core.runs.events import Started, Step
from core.runs.folder import RunFolder
from core.runs.plan import Plan

_RUNS = 5  # the newest that are looked at
_FIRST_STEPS = 2  # slower than the rest: kernels are chosen, memory is claimed


def seconds_for(plan: Plan, recipe: Recipe, runs: Sequence[RunFolder]) -> float | None:
    """How long the steps of a run would take, by the newest run of the same base model; None when there is none.

    Seconds a step go with the tokens of a batch; loading the model and evaluating come on top.
    """
    for run in list(reversed(runs))[:_RUNS]:
        try:
            found = _seconds_per_example(run, recipe)
        except UserError:
            continue
        if found is not None:
            return found * plan.train * recipe.training.epochs
    return None


def _seconds_per_example(run: RunFolder, recipe: Recipe) -> float | None:
    model = run.recipe().model
    if (model.base, model.quantization) != (recipe.model.base, recipe.model.quantization):
        return None
    events = run.events()
    started = next((event for event in events if isinstance(event, Started)), None)
    steps = [event for event in events if isinstance(event, Step)][_FIRST_STEPS:]
    if started is None or not started.examples or len(steps) < 3:
        return None
    pace = statistics.median(step.tokens_per_second for step in steps)
    return started.tokens / started.examples / pace if pace > 0 else None
