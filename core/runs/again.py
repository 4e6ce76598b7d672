"""New runs from an earlier one: the same examples, other settings."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.dataset.split import split
from core.errors import RunError
from core.hardware.obstacles import check
from core.library import start_adapter
from core.recipe.schema import Recipe
from core.runs import folder, notes
from core.runs.folder import RunFolder


def duplicate(run: RunFolder, runs: Path, *, recipe: Recipe, name: str = "") -> RunFolder:
    """A run that has not begun with the frozen examples of another one, so that only the settings differ.

    With another held-out share the same examples are divided anew.

    Args:
        run: the earlier run, in whatever state.
        runs: the folder to make it in.
        recipe: the new run's settings.
        name: its name; the earlier run's unless given.

    Raises:
        RunError: the earlier run's files are damaged, or the new one cannot be written.
        RecipeError: the settings cannot be trained together, or not from the adapter they name.
    """
    check(recipe)
    name = name or notes.name(run, notes.read(run)) or run.name
    made = _with_examples_of(run, runs, recipe=recipe, name=name)
    notes.keep_title(made, name)
    return made


def _with_examples_of(run: RunFolder, runs: Path, *, recipe: Recipe, name: str) -> RunFolder:
    earlier = run.recipe()
    known = run.start_adapter if recipe.lora.start_from == earlier.lora.start_from else None
    start = start_adapter.files(recipe, runs, None, known=known)
    try:
        if recipe.heldout.share != earlier.heldout.share:
            examples = sorted([*run.train_examples(), *run.heldout_examples()], key=lambda example: example.id)
            train, heldout = split(examples, recipe.heldout.share)
            return folder.create(runs, name=name, recipe=recipe, train=train, heldout=heldout, start=start)
        return folder.create_like(run, runs, name=name, recipe=recipe, start=start)
    except (OSError, shutil.Error) as error:
        raise RunError(
            f"{run.name} could not be duplicated.",
            reason="Its examples cannot be read, or the new run cannot be written.",
            hint="Free some space or check the permissions of the project's folder.",
            details=str(error),
        ) from error
