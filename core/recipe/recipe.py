"""Changing a recipe by setting names, and saying all that is wrong with it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

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
        problems = {_name(item["loc"]): _said(item) for item in error.errors()}
        raise RecipeError("Some settings cannot be used.", problems=problems) from error


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_LONGEST = 60  # letters of a value that are repeated


def _said(item: ErrorDetails) -> str:
    """What is wrong with a value, in a person's words and without a full stop."""
    kind, _, how = item["type"].partition("_")
    if kind in _KINDS and how in ("parsing", "type", "from_float"):
        shown = str(item["input"]) or "An empty value"
        return f"{shown[:_LONGEST]}{'…' if len(shown) > _LONGEST else ''} is not {_KINDS[kind]}"
    return item["msg"].removeprefix("Value error, ")


def get(recipe: Recipe, name: str) -> Any:
    """The value of ``group.field``."""
    group, field = name.split(".")
    return getattr(getattr(recipe, group), field)


def differences(before: Recipe, after: Recipe) -> dict[str, tuple[Any, Any]]:
    """The settings that differ: ``{"group.field": (before, after)}``."""
    pairs = {info.name: (get(before, info.name), get(after, info.name)) for info in settings()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


# Learning rates beyond which to say something: where an adapter goes on (defaults of this app), of Lion
# (arXiv:2302.06675 takes a third to a tenth of AdamW's), and of plain gradient descent.
_CONTINUING_RATE, _LION_RATE, _SGD_RATE = 1.5e-4, 1e-4, 1e-3


def remarks(recipe: Recipe, *, train: int = 0) -> dict[str, str]:
    """What to say of allowed but unusual values and combinations: ``{"group.field": sentence}``.

    Args:
        recipe: the settings.
        train: how many examples are trained on; 0 when that is not known.
    """
    found = {info.name: info.remark(get(recipe, info.name)) for info in settings()}
    for name, text in _combinations(recipe, train):
        found[name] = found[name] or text
    return {name: text for name, text in found.items() if text}


def _combinations(recipe: Recipe, train: int) -> Iterator[tuple[str, str]]:
    """What is unusual only together with another setting, or with the number of examples."""
    lora, training = recipe.lora, recipe.training
    ratio, batch, epochs = lora.alpha / lora.rank, training.batch_size, training.epochs
    if not 0.5 <= ratio <= 4:
        text = f"Alpha is {ratio:g} times the rank; twice is usual, and the learning rate depends on it."
        yield "lora.alpha", text
    if ratio > 2 and training.learning_rate * ratio / 2 > 5e-4:
        text = f"With alpha {ratio:g} times the rank this acts like {training.learning_rate * ratio / 2:g}: halve one."
        yield "training.learning_rate", text
    if lora.rank > 64 and training.learning_rate > 3e-4 and not lora.use_rslora:
        yield "training.learning_rate", f"With rank {lora.rank} the loss may jump at this rate; 2e-4 is safer."
    if lora.start_from and training.learning_rate > _CONTINUING_RATE:
        yield "training.learning_rate", "An adapter that is trained on wants half the usual rate, about 1e-4."
    if "lion" in training.optimizer and training.learning_rate > _LION_RATE:
        yield "training.learning_rate", "Lion wants a third to a tenth of AdamW's rate: 2e-5 to 1e-4."
    if training.optimizer == "sgd" and training.learning_rate < _SGD_RATE:
        yield (
            "training.learning_rate",
            "SGD's steps are as small as the gradients: it wants a far higher rate.",
        )
    if lora.dropout == 0 and epochs > 4 and train <= 5000:
        yield "lora.dropout", f"Without dropout, {epochs:g} passes over small data are soon learnt by heart."
    if 0 < train < batch:
        text = f"There are only {train:,} examples to train on: each pass is a single step."
        yield "training.batch_size", text
    if train > 20_000 and epochs > 3:
        yield "training.epochs", f"Of {train:,} examples one to three passes are usually enough."
    if 0 < train < 100 and lora.rank > 32:
        yield "lora.rank", f"{train:,} examples cannot fill a rank of {lora.rank}; 8 learns as much and forgets less."
    if training.gradient_checkpointing == "off" and training.max_length > 8192:
        text = "Without it, long examples take very much memory."
        yield "training.gradient_checkpointing", text


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"unknown (did you mean {near[0]}?)" if near else "unknown"


def _name(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc[:2])
