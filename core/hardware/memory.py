"""How much memory a run would need, worked out from the settings and the model's headers; nothing is loaded.

The activations are counted from what PyTorch keeps for the backward pass of a decoder layer with LoRA on its linear
layers (read off with ``torch.autograd.graph.saved_tensors_hooks`` for Llama shapes in float32 and under bfloat16
autocast; ``tests/worker/test_memory_estimate.py`` does it again). Where a figure is a rule of thumb it says so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from core.base_models.facts import ModelFacts
from core.base_models.families import PLAIN_HEADS, logits_at_once
from core.recipe.schema import Recipe

Kind = Literal["cuda", "mps", "cpu"]

_NF4 = 0.5 + 4 / 64  # bytes a weight: four bits, and a float32 scale for each 64 (arXiv:2305.14314)
_NF4_DOUBLE = 0.5 + 1 / 64 + 4 / (64 * 256)
_BLOCK = 4 / 256  # bytes a number of an 8-bit moment: the scale of its block
_PROCESS = 440_000_000  # bytes of a training process on a CPU before it loads a model (measured)
_CUDA_CONTEXT = 700_000_000  # bytes: a CUDA context with cuBLAS workspaces; a rule of thumb
# Bytes a parameter when all are trained in mixed precision (arXiv:1910.02054): 16-bit weights and gradients; the
# optimizer keeps a float32 copy and two moments.
_FULL = {"base_model": 2, "gradients": 2, "optimizer": 12}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes by part, in the order in which a person would add them up.

    Attributes:
        parts: ``base_model``, ``adapter`` (float32), ``gradients``, ``optimizer``, ``activations``, ``predictions``
            (logits of the supervised positions), ``overhead``.
        trainable_parameters: numbers that are trained.
        total_parameters: of the base model.
        tokens: of the longest packed row that was reckoned with.
        checkpointing: whether activations are computed twice to save memory.
        full_parts: bytes by part if all parameters were trained in mixed precision, for comparison.
    """

    parts: dict[str, int]
    trainable_parameters: int
    total_parameters: int
    tokens: int
    checkpointing: bool
    full_parts: dict[str, int]

    @property
    def total_bytes(self) -> int:
        """All parts together."""
        return sum(self.parts.values())

    @property
    def full_fine_tuning(self) -> int:
        """Bytes that training all parameters would take."""
        return sum(self.full_parts.values())


def estimate(facts: ModelFacts, recipe: Recipe, kind: Kind, *, supervised_share: float = 0.5) -> Estimate:
    """What a run takes at its peak on a device of this kind.

    Args:
        facts: of the base model.
        recipe: the settings.
        kind: where it is trained.
        supervised_share: of a row's tokens; the head runs on those alone.
    """
    width = _width(recipe, kind)
    trainable = facts.trainable_parameters(recipe.lora)
    tokens = longest_row(recipe)
    checkpointing = is_checkpointing(recipe, kind)
    parts = {
        "base_model": _base_model(facts, recipe, width),
        "adapter": 4 * trainable,
        "gradients": 4 * trainable,
        "optimizer": round(trainable * _optimizer(recipe, kind)),
        "activations": _activations(facts, recipe, width, tokens, checkpointing=checkpointing),
        "predictions": _predictions(facts, recipe, kind, width, round(tokens * supervised_share)),
        "overhead": _CUDA_CONTEXT if kind == "cuda" else _PROCESS,
    }
    full = {name: facts.parameters * each for name, each in _FULL.items()}
    full |= {name: parts[name] for name in ("activations", "predictions", "overhead")}
    return Estimate(parts, trainable, facts.parameters, tokens, checkpointing, full)


def longest_row(recipe: Recipe) -> int:
    """Tokens of the longest packed row that can come: a batch, cut where a row is full; one example always fits."""
    training = recipe.training
    return min(max(training.tokens_per_pass, training.max_length), training.batch_size * training.max_length)


def is_checkpointing(recipe: Recipe, kind: Kind) -> bool:
    """Whether the settings mean gradient checkpointing on this device."""
    chosen = recipe.training.gradient_checkpointing
    return chosen == "on" or (chosen == "auto" and kind != "cpu")


def _optimizer(recipe: Recipe, kind: Kind) -> float:
    """Bytes a trained number that the optimizer keeps: its moments, in 32 or in 8 bits."""
    chosen = recipe.training.optimizer
    if chosen == "auto":
        chosen = "paged_adamw_8bit" if kind == "cuda" else "adamw_torch"
    if chosen == "sgd":
        return 0.0
    if chosen == "adafactor":
        return 0.1  # sums over rows and columns: a rule of thumb for matrices of low rank
    moments = 3 if "ademamix" in chosen else 2 if "adamw" in chosen else 1
    return moments * (1 + _BLOCK if chosen.endswith("8bit") else 4.0)


