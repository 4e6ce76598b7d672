"""Ready-made settings to start from, and those that a base model brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import paths
from core.recipe.file import flatten, load_partial
from core.recipe.recipe import differences, get, with_settings
from core.recipe.schema import STARTER, Recipe


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of changes to the defaults."""

    id: str
    title: str
    description: str
    changes: dict[str, Any]


PRESETS = (
    Preset(
        "quick",
        "Quick try",
        "A small adapter and a third of the passes: is this worth an evening?",
        {"lora.rank": 8, "lora.alpha": 16, "training.epochs": 1.0, "training.batch_size": 8},
    ),
    Preset(
        "balanced", "Balanced", "Rank 16 and the usual passes: right for a few hundred to a few thousand examples.", {}
    ),
    Preset(
        "thorough",
        "Thorough",
        "A larger adapter and more passes, stopped early when they no longer help.",
        {"lora.rank": 32, "lora.alpha": 64, "training.epochs": 5.0, "heldout.evaluations_per_epoch": 2},
    ),
)

_PRESET_SETTINGS = sorted({name for preset in PRESETS for name in preset.changes})


def brought_by(base: str) -> dict[str, Any]:
    """The settings that suit a base model and come with it; empty for most."""
    if base != STARTER:
        return {}
    return flatten(load_partial(paths.starter_model() / "recipe.toml"))


def base_recipe(base: str) -> Recipe:
    """The defaults for a base model: the app's own, with what the model brings."""
    return with_settings(Recipe(), {"model.base": base, **brought_by(base)})


def apply(preset: Preset, recipe: Recipe) -> Recipe:
    """The recipe with the preset's settings; others that presets touch go back to the base model's defaults.

    A preset's number of epochs is relative to what the base model brings (the starter needs more than a real model).
    """
    base = base_recipe(recipe.model.base)
    changes = {name: get(base, name) for name in _PRESET_SETTINGS}
    changes |= preset.changes
    if "training.epochs" in preset.changes:
        factor = preset.changes["training.epochs"] / Recipe().training.epochs
        changes["training.epochs"] = max(1.0, round(base.training.epochs * factor))
    return with_settings(recipe, changes)


def matching(recipe: Recipe) -> Preset | None:
    """The preset that the recipe agrees with, if any."""
    return next((preset for preset in PRESETS if apply(preset, recipe) == recipe), None)


def nearest(recipe: Recipe) -> Preset:
    """The preset that the recipe differs least from; Balanced of several."""
    order = sorted(PRESETS, key=lambda preset: preset.id != "balanced")
    return min(order, key=lambda preset: len(differences(apply(preset, recipe), recipe)))


def with_base(recipe: Recipe, base: str) -> Recipe:
    """The recipe for another base model.

    Where the old or the new model brings settings of its own, those change with it: what suits a tiny model spoils a
    large one, and the other way round. Modules and layers that were chosen by name, and a chosen chat template, belong
    to the old model and give way.
    """
    old = recipe.model.base
    brought = {*brought_by(old), *brought_by(base)}
    lost = {"model.base", *brought, *(_PRESET_SETTINGS if brought else ())}
    lost |= {"lora.layers", "lora.modules_to_save", "lora.start_from"}
    lost |= {"model.chat_template", "model.written_template"}
    if isinstance(recipe.lora.target_modules, list):
        lost.add("lora.target_modules")
    preset = nearest(recipe)
    own = differences(apply(preset, base_recipe(old)), recipe)
    kept = {name: mine for name, (_, mine) in own.items() if name not in lost}
    return with_settings(apply(preset, base_recipe(base)), kept)
