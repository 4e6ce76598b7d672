"""Whether a run fits into the memory that is free, and the cheapest change of settings that makes it fit."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.base_models.facts import ModelFacts
from core.hardware.memory import Estimate, Kind, estimate, is_checkpointing
from core.hardware.usage import MemoryUse, memory_use
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe

_TIGHT = 0.9  # of the free memory: estimates are some 10 % off, and other programs want some too
_SHORTEST_PASS = 512


class Verdict(StrEnum):
    """How an estimate compares with the free memory."""

    FITS = "fits"
    TIGHT = "tight"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Fit:
    """An estimate beside the memory it has to fit into.

    Attributes:
        needs: what the run takes.
        memory: in use and in all, of the graphics card or the machine.
        changes: settings (name to value) that make it fit; None when it does already, empty when nothing helps.
    """

    needs: Estimate
    memory: MemoryUse
    changes: dict[str, Any] | None

    @property
    def free_bytes(self) -> int:
        """What other programs leave."""
        return max(0, self.memory.total - self.memory.used)

    @property
    def verdict(self) -> Verdict:
        """In a word."""
        return compared(self.needs.total_bytes, self.free_bytes)


def fit(facts: ModelFacts, recipe: Recipe, memory: MemoryUse | None = None) -> Fit:
    """Compare what a run needs with what is free now (asking the graphics card takes up to some 100 ms)."""
    memory = memory or memory_use()
    kind = kind_of(memory)
    needs = estimate(facts, recipe, kind)
    free = max(0, memory.total - memory.used)
    if compared(needs.total_bytes, free) is not Verdict.TOO_LARGE:
        return Fit(needs, memory, None)
    for changes in _cheaper(recipe, kind):
        smaller = estimate(facts, with_settings(recipe, changes), kind)
        if compared(smaller.total_bytes, free) is Verdict.FITS:
            return Fit(needs, memory, changes)
    return Fit(needs, memory, {})


def kind_of(memory: MemoryUse) -> Kind:
    """The kind of device that this memory belongs to; the training process chooses in the same order."""
    if memory.is_gpu:
        return "cuda"
    return "mps" if sys.platform == "darwin" and platform.machine() == "arm64" else "cpu"


def saving_most(facts: ModelFacts, recipe: Recipe, kind: Kind, count: int = 2) -> list[tuple[str, Any]]:
    """The settings worth changing when one example alone is too much: those that save most, each by itself.

    Args:
        facts: of the base model.
        recipe: the settings that need too much.
        kind: where it is trained.
        count: how many are wanted at most.

    Returns:
        Settings and their new values, what saves most first.
    """
    training, lora = recipe.training, recipe.lora
    passes = max(64, min(training.tokens_per_pass, training.max_length))
    alone = with_settings(recipe, {"training.tokens_per_pass": passes, "training.gradient_checkpointing": "on"})
    changes: list[tuple[str, Any]] = [("training.max_length", max(16, training.max_length // 2))]
    if lora.rank > 4:
        changes.append(("lora.rank", lora.rank // 2))
    if recipe.model.quantization != "nf4" and kind != "mps":
        changes.append(("model.quantization", "nf4"))

    def needs(change: tuple[str, Any]) -> int:
        name, value = change
        passes = {"training.tokens_per_pass": max(64, value)} if name == "training.max_length" else {}
        return estimate(facts, with_settings(alone, {name: value, **passes}), kind).total_bytes

    return sorted(changes, key=needs)[:count]


def _cheaper(recipe: Recipe, kind: Kind) -> Iterator[dict[str, Any]]:
    """Sets of changes, each with the one before, from what costs nothing to what costs quality."""
    training = recipe.training
    changes: dict[str, Any] = {}
    passes = training.tokens_per_pass
    while passes // 2 >= max(_SHORTEST_PASS, training.max_length):
        passes //= 2
        changes["training.tokens_per_pass"] = passes
        yield dict(changes)
    if not is_checkpointing(recipe, kind):
        changes["training.gradient_checkpointing"] = "on"
        yield dict(changes)
    if recipe.model.quantization != "nf4" and kind != "mps":
        changes["model.quantization"] = "nf4"
        yield dict(changes)
    if not recipe.model.double_quantization:
        changes["model.double_quantization"] = True
        yield dict(changes)
    for rank in (16, 8, 4):
        if rank < recipe.lora.rank:
            changes |= {"lora.rank": rank, "lora.alpha": max(1, round(recipe.lora.alpha * rank / recipe.lora.rank))}
            yield dict(changes)
    length = training.max_length
    while length // 2 >= 256:
        length //= 2
        passes = min(passes, max(_SHORTEST_PASS, length))
        changes |= {"training.max_length": length, "training.tokens_per_pass": passes}
        yield dict(changes)


def compared(needs: int, free: int) -> Verdict:
    """What is needed beside what there is, in a word."""
    if needs <= _TIGHT * free:
        return Verdict.FITS
    return Verdict.TIGHT if needs <= free else Verdict.TOO_LARGE
