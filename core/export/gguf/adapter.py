"""A LoRA adapter as GGUF, for ``llama.cpp --lora`` and Ollama's ADAPTER.

llama.cpp multiplies by alpha / rank, with one alpha for the file and the rank of each tensor
(``src/llama-adapter.h``). Whatever else PEFT multiplies by (rank-stabilised scaling, alphas of single layers) goes
into the matrix B, so that both compute the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from gguf import GGUFType, Keys

from core.base_models.stored import Numbers, StoredTensors
from core.export import adapter_config
from core.export.adapter_config import AdapterConfig
from core.export.gguf import families
from core.export.gguf.families import refused
from core.export.gguf.model import Names, in_pairs, rotated_heads
from core.export.gguf.plan import Plan, Planned, fields, held_as

_TENSOR = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<matrix>[AB])\.weight")
_MERGED = "Export the merged model as GGUF instead, or the adapter for Transformers and PEFT: those keep all of it."


def check(config: AdapterConfig) -> None:
    """Refuse what a GGUF adapter cannot hold.

    Raises:
        ModelError: with the part and what works instead.
    """
    if config.use_dora:
        raise refused("The adapter is a DoRA adapter; llama.cpp knows no magnitudes.", hint=_MERGED)
    if config.modules_to_save:
        parts = ", ".join(config.modules_to_save)
        raise refused(f"Some parts were trained in full ({parts}); a GGUF adapter holds none.", hint=_MERGED)


def plan(folder: Path, base: Path, *, form: str, title: str) -> Plan:
    """What the GGUF file of a PEFT folder holds.

    Args:
        folder: with adapter_config.json and adapter_model.safetensors.
        base: the folder of the base model.
        form: ``f32`` or ``f16``.
        title: what programs show as its name.

    Raises:
        ModelError: it cannot be written as GGUF, or a file is broken.
    """
    config = adapter_config.read(folder)
    check(config)
    numbers = families.read(base)
    says = fields(numbers.family.arch, form)
    says.add_type(GGUFType.ADAPTER)
    says.add_name(title)
    says.add_string(Keys.Adapter.TYPE, "lora")
    says.add_float32(Keys.Adapter.LORA_ALPHA, float(config.alpha))
    stored = StoredTensors([folder / adapter_config.WEIGHTS_FILE])
    pairs = _pairs(stored.names)
    names = Names(numbers)
    tensors = []
    for module, (a, b) in pairs.items():
        called = names.of(f"{module}.weight")
        if called == "output.weight" and numbers.tied:
            raise refused("The adapter changes the head, which is the embedding in this model.", hint=_MERGED)
        for suffix, name in (("lora_a", a), ("lora_b", b)):
            tensors.append(Planned(f"{called}.{suffix}", stored.shape(name), held_as(stored.shape(name), form)))

    def arrays() -> Iterator[Numbers]:
        for module, (a, b) in pairs.items():
            yield stored.read(a)
            heads = rotated_heads(f"{module}.weight", numbers)
            array = stored.read(b) * np.float32(factor(config, module, stored.shape(a)[0]))
            yield in_pairs(array, heads) if heads else array

    return Plan(says, tensors, arrays, numbers.notes)


def factor(config: AdapterConfig, module: str, rank: int) -> float:
    """By what B is multiplied, so that alpha / rank makes of it what PEFT computes for this module."""
    alpha = _of(config.alpha_pattern, module, config.alpha)
    wanted = alpha / math.sqrt(rank) if config.use_rslora else alpha / rank
    return wanted / (config.alpha / rank)


def _of(pattern: object, module: str, default: float) -> float:
    """The value for a module, as PEFT finds it: the key is the end of the module's path."""
    entries = pattern.items() if isinstance(pattern, dict) else ()
    return next((value for key, value in entries if module == key or module.endswith(f".{key}")), default)


def _pairs(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The names of both matrices for every module that has them."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _TENSOR.fullmatch(name)
        if match is None or "embed" in match["module"]:
            raise refused(f"The adapter has a part that a GGUF adapter cannot hold: {name[:100]}.", hint=_MERGED)
        found.setdefault(match["module"], {})[match["matrix"]] = name
    if not found or any(pair.keys() != {"A", "B"} for pair in found.values()):
        raise refused("Matrices of the adapter are missing.", hint="Take the adapter again from where it came from.")
    return {module: (pair["A"], pair["B"]) for module, pair in found.items()}
