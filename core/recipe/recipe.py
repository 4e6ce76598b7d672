"""Changing a recipe by setting names, and saying all that is wrong with it at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import RecipeError
from core.recipe.reference import settings
from core.recipe.schema import Recipe


def with_settings(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A copy with ``{"group.field": value}`` applied; text values (from a command line) are converted.

    Raises:
        RecipeError: names every unknown setting (with the nearest known one) and every value out of bounds.
    """
    known = {info.name for info in settings()}
    problems = {name: _unknown(name, known) for name in changes if name not in known}
    if problems:
        raise RecipeError("There is no such setting.", problems=problems)
    data = recipe.model_dump()
    for name, value in changes.items():
        group, field = name.split(".")
        data[group][field] = value
    return parse(data)


def parse(data: Mapping[str, Any]) -> Recipe:
    """The recipe of nested plain data (a TOML file, a frozen run).

    Raises:
        RecipeError: something is missing, unknown or out of bounds; all of it is named.
    """
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        problems = {_name(item["loc"]): item["msg"].removeprefix("Value error, ") for item in error.errors()}
        raise RecipeError("Some settings cannot be used.", problems=problems) from error


def get(recipe: Recipe, name: str) -> Any:
    """The value of ``group.field``."""
    group, field = name.split(".")
    return getattr(getattr(recipe, group), field)


def differences(before: Recipe, after: Recipe) -> dict[str, tuple[Any, Any]]:
    """The settings that differ: ``{"group.field": (before, after)}``."""
    pairs = {info.name: (get(before, info.name), get(after, info.name)) for info in settings()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def remarks(recipe: Recipe) -> dict[str, str]:
    """What to say of allowed but unusual values: ``{"group.field": sentence}``."""
    found = {info.name: info.remark(get(recipe, info.name)) for info in settings()}
    ratio = recipe.lora.alpha / recipe.lora.rank
    if not found["lora.alpha"] and not 0.5 <= ratio <= 4:
        found["lora.alpha"] = f"Alpha is {ratio:g} times the rank; twice is usual, and the learning rate depends on it."
    return {name: text for name, text in found.items() if text}


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"unknown (did you mean {near[0]}?)" if near else "unknown"


def _name(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc[:2])
