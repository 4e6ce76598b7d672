"""Adapters as other people may send them: for the starter model, or made to do harm. Their weights are zeros."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core import paths
from core.base_models.facts import ModelFacts

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"
CONFIG = {
    "peft_type": "LORA",
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["q_proj", "v_proj"],
    "base_model_name_or_path": "tunesmith-starter",
}


@cache
def starter_facts() -> ModelFacts:
    """What is known of the starter."""
    return ModelFacts.read(paths.starter_model())


def shapes(rank: int = 4, *, modules: tuple[str, ...] = ("q_proj", "v_proj")) -> dict[str, list[int]]:
    """The matrices of an adapter for the starter."""
    found: dict[str, list[int]] = {}
    for path, (outputs, inputs) in starter_facts().linear.items():
        if path.rpartition(".")[2] in modules:
            found[f"base_model.model.{path}.lora_A.weight"] = [rank, inputs]
            found[f"base_model.model.{path}.lora_B.weight"] = [outputs, rank]
    return found


def write_weights(file: Path, tensors: Mapping[str, list[int]], *, dtype: str = "F32") -> None:
    """A safetensors file of zeros."""
    header: dict[str, Any] = {}
    at = 0
    for name, shape in tensors.items():
        size = {"F32": 4, "F16": 2, "I64": 8}[dtype]
        for number in shape:
            size *= number
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))


def foreign(folder: Path, *, tensors: Mapping[str, list[int]] | None = None, **config: object) -> Path:
    """A PEFT folder for the starter, with changes to its configuration."""
    folder.mkdir(parents=True)
    (folder / CONFIG_FILE).write_text(json.dumps({**CONFIG, **config}), encoding="utf-8")
    write_weights(folder / WEIGHTS_FILE, shapes() if tensors is None else tensors)
    return folder


def zipped(folder: Path, target: Path, *, inside: str = "") -> Path:
    """A zip file of a folder's files."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, f"{inside}{path.relative_to(folder).as_posix()}")
    return target
