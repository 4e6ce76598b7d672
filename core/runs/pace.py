"""How fast earlier runs of a project went, and what that says of the next one."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from core.errors import UserError
from core.files import count_lines
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
    found = seconds_per_example(recipe, runs)
    return None if found is None else found * plan.train * recipe.training.epochs


def seconds_for_all(waiting: Sequence[RunFolder], runs: Sequence[RunFolder]) -> float | None:
    """How long the steps of these runs would take one after another; None when that is not known of each."""
    known: dict[tuple[str, str], float | None] = {}
    total = 0.0
    for run in waiting:
        try:
            recipe, examples = run.recipe(), count_lines(run.train_file)
        except (UserError, OSError):
            return None
        model = (recipe.model.base, recipe.model.quantization)
        if model not in known:
            known[model] = seconds_per_example(recipe, runs)
        pace = known[model]
        if pace is None:
            return None
        total += pace * examples * recipe.training.epochs
    return total


def seconds_per_example(recipe: Recipe, runs: Sequence[RunFolder]) -> float | None:
    """Seconds an example takes, by the newest of these runs that trained the same base model; None without one."""
    begun = (run for run in reversed(runs) if run.events_file.exists())
    for run in itertools.islice(begun, _RUNS):
        try:
            found = _seconds_per_example(run, recipe)
        except UserError:
            continue
        if found is not None:
            return found
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
