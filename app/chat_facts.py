"""What the Chat tab offers, and how it calls it: adapters, checkpoints, held-out examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app import format
from core.base_models import catalogue
from core.chat import asking
from core.chat import conversation as conversations
from core.chat.conversation import Column, Conversation, Part
from core.errors import RecipeError
from core.library import entries

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.project import Project
    from core.prompt.best import BestPrompt

BASE, PROMPT = "Base model", "Your best prompt"


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """What a project has to talk to.

    Attributes:
        adapters: titles by key, the newest first; without checkpoints.
        steps: the steps of the checkpoints of the adapters that the columns name, by key.
        held_out: questions nobody has to make up, with what is expected.
        base: what people call the base model.
        better: the examples that answers were corrected to and that are still there.
        prompt: what the best prompt is made of, in words; "" for none.
    """

    adapters: dict[str, str] = field(default_factory=dict)
    steps: dict[str, tuple[int, ...]] = field(default_factory=dict)
    held_out: tuple[Example, ...] = ()
    base: str = ""
    prompt: str = ""
    better: frozenset[int] = frozenset()

    def title(self, column: Column) -> str:
        """What a column is called."""
        if column.kind == "base":
            return BASE
        if column.kind == "prompt":
            return PROMPT
        return " + ".join(self.part_title(part) for part in column.parts)

    def part_title(self, part: Part) -> str:
        """What an adapter is called, with its step and its strength where they are not the usual ones."""
        words = self.adapters.get(part.run, f"{part.run} (gone)")
        if part.step is not None:
            words += f", step {format.count(part.step)}"
        return words if part.weight == 1 else f"{words} × {format.fixed(part.weight, 2)}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A project's conversation and what there is to talk to."""

    conversation: Conversation
    facts: ChatFacts


def opened(project: Project) -> Opened:
    """The conversation kept with a project; a new one begins with the base model and the newest adapter."""
    conversation = conversations.load(project.path)
    if conversation is None:
        if not project.read_only:
            conversations.put_aside(project.path)
        newest = next(iter(entries.adapters(project)), None)
        conversation = Conversation().beginning_with(newest.key if newest is not None else "")
    return Opened(conversation, read(project, conversation))


def read(project: Project, conversation: Conversation) -> ChatFacts:
    """What there is to talk to now."""
    adapters = {adapter.key: adapter for adapter in entries.adapters(project)}
    model = next(
        (adapters[part.run].model for column in conversation.columns for part in column.parts if part.run in adapters),
        project.recipe.model,
    )
    steps: dict[str, tuple[int, ...]] = {}
    for key in {part.run for column in conversation.columns for part in column.parts}:
        adapter = adapters.get(key)
        if adapter is not None and adapter.run is not None:
            steps[key] = _steps(adapter)
    return ChatFacts(
        adapters={key: adapter.title for key, adapter in adapters.items()},
        steps=steps,
        held_out=tuple(asking.held_out(project, conversation)),
        base=catalogue.display_name(model.base),
        prompt=_prompt_words(project.best_prompt),
        better=frozenset(one.id for one in project.store.rows(sorted(conversation.better))),
    )


def _prompt_words(best: BestPrompt) -> str:
    parts = ["your system prompt"] if best.system.strip() else []
    if best.examples:
        parts.append(format.plural(best.examples, "example"))
    return " and ".join(parts)


def _steps(adapter: entries.Adapter) -> tuple[int, ...]:
    assert adapter.run is not None
    try:
        return tuple(found.step for found in entries.checkpoints(adapter.run) if found.step is not None)
    except (RecipeError, OSError):
        return ()
