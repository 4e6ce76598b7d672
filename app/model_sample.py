"""An example of the project as a base model reads it, rendered off the drawing thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.dataset.example import Example, Status
from core.dataset.query import Query

if TYPE_CHECKING:
    from core.project import Project

LONGEST = 4000  # characters that are shown
_GREETING = Example(instruction="Say good morning.", output="Good morning! How can I help you?")


def example_of(project: Project | None) -> Example:
    """The project's first ready example; a greeting where there is none."""
    if project is None:
        return _GREETING
    ids = project.store.first_ids(Query(status=Status.READY), 1)
    return next(iter(project.store.rows(ids)), _GREETING)


@dataclass(frozen=True, slots=True)
class Sample:
    """An example as the model reads it, and the source of the chat template that wrote it."""

    text: str
    template: str


def render(folder: Path, template: str, example: Callable[[], Example]) -> Sample:
    """The text with the folder's chat template, or another (see ``recipe.model.template``).

    Raises:
        UserError: the model's tokenizer or the template cannot be used.
    """
    from core.prompt.format import PromptFormat

    found = PromptFormat.load(folder, template=template)
    try:
        text = found.encode(example()).text
    finally:
        found.close()
    return Sample(text if len(text) <= LONGEST else f"{text[:LONGEST]}…", found.template)
