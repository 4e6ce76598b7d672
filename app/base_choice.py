"""What another base model changes in the settings, and in words."""

from __future__ import annotations

from dataclasses import dataclass

from core.recipe import presets
from core.recipe.recipe import differences
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe

BASE = "model.base"


@dataclass(frozen=True, slots=True)
class BaseChange:
    """The settings with another base model; the words are empty where nothing but the model changes."""

    recipe: Recipe
    title: str = ""
    text: str = ""


def change_of(before: Recipe, base: str) -> BaseChange:
    """The settings as they become with this base model."""
    recipe = presets.with_base(before, base)
    changed = [name for name in differences(before, recipe) if name != BASE]
    if not changed:
        return BaseChange(recipe)
    brings = bool(presets.brought_by(base))
    title = "This model brings settings that suit it." if brings else "Settings went back to what suits most models."
    words = ", ".join(setting_named(name).title.lower() for name in changed)
    return BaseChange(recipe, title, f"Changed: {words}.")
