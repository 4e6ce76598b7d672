"""Recipes as TOML files: complete ones (a run's) and partial ones (what a base model brings, a preset)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomlkit

from core.errors import RecipeError
from core.files import write_atomically
from core.recipe.recipe import parse
from core.recipe.schema import Recipe


def dumps(recipe: Recipe) -> str:
    """The whole recipe as TOML text."""
    return tomlkit.dumps(recipe.model_dump())


def save(recipe: Recipe, path: Path) -> None:
    """Write the whole recipe, replacing the file in one step."""
    write_atomically(path, dumps(recipe).encode())


def load(path: Path) -> Recipe:
    """Read a recipe; what the file leaves out has its default.

    Raises:
        RecipeError: not TOML, or unusable settings.
        OSError: the file cannot be read.
    """
    return parse(load_partial(path))


def load_partial(path: Path) -> dict[str, Any]:
    """The plain tables of a recipe file.

    Raises:
        RecipeError: not TOML.
        OSError: the file cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path.name} is not a settings file.", problems={path.name: str(error)}) from error


def flatten(tables: dict[str, Any]) -> dict[str, Any]:
    """``{"lora": {"rank": 8}}`` as ``{"lora.rank": 8}``, the form :func:`core.recipe.recipe.with_settings` takes."""
    return {f"{group}.{field}": value for group, table in tables.items() for field, value in table.items()}
