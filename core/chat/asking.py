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
from core.dataset.split import MOST_HELDOUT, by_lot, same_prompt
from core.errors import RecipeError, RunError, UserError
from core.evaluation.prompting import choose_shots, with_prompt
from core.library import entries
from core.recipe.choices import OWN
from core.recipe.schema import ModelSettings

if TYPE_CHECKING:
    from core.project import Project


@dataclass(frozen=True, slots=True)
class Ask:
    """What one column is asked, with which weighted adapters, and written with which chat template."""

    column: int
    example: Example
    adapters: tuple[tuple[Path, float], ...] = ()
    template: str = ""


@dataclass(slots=True)
class Asking:
    """A question to one base model.

    Attributes:
        model: the base model and how it is held; each is asked with a template of its own.
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
    model = adapters[0].model if adapters else project.recipe.model
    asking = Asking(held(model))
    for column in conversation.columns:
        if columns and column.id not in columns:
            continue
        own = found.get(column.id, [])
        refusal = refused.get(column.id) or why_not(own, asking.model)
        if refusal is not None:
            asking.refused[column.id] = refusal
        else:
            example = _asked(project, conversation, number, column, shots or Shots())
            weighted = tuple((one.folder, part.weight) for one, part in zip(own, column.parts, strict=True))
            template = own[0].model.template if own else model.template
            asking.asks.append(Ask(column.id, example, weighted, template))
    return asking


def _asked(project: Project, conversation: Conversation, number: int, column: Column, shots: Shots) -> Example:
    example = conversation.asked(number, column.id)
    if column.kind != "prompt":
        return example
    best = project.best_prompt
    return with_prompt(example, best, shots.of(project, best.examples, example) if best.examples else [])


def held(model: ModelSettings) -> ModelSettings:
    """A base model and how it is held in memory, without how it is asked."""
    return model.model_copy(update={"chat_template": OWN, "written_template": ""})


def why_not(adapters: Sequence[entries.Adapter], model: ModelSettings) -> UserError | None:
    """Why adapters cannot answer as one on a base model that is held like this; None if they can."""
    strange = next((one for one in adapters if held(one.model) != held(model)), None)
    if strange is not None:
        return _another_base(strange, model)
    if len({one.model.template for one in adapters}) > 1:
        return UserError(
            "These adapters cannot be mixed.",
            reason="They were trained with different chat templates, and a question is written with one.",
            hint="Let each answer alone.",
        )
    return None


def _another_base(adapter: entries.Adapter, model: ModelSettings) -> UserError:
    name, other = catalogue.display_name(adapter.base), catalogue.display_name(model.base)
    if adapter.base != model.base:
        reason = f"It belongs to {name}; the others here answer with {other}, and one base model is loaded at a time."
    else:
        reason = f"It was trained with {name} held in memory in another way (its precision) than the others here."
    return UserError(
        f"{adapter.title} cannot answer beside the others.",
        reason=reason,
        hint="Take the other adapters out of the columns, or this one.",
    )


def held_out(project: Project, conversation: Conversation) -> list[Example]:
    """Examples whose answers can be judged: those that the run of the first adapter held out, else the project's.

    In the order in which a comparison has them, so that they have the same numbers. Reads files.
    """
    for column in conversation.columns:
        for part in column.parts:
            try:
                run = entries.find(project, part.key).run
                if run is not None:
                    return by_lot(run.heldout_examples())
            except (RunError, RecipeError, OSError):
                continue  # the column says so when it is asked
    out = project.store.rows(sorted(project.store.heldout(project.recipe.heldout.share)))
    return by_lot(out)[:MOST_HELDOUT]
