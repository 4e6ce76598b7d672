"""The adapter for MLX as a form of export: mlx-lm's own names and layout, for Apple silicon."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.base_models.reading import read_object
from core.errors import ModelError
from core.export.form import Facts, Form, Step
from core.export.words import base_in_command, quoted

WEIGHTS_FILE, CONFIG_FILE = "adapters.safetensors", "adapter_config.json"
# Whose modules have the same names in mlx-lm as in Transformers.
_KNOWN = frozenset(("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3"))
_LAYER = re.compile(r"model\.layers\.\d+\.(?P<inside>.+)")
_CARD = 20_000  # bytes, with the configuration
_OTHER_FORMS = "The merged model works with it: mlx-lm converts Transformers' folders."


def configuration(paths: Iterable[str], *, rank: int, layers: int) -> dict[str, Any]:
    """adapter_config.json for matrices of one rank with the scale 1, on these modules."""
    inside = {match["inside"] for path in paths if (match := _LAYER.fullmatch(path))}
    parameters = {"rank": rank, "scale": 1.0, "dropout": 0.0, "keys": sorted(inside)}
    return {"fine_tune_type": "lora", "num_layers": layers, "lora_parameters": parameters}


def read(folder: Path) -> tuple[int, float]:
    """Rank and scale of an exported adapter.

    Raises:
        ModelError: its configuration is damaged.
    """
    values = read_object(folder / CONFIG_FILE).get("lora_parameters")
    rank, scale = (values.get("rank"), values.get("scale")) if isinstance(values, dict) else (None, None)
    if not isinstance(rank, int) or not isinstance(scale, float):
        raise ModelError("The exported adapter is damaged.", reason=f"{CONFIG_FILE} has no rank or no scale.")
    return rank, scale


def dumps(values: Mapping[str, Any]) -> str:
    """The configuration as a file."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _refusal(facts: Facts) -> str:
    if facts.config.use_dora:
        return f"It was trained with DoRA, which this form cannot hold. {_OTHER_FORMS}"
    if facts.config.modules_to_save:
        parts = ", ".join(dict.fromkeys(name.rpartition(".")[2] for name in facts.config.modules_to_save))
        return f"Parts of the model were trained in full ({parts}), which this form cannot hold. {_OTHER_FORMS}"
    if facts.base.model_type not in _KNOWN:
        return f"How mlx-lm names the parts of a {facts.base.model_type} model is not known here. {_OTHER_FORMS}"
    return ""


def _remark(facts: Facts) -> str:
    if facts.model.quantization == "none":
        return ""
    return "MLX holds 4-bit models in a format of its own, so answers may differ a little from those in training."


def _size(facts: Facts, _chosen: Mapping[str, str]) -> int:
    ranks = [facts.config.rank, *(facts.config.rank_pattern or {}).values()]
    return facts.adapter_bytes * max(ranks) // min(ranks) + _CARD


def _next_steps(path: Path, facts: Facts) -> tuple[Step, ...]:
    base = base_in_command(facts.model.base, facts.folder)
    command = f'mlx_lm.generate --model {base} --adapter-path {quoted(path)} --prompt "…"'
    return (Step("On a Mac with Apple silicon:", command),)


FORM = Form(
    id="mlx",
    title="MLX adapter",
    readers="mlx-lm on Apple silicon",
    about="The small file that was trained, in the layout of mlx-lm. Whoever uses it needs the base model as well.",
    refusal=_refusal,
    size=_size,
    next_steps=_next_steps,
    remark=_remark,
)
