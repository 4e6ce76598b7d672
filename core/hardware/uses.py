"""What a base model needs of memory for each thing that it can be used for, and whether this machine has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.base_models.facts import ModelFacts
from core.hardware.fitting import Verdict, compared, kind_of
from core.hardware.memory import Kind, estimate
from core.hardware.usage import MemoryUse
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe

Use = Literal["qlora", "lora", "chat"]
TITLES: dict[Use, str] = {"qlora": "Training in 4-bit (QLoRA)", "lora": "Training in 16-bit (LoRA)", "chat": "Chat"}
_CHAT_TOKENS = 4096  # of conversation that are kept in mind
_BYTES_A_PARAMETER = 0.6  # in 4-bit with double quantisation; embeddings and norms stay in 16
_BESIDES = 2.5e9  # bytes: adapter, optimizer, activations of short rows, the process itself


@dataclass(frozen=True, slots=True)
class Need:
    """One use: bytes that it takes, and how that compares with the memory."""

    use: Use
    bytes: int
    verdict: Verdict


def needs(facts: ModelFacts, memory: MemoryUse) -> tuple[Need, ...]:
    """What each use takes; compared with all of the memory, not with what is free this minute."""
    kind = kind_of(memory)
    recipe = Recipe()
    if facts.context_length:
        length = min(recipe.training.max_length, facts.context_length)
        recipe = with_settings(recipe, {"training.max_length": length})
    in_full = with_settings(recipe, {"model.quantization": "none"})
    sizes: dict[Use, int] = {
        "qlora": estimate(facts, recipe, kind).total_bytes,
        "lora": estimate(facts, in_full, kind).total_bytes,
        "chat": _chat(facts, recipe, kind),
    }
    return tuple(Need(use, size, compared(size, memory.total)) for use, size in sizes.items())


def rough_need(parameters: int) -> int:
    """Bytes for training in 4-bit, from the number of parameters alone: a rule of thumb, for models not yet here."""
    return round(parameters * _BYTES_A_PARAMETER + _BESIDES)


def rough_verdict(parameters: int, memory: MemoryUse) -> Verdict:
    """How :func:`rough_need` compares with all of the memory."""
    return compared(rough_need(parameters), memory.total)


def _chat(facts: ModelFacts, recipe: Recipe, kind: Kind) -> int:
    """Weights, process, and keys and values of a conversation, as if every head had its own: more than most need."""
    parts = estimate(facts, recipe, kind).parts
    width = 4 if kind == "cpu" else 2
    tokens = min(_CHAT_TOKENS, facts.context_length or _CHAT_TOKENS)
    return parts["base_model"] + parts["overhead"] + 2 * facts.layers * facts.hidden_size * width * tokens
