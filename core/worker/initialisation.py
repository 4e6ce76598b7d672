"""Where an adapter begins: PEFT's standard, or matrices that are worked out from the weights of the base model.

PiSSA takes the largest singular values out of the base model and trains them. So that its adapter works on the base
model as it is, the trained one has both: what was learnt, and what was taken out with its sign turned round.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bitsandbytes as bnb
import bitsandbytes.functional
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.base_models.facts import ModelFacts
from core.base_models.weights import weight_files
from core.errors import ModelError, RunError
from core.files import write_atomically
from core.recipe.lora import LoraSettings

_ADAPTER = "default"
_EXACT = 1024  # smaller matrices are decomposed exactly; of larger ones the first values are found by iteration
_ITERATIONS = 16


def initialise(model: PeftModel, lora: LoraSettings, facts: ModelFacts, *, base: Path, taken_out: Path | None) -> None:
    """Give fresh LoRA matrices the values that the settings ask for; uses torch's random numbers.

    Args:
        model: with LoRA matrices as PEFT begins them.
        lora: the settings.
        facts: of the base model.
        base: its folder.
        taken_out: the file that keeps what PiSSA took out of the base model; a run that is taken up again must take
            out the very same. None when nothing of it will be needed again.
    """
    match lora.initialisation:
        case "orthogonal":
            for _, layer in _layers(model):
                _set(layer, *_orthogonal(layer))
        case "loftq":
            _correct_quantisation(model, facts, base)
        case "pissa":
            _take_out(model, taken_out)
        case _:
            pass


def as_plain_lora(
    weights: dict[str, torch.Tensor], config: dict[str, Any], taken_out: Path
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and configuration of an adapter for the base model as it is, whatever it began with.

    With PiSSA the base was W - s B0 A0, so s (B A - B0 A0) is what was learnt: matrices of twice the rank.
    """
    config = dict(config)
    if not taken_out.is_file():
        return weights, config
    before = _read_taken_out(taken_out)
    plain = {
        name: torch.cat([tensor, before[name]], 0)
        if ".lora_A." in name
        else torch.cat([tensor, -before[name]], 1)
        if ".lora_B." in name
        else tensor
        for name, tensor in weights.items()
    }
    # The scale stays alpha / r, or alpha / sqrt(r).
    config["lora_alpha"] *= math.sqrt(2) if config["use_rslora"] else 2
    config["r"] *= 2
    return plain, config


def _layers(model: PeftModel) -> Iterator[tuple[str, LoraLayer]]:
    for path, module in model.named_modules():
        if isinstance(module, LoraLayer):
            yield path, module


def _set(layer: LoraLayer, a: torch.Tensor, b: torch.Tensor) -> None:
    for matrix, values in ((layer.lora_A[_ADAPTER], a), (layer.lora_B[_ADAPTER], b)):
        matrix.weight.data.copy_(values)


def _orthogonal(layer: LoraLayer) -> tuple[torch.Tensor, torch.Tensor]:
    """A and B whose product is zero although neither is, as PEFT makes them ("orthogonal"; the rank must be even).

    Here in float32, whatever the base model is held in.
    """
    rank = layer.r[_ADAPTER]
    q, _ = torch.linalg.qr(torch.randn(rank, rank))
    a = torch.randn(layer.in_features, rank // 2) @ q[0::2]
    b = torch.randn(layer.out_features, rank // 2) @ q[1::2]
    return a.T / 10, b / 10


def _correct_quantisation(model: PeftModel, facts: ModelFacts, base: Path) -> None:
    """LoftQ (arXiv:2310.08659): begin with the best correction of what 4 bits lost, W - Q = s B A.

    One step of the paper's alternation, since Q stays the plain quantisation of W. PEFT's own function works on CUDA
    alone and leaves the scale s out.
    """
    paths = dict(_layers(model))
    for file in weight_files(base):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - a file, which has no iterator
                layer = _named(paths, name)
                if layer is None:
                    continue
                quantised = layer.get_base_layer()
                if not isinstance(quantised, bnb.nn.Linear4bit):
                    continue
                held = bitsandbytes.functional.dequantize_4bit(quantised.weight.data, quantised.weight.quant_state)
                weight = tensors.get_tensor(name).to(held.device, torch.float32)
                if facts.stores_inputs_first:
                    weight = weight.T
                _set(layer, *_halves(weight - held.float(), layer.r[_ADAPTER], layer.scaling[_ADAPTER]))
                paths = {path: other for path, other in paths.items() if other is not layer}
    if paths:
        raise ModelError(
            "LoftQ cannot begin on this base model.",
            reason=f"The weights of {len(paths)} layers were not found in its files, for example {next(iter(paths))}.",
            hint="Choose another way to begin.",
        )


def _named(paths: dict[str, LoraLayer], name: str) -> LoraLayer | None:
    """The layer whose weight has this name in the files, which may leave out the model's own prefix."""
    path = name.removesuffix(".weight")
    return next((layer for known, layer in paths.items() if known == path or known.endswith(f".{path}")), None)


def _take_out(model: PeftModel, kept: Path | None) -> None:
    """PiSSA (arXiv:2404.02948): begin with the largest singular values, and take them out of the base model."""
    before = _read_taken_out(kept) if kept is not None and kept.is_file() else {}
    is_new = not before
    for path, layer in _layers(model):
        base = layer.get_base_layer().weight
        weight = base.data.float().T if layer.fan_in_fan_out else base.data.float()
        names = f"{path}.lora_A.weight", f"{path}.lora_B.weight"
        scale = layer.scaling[_ADAPTER]
        if is_new:
            before |= dict(zip(names, _halves(weight, layer.r[_ADAPTER], scale), strict=True))
        a, b = (before[name].to(weight.device) for name in names)
        _set(layer, a, b)
        rest = weight - scale * (b @ a)
        base.data.copy_(rest.T if layer.fan_in_fan_out else rest)
    if kept is not None and is_new:
        tensors = {name: tensor.cpu().contiguous() for name, tensor in before.items()}
        write_atomically(kept, save(tensors, metadata={"format": "pt", "sha256": _digest(tensors)}))


def _read_taken_out(file: Path) -> dict[str, torch.Tensor]:
    """What was taken out, proven by its hash: a byte that changed would change the base model without a word."""
    try:
        with safe_open(file, framework="pt") as content:
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 - no iterator
            whole = (content.metadata() or {}).get("sha256") == _digest(tensors)
    except SafetensorError:
        whole = False
    if not whole:
        raise RunError(
            "This run cannot be resumed.",
            reason=f"{file.name}, which holds what PiSSA took out of the base model, is damaged.",
            hint="Start a new run with the same settings.",
            details=str(file),
        )
    return tensors


def _digest(tensors: dict[str, torch.Tensor]) -> str:
    return hashlib.sha256(save(tensors)).hexdigest()


def _halves(matrix: torch.Tensor, rank: int, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """A (rank, inputs) and B (outputs, rank) with scale * B A the best approximation of ``matrix``."""
    if min(matrix.shape) <= _EXACT:
        u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
        u, s, vh = u[:, :rank], s[:rank], vh[:rank]
    else:
        u, s, v = torch.svd_lowrank(matrix, q=rank, niter=_ITERATIONS)
        vh = v.T
    root = (s / scale).sqrt()
    return root[:, None] * vh, u * root
