"""A sweep: one run for each combination of the values of one to three settings, named after them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import RecipeError, RunError
from core.recipe import words
from core.recipe.recipe import get, with_settings
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe

MOST_SETTINGS = 3
MOST_RUNS = 64
_RANK, _ALPHA = "lora.rank", "lora.alpha"
_NUMBERS = ("integer", "number")


@dataclass(frozen=True, slots=True)
class Entry:
    """A run of a sweep: its name, which tells the values, and its settings."""

    name: str
    recipe: Recipe


def sweep(recipe: Recipe, over: Mapping[str, Sequence[Any]], *, alpha_follows: bool = True) -> list[Entry]:
    """The runs, the values of the last setting changing fastest.

    Args:
        recipe: what all of them have in common.
        over: the values of each setting; text values are converted, and a value given twice counts once.
        alpha_follows: with several ranks and one alpha, keep alpha at the same multiple of the rank, so that the
            learning rate suits all of them.

    Raises:
        RunError: no setting, too many settings, or too many runs.
        RecipeError: a setting is unknown or cannot have a value.
    """
    if not 1 <= len(over) <= MOST_SETTINGS or not all(over.values()):
        raise RunError(
            f"A sweep goes over one to {MOST_SETTINGS} settings.",
            hint="Name each with the values to try, at least one.",
        )
    values = {name: _values(recipe, name, given) for name, given in over.items()}
    count = 1
    for given in values.values():
        count *= len(given)
    if count > MOST_RUNS:
        raise RunError(
            f"That would be {count:,} runs.",
            reason=f"A sweep makes up to {MOST_RUNS}.",
            hint="Take fewer values, or sweep over fewer settings.",
        )
    follows = alpha_follows and _RANK in values and _ALPHA not in values
    named = [name for name, given in values.items() if len(given) > 1] or list(values)
    return [
        _entry(recipe, dict(zip(values, chosen, strict=True)), named, follows)
        for chosen in itertools.product(*values.values())
    ]


def _values(recipe: Recipe, name: str, given: Sequence[Any]) -> list[Any]:
    """The values as the schema has them, each once."""
    found: list[Any] = []
    for value in given:
        typed = get(with_settings(recipe, {name: value}), name)
        if typed not in found:
            found.append(typed)
    return found


def _entry(recipe: Recipe, chosen: dict[str, Any], named: Sequence[str], alpha_follows: bool) -> Entry:
    changes = dict(chosen)
    if alpha_follows:
        changes[_ALPHA] = max(1, round(recipe.lora.alpha / recipe.lora.rank * chosen[_RANK]))
    name = ", ".join(f"{_short(setting)} {_written(setting, chosen[setting])}" for setting in named)
    return Entry(name, with_settings(recipe, changes))


def _short(setting: str) -> str:
    """A setting's title without what stands in brackets."""
    return setting_named(setting).title.partition(" (")[0]


def _written(setting: str, value: Any) -> str:
    """A value for a name: 0.0002 and not 2e-4, whose sign a folder's name would lose."""
    if isinstance(value, float):
        return f"{value:.10f}".rstrip("0").rstrip(".")
    return words.value(setting_named(setting), value)


def parse_values(text: str) -> list[str]:
    """The values of "1e-4, 2e-4"; a semicolon parts them where values have commas of their own."""
    return [part.strip() for part in text.split(";" if ";" in text else ",") if part.strip()]


def written(values: Sequence[str]) -> str:
    """Values in a line that :func:`parse_values` takes apart again, also where there is one and it has commas."""
    return "; ".join([*values, ""]).rstrip(" ") if any("," in value for value in values) else ", ".join(values)


def problems(recipe: Recipe, name: str, given: Sequence[Any]) -> str:
    """What is wrong with the values of a setting, in words; empty when they can be used."""
    kind = setting_named(name).kind
    for value in given:
        if kind in _NUMBERS and not _is_number(value):
            return f"{value} is not a number."
        try:
            with_settings(recipe, {name: value})
        except RecipeError as error:
            said = " ".join(error.problems.values())
            if said.startswith(f"{value} is not "):
                return f"{said}."
            said = said.removeprefix("Input should be ")
            whole = kind == "integer" and not str(value).lstrip("+-").isdigit()
            return f"{value} is not a whole number." if whole else f"{value} must be {said}."
    return ""


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False
