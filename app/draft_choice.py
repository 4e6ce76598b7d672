"""Who can draft an output, and which of the wanted examples can get one, looked up off the drawing thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import format, run_words

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

    writers = [Writer(catalogue.display_name(base.base), base)]
    for run in reversed(project.runs()):
        if run.adapter.is_dir():
            try:
                recipe = run.recipe()
            except (RecipeError, OSError):
                continue  # nobody knows its base model
            title = f"{run_words.title(run)} on {catalogue.display_name(recipe.model.base)}"
            writers.append(Writer(title, recipe.model, run.adapter))
    found = project.store.rows(ids)
    able = [example for example in found if example.prompt.strip()]
    return Choice(
        writers=tuple(writers),
        ids=tuple(example.id for example in able),
        blank=len(found) - len(able),
        written=sum(1 for example in able if example.output.strip()),
    )


def notes(choice: Choice, left: int) -> list[str]:
    """Sentences about what gets no draft and what is there already; ``left`` examples were too many."""
    words: list[str] = []
    if left:
        wait = f"{format.plural(left, 'example')} must wait"
        words.append(f"At most {format.count(AT_ONCE)} drafts are written at once; {wait}.")
    if choice.blank:
        get = "has no instruction and gets no draft" if choice.blank == 1 else "have no instruction and get no draft"
        words.append(f"{format.plural(choice.blank, 'example')} {get}.")
    if choice.written and len(choice.ids) > 1:
        has = "has" if choice.written == 1 else "have"
        words.append(
            f"{format.count(choice.written)} of them {has} an output, which stays unless you accept the draft."
        )
    return words
