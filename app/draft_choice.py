"""Who can draft an output, and which of the wanted examples can get one, looked up off the drawing thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.drafts import Writer
    from core.project import Project
    from core.recipe.schema import ModelSettings

AT_ONCE = 1000  # examples; a person cannot decide on more drafts before they ask again


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be asked for.

    Attributes:
        writers: who can write, the base model of the settings first.
        ids: the examples that can get a draft.
        blank: how many of those wanted have no instruction.
        written: how many of ``ids`` have an output.
    """

    writers: tuple[Writer, ...]
    ids: tuple[int, ...]
    blank: int
    written: int


def look(project: Project, base: ModelSettings, ids: Sequence[int]) -> Choice:
    """Who can write, and what they can write for."""
    from app.drafts import Writer
    from core.base_models import catalogue
    from core.errors import RecipeError
    from core.runs import notes

    writers = [Writer(catalogue.display_name(base.base), base)]
    for run in reversed(project.runs()):
        if run.adapter.is_dir():
            try:
                recipe = run.recipe()
            except (RecipeError, OSError):
                continue  # nobody knows its base model
            title = f"{notes.title(run, notes.read(run))} on {catalogue.display_name(recipe.model.base)}"
            writers.append(Writer(title, recipe.model, run.adapter))
    found = project.store.rows(ids)
    able = [example for example in found if example.prompt.strip()]
    return Choice(
        writers=tuple(writers),
        ids=tuple(example.id for example in able),
        blank=len(found) - len(able),
        written=sum(1 for example in able if example.output.strip()),
    )
