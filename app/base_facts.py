"""What can be found out of a base model before it is loaded, and in words."""

from __future__ import annotations

from dataclasses import dataclass

from app import format
from core.base_models.catalogue import resolve
from core.base_models.facts import ModelFacts
from core.errors import UserError


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """The facts of a base model, or why there are none."""

    base: str
    facts: ModelFacts | None
    error: UserError | None


def read(base: str) -> BaseFacts:
    """Read config and headers (not for the drawing thread)."""
    try:
        return BaseFacts(base, ModelFacts.read(resolve(base)), None)
    except UserError as error:
        return BaseFacts(base, None, error)


def describe(facts: ModelFacts) -> str:
    """What it is, in a line or two."""
    parts = [
        facts.architecture.removesuffix("ForCausalLM") or facts.model_type,
        f"{format.count(facts.parameters)} parameters",
        f"{format.count(facts.layers)} layers",
        f"{format.size(facts.size_bytes)} on disk",
    ]
    if facts.context_length:
        parts.append(f"up to {format.count(facts.context_length)} tokens")
    parts.append("with a chat template" if facts.has_chat_template else "no chat template: Alpaca text is used")
    return " · ".join(parts)
