"""Settings on the command line: the options ``--model`` and ``--set``, the recipe that they make, what to say of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from core.base_models import catalogue
from core.cli import output
from core.errors import RecipeError
from core.recipe import presets, reference, words
from core.recipe.recipe import get, with_settings
from core.recipe.recipe import remarks as unusual_values
from core.recipe.reference import SettingInfo
from core.recipe.schema import STARTER, Recipe


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a command ``--model`` and ``--set``."""
    parser.add_argument(
        "--model", metavar="MODEL", help="another base model: starter, a folder, or a hub id already on this machine"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="GROUP.FIELD=VALUE",
        help="another setting, for example lora.rank=8 or training.epochs=2; may be repeated",
    )


def listing() -> str:
    """All settings with their defaults, for the end of a help text."""
    width = max(len(info.name) for info in reference.settings())
    lines = [f"  {info.name.ljust(width)}  {_about(info)}" for info in reference.settings()]
    return "\n".join(["settings for --set, with their defaults:", *lines])


def _about(info: SettingInfo) -> str:
    """Title, what ``--set`` takes where that is a choice, and the default."""
    choices = {"choice": list(info.choices), "switch": ["true", "false"]}.get(info.kind, [])
    default = str(info.default).lower() if info.kind == "switch" else info.default
    if info.empty and not info.default:
        default = f"empty: {info.empty[0].lower()}{info.empty[1:]}"
    return f"{': '.join([info.title, *([', '.join(choices)] if choices else [])])} ({default})"


def changes(options: Sequence[str]) -> dict[str, str]:
    """What ``--set GROUP.FIELD=VALUE`` options say.

    Raises:
        output.WrongUse: not of that form.
    """
    found: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.strip():
            raise output.WrongUse(
                "--set cannot be understood.",
                reason=f"{option!r} is not GROUP.FIELD=VALUE.",
                hint="For example: --set lora.rank=8",
            )
        found[name.strip()] = value.strip()
    return found


def recipe_for(recipe: Recipe, *, model: str | None, changes: dict[str, str]) -> Recipe:
    """The settings with another base model (and what it brings) and other values.

    Raises:
        output.WrongUse: there is no such setting, or it cannot have that value.
    """
    rest = dict(changes)
    model = rest.pop("model.base", model)
    try:
        if model is not None and (base := _absolute(model)) != recipe.model.base:
            recipe = presets.with_base(recipe, base)
        return with_settings(recipe, rest)
    except RecipeError as error:
        problems = "; ".join(f"{name}: {text}" for name, text in error.problems.items())
        raise output.WrongUse(error.title, reason=f"{problems.rstrip('.')}.") from error


def _absolute(base: str) -> str:
    """A model's folder named from the top: the training process works in another folder."""
    path = Path(base).expanduser()
    return str(path.resolve()) if base not in (STARTER, "") and path.is_dir() else base


def remarks(own: Recipe, recipe: Recipe, *, examples: int = 0) -> list[str]:
    """Sentences on what comes with a base model that is not the project's own, and on what is unusual for it.

    ``examples`` is how many are ready; 0 when that is not known.
    """
    base = recipe.model.base
    said = []
    if base != own.model.base:
        same_but_model = with_settings(own, {"model.base": base})
        if found := words.difference(same_but_model, presets.with_base(own, base)):
            said.append(f"With {catalogue.display_name(base)} come the settings that suit it: {', '.join(found)}.")
    usual = presets.base_recipe(base)
    unusual = {
        name: text
        for name, text in unusual_values(recipe, train=examples).items()
        if get(recipe, name) != get(usual, name)
    }
    return said + [f"Note on {name}: {text}" for name, text in unusual.items()]
