"""Who is asked what: the columns of a conversation as adapters on one base model, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.base_models import catalogue
from core.chat.conversation import Column, Conversation
from core.dataset.example import Example, Status
from core.dataset.query import Query
from core.dataset.split import MOST_HELDOUT, same_prompt
from core.errors import RecipeError, RunError, UserError
from core.evaluation.prompting import choose_shots, with_prompt
from core.library import entries
from core.recipe.schema import ModelSettings

if TYPE_CHECKING:
    from core.project import Project


@dataclass(frozen=True, slots=True)
class Ask:
    """What one column is asked, and with which weighted adapters."""

    column: int
    example: Example
    adapters: tuple[tuple[Path, float], ...] = ()


@dataclass(slots=True)
class Asking:
    """A question to one base model.

    Attributes:
        model: the base model and how it is held.
        asks: those who can be asked, in the order of the columns.
        refused: why the others cannot, by column.
    """

    model: ModelSettings
    asks: list[Ask] = field(default_factory=list)
    refused: dict[int, UserError] = field(default_factory=dict)


class Shots:
    """The training examples that the best prompt shows, chosen anew when the examples are others."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._chosen: list[Example] = []

    def of(self, project: Project, count: int, asked: Example) -> list[Example]:
        """So many, without one that asks the same as ``asked``; reads all examples the first time."""
        store, share = project.store, project.recipe.heldout.share
        key = (project.path, store.revision, share, count)
        if key != self._key:
            out = store.heldout(share)
            train = (one for one in store.iterate(Query(status=Status.READY)) if one.id not in out)
            self._chosen = choose_shots(train, count + 1)  # the first of these may have to be left out
            self._key = key
        said = same_prompt(asked)
        return [one for one in self._chosen if same_prompt(one) != said][:count]


def prepare(
    project: Project,
    conversation: Conversation,
    number: int,
    columns: Sequence[int] = (),
    *,
    shots: Shots | None = None,
) -> Asking:
    """Find the adapters of the columns, and write down what each is asked with message ``number``.

    The base model is that of the first column with an adapter, or the one in the project's settings. Reads files.

    Args:
        project: whose adapters and prompt they are.
        conversation: columns and messages.
        number: of the message.
        columns: the ids of those who are asked; all of them unless given.
        shots: remembers what the best prompt shows from one message to the next.
    """
    found: dict[int, list[entries.Adapter]] = {}
    refused: dict[int, UserError] = {}
    for column in conversation.columns:
        try:
            found[column.id] = [entries.find(project, part.key) for part in column.parts]
        except (RunError, RecipeError) as error:
            refused[column.id] = error
    adapters = [adapter for column in conversation.columns for adapter in found.get(column.id, [])]
    asking = Asking(adapters[0].model if adapters else project.recipe.model)
    for column in conversation.columns:
        if columns and column.id not in columns:
            continue
        strange = next((one for one in found.get(column.id, []) if one.model != asking.model), None)
        if column.id in refused:
            asking.refused[column.id] = refused[column.id]
        elif strange is not None:
            asking.refused[column.id] = another_base(strange, asking.model)
        else:
            example = _asked(project, conversation, number, column, shots or Shots())
            weighted = zip(found[column.id], column.parts, strict=True)
            asking.asks.append(Ask(column.id, example, tuple((one.folder, part.weight) for one, part in weighted)))
    return asking


def _asked(project: Project, conversation: Conversation, number: int, column: Column, shots: Shots) -> Example:
    example = conversation.asked(number, column.id)
    if column.kind != "prompt":
        return example
    best = project.best_prompt
    return with_prompt(example, best, shots.of(project, best.examples, example) if best.examples else [])


def another_base(adapter: entries.Adapter, model: ModelSettings) -> UserError:
    """What to say of an adapter that cannot be put on a base model together with others."""
    name, other = catalogue.display_name(adapter.base), catalogue.display_name(model.base)
    if adapter.base != model.base:
        reason = f"It belongs to {name}; the others here answer with {other}, and one base model is loaded at a time."
    else:
        reason = (
            f"It was trained with {name} held or asked in another way (precision, chat template) than the others here."
        )
    return UserError(
        f"{adapter.title} cannot answer beside the others.",
        reason=reason,
        hint="Take the other adapters out of the columns, or this one.",
    )


def held_out(project: Project, conversation: Conversation) -> list[Example]:
    """Examples whose answers can be judged: those that the run of the first adapter held out, else the project's.

    Reads files.
    """
    for column in conversation.columns:
        for part in column.parts:
            try:
                run = entries.find(project, part.key).run
                if run is not None:
                    return run.heldout_examples()
            except (RunError, RecipeError, OSError):
                continue  # the column says so when it is asked
    return project.store.rows(sorted(project.store.heldout(project.recipe.heldout.share))[:MOST_HELDOUT])
