"""The held-out examples that a run answers at each evaluation, where the user has chosen them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.dataset.example import Example
from core.dataset.split import pinned_first
from core.errors import UserError
from core.project import Project
from core.recipe.recipe import with_settings
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe

_SETTING = "heldout.sample_answers"
_MOST_LISTED = 500


def most() -> int:
    """How many examples a run can answer at each evaluation."""
    return int(setting_named(_SETTING).maximum or 0)


def listed(project: Project, share: float) -> list[Example]:
    """The examples that can be chosen: what a run would hold out now, the chosen ones first; at most 500."""
    held_out = project.store.heldout(share)
    first = [id for id in project.pinned if id in held_out]
    rest = sorted(held_out - set(first))[: max(0, _MOST_LISTED - len(first))]
    return pinned_first(project.store.rows([*first, *rest]), project.pinned)


def answering(recipe: Recipe, ids: Sequence[int]) -> Recipe:
    """The settings with which a run answers exactly the chosen examples; without any they stay as they are."""
    return with_settings(recipe, {_SETTING: len(ids)}) if ids else recipe


def check(project: Project, ids: Iterable[int], share: float) -> list[int]:
    """The chosen examples without doubles.

    Raises:
        UserError: too many, or one that is not held out.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > most():
        raise UserError(
            f"{len(wanted)} examples are too many to answer at each evaluation.",
            reason="Each answer takes a few seconds every time.",
            hint=f"Choose up to {most()}.",
        )
    held_out = project.store.heldout(share)
    strangers = [id for id in wanted if id not in held_out]
    if strangers:
        raise UserError(
            f"Example {strangers[0]} is not held out.",
            reason="Only examples that are not trained on show how the model answers what it has not seen.",
            hint="Choose others, or hold this one out: its split is set on the Examples page.",
        )
    return wanted