def _width(recipe: Recipe, kind: Kind) -> int:
    """Bytes of a number in the forward pass."""
    chosen = recipe.model.compute_dtype
    if chosen == "auto":
        return 4 if kind == "cpu" else 2
    return 4 if chosen == "float32" else 2


def _base_model(facts: ModelFacts, recipe: Recipe, width: int) -> int:
    """The weights: linear layers as quantised, embeddings, norms and head in the compute precision."""
    linear = sum(outputs * inputs for outputs, inputs in facts.linear.values())
    rest = (facts.parameters - linear) * width
    match recipe.model.quantization:
        case "nf4":
            each = _NF4_DOUBLE if recipe.model.double_quantization else _NF4
        case "int8":
            each = 1.0
        case _:
            each = width
    rows = sum(outputs for outputs, _ in facts.linear.values()) if recipe.model.quantization == "int8" else 0
    return round(linear * each) + 4 * rows + rest


def _activations(facts: ModelFacts, recipe: Recipe, width: int, tokens: int, *, checkpointing: bool) -> int:
    """What is kept for the backward pass, and the largest weight that is unpacked on the way."""
    layers = _layers(facts, recipe)
    each = [_layer_bytes(facts, recipe, width, layer) for layer in layers]
    kept = facts.hidden_size * width * len(layers) + max(each, default=0.0) if checkpointing else sum(each)
    # The backward pass holds the gradients of one layer beside what was kept: about half of what it keeps.
    passing = max(each, default=0.0) / 2
    fixed = [_dora_bytes(recipe, width, layer) for layer in layers]
    whole = max(fixed, default=0) if checkpointing else sum(fixed)
    unpacked = max((outputs * inputs for outputs, inputs in facts.linear.values()), default=0) * width
    ends = 4 * facts.hidden_size * width  # embedding and the last norm
    return round(tokens * (kept + passing + ends)) + whole + (unpacked if recipe.model.quantization != "none" else 0)


def _predictions(facts: ModelFacts, recipe: Recipe, kind: Kind, width: int, positions: int) -> int:
    """The logits, a float32 copy of them, their softmax and its gradient: of a slice at a time where that is had."""
    logits = positions * facts.vocab_size
    gradient = 0
    if facts.model_type in PLAIN_HEADS and not recipe.lora.modules_to_save:
        logits = min(logits, max(logits_at_once(kind), facts.vocab_size))
        gradient = positions * facts.hidden_size * width
    return logits * (12 + (width if width < 4 else 0)) + gradient


def _layers(facts: ModelFacts, recipe: Recipe) -> list[list[tuple[int, int, bool]]]:
    """The linear layers (outputs, inputs, whether one has an adapter) by decoder layer."""
    targeted = set(facts.targeted(recipe.lora))
    grouped: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    for path, (outputs, inputs) in facts.linear.items():
        number = next((part for part in path.split(".") if part.isdecimal()), "")
        grouped[number].append((outputs, inputs, path in targeted))
    return list(grouped.values())


def _layer_bytes(facts: ModelFacts, recipe: Recipe, width: int, layer: list[tuple[int, int, bool]]) -> float:
    """Bytes a token that a decoder layer keeps for its backward pass."""
    outputs = sum(out for out, _, _ in layer)
    widest = max(inputs for _, inputs, _ in layer)
    adapted = [inputs for _, inputs, has_adapter in layer if has_adapter]
    # DoRA is computed by PEFT; all else in fused layers (core/worker/fused.py), which keep less.
    norms = (3 if width == 4 else 9 if recipe.lora.use_dora else 5) * facts.hidden_size  # in 16 bit with float32 copies
    kept = width * (outputs + norms + 2 * widest + recipe.lora.rank * len(adapted))
    if recipe.lora.dropout > 0 and adapted:
        kept += width * sum(adapted)  # the mask of every adapted layer
        if recipe.lora.use_dora:  # and its own input, instead of one shared by those side by side
            kept += width * sum(adapted) - (width * (2 * facts.hidden_size + widest) if width == 4 else 0)
    if recipe.lora.use_dora:
        kept += 2 * width * sum(out for out, _, has_adapter in layer if has_adapter)
    return float(kept)


def _dora_bytes(recipe: Recipe, width: int, layer: list[tuple[int, int, bool]]) -> int:
    """Bytes that a decoder layer keeps with DoRA, however few the tokens: PEFT works B A out with a unit matrix.

    With dropout it computes the base product anew, from an unpacked copy of the weight.
    """
    if not recipe.lora.use_dora:
        return 0
    shapes = [(out, inputs) for out, inputs, has_adapter in layer if has_adapter]
    numbers = sum(inputs * (inputs + recipe.lora.rank) for _, inputs in shapes)
    if recipe.lora.dropout > 0 and (recipe.model.quantization != "none" or width < 4):
        numbers += sum(out * inputs for out, inputs in shapes)
    return width * numbers
