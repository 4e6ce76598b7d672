"""The adapter in MLX's layout: written with one rank and the scale 1, read again by that layout and compared.

mlx-lm computes y + scale * (x A) B with A (inputs, rank) and B (rank, outputs).
"""

from __future__ import annotations

from typing import Any

from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import logging as transformers_logging

from core.base_models.facts import ModelFacts
from core.errors import ModelError
from core.export import mlx, sums
from core.export.card import file_card
from core.export.work import Work
from core.worker import device
from core.worker.export_adapter import note_what_it_says
from core.worker.merging import PREFIX, Changes
from core.worker.model import load_base
from core.worker.reference import as_findings, compare

_A, _B = ".lora_a", ".lora_b"
_LOADING = """## How to use it

On a Mac with Apple silicon, with the base model in MLX's format or as it is on the hub:

```
mlx_lm.generate --model BASE --adapter-path path/to/this/folder --prompt "…"
```

It was read again by its layout and compared with the trained model; MLX itself was not there to run it.
"""


def write(work: Work) -> dict[str, Any]:
    """Write the matrices, the configuration and the card, and note what the trained model says."""
    sums.check(work.source.adapter)
    rank, pairs = Changes(work.source.adapter).uniform()
    tensors = {path + _A: a.T.contiguous() for path, (a, _) in pairs.items()}
    tensors |= {path + _B: b.T.contiguous() for path, (_, b) in pairs.items()}
    save_file(tensors, work.folder / mlx.WEIGHTS_FILE, metadata={"format": "mlx"})
    layers = ModelFacts.read(work.source.base_folder()).layers
    config = mlx.dumps(mlx.configuration(pairs, rank=rank, layers=layers))
    (work.folder / mlx.CONFIG_FILE).write_text(config, encoding="utf-8", newline="\n")
    card = file_card(work.source, about="A LoRA adapter for {base}, for MLX.", loading=_LOADING)
    (work.folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return note_what_it_says(work)


def check(work: Work) -> dict[str, Any]:
    """Put what was written on the base model, as MLX would, and compare."""
    with work.meanwhile("A fresh process reads the file again and compares its answers", 0.0, 1.0):
        transformers_logging.set_verbosity_error()
        place = device.choose()
        device.prepare(place)
        base = load_base(work.source.base_folder(), work.source.model, place)
        rank, scale = mlx.read(work.folder)
        state = _as_peft(work)
        paths = sorted({name.removeprefix(PREFIX).partition(".lora_")[0] for name in state})
        settings = LoraConfig(r=rank, lora_alpha=rank * scale, target_modules=paths, task_type="CAUSAL_LM")
        model = get_peft_model(base, settings).eval()
        loaded = set_peft_model_state_dict(model, state)
        if loaded.unexpected_keys:
            raise ModelError("The exported adapter is damaged.", reason=f"Unknown: {loaded.unexpected_keys[0]}.")
        found = as_findings(compare(model, work.reference))
    return {**found, "device": place.kind, "reader": "layout of mlx-lm"}


def _as_peft(work: Work) -> dict[str, Any]:
    try:
        tensors = load_file(work.folder / mlx.WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        raise ModelError("The exported adapter is damaged.", reason=str(error)) from error
    ends = {_A: ".lora_A.weight", _B: ".lora_B.weight"}
    return {PREFIX + name[: -len(_A)] + ends[name[-len(_A) :]]: tensor.T for name, tensor in tensors.items()}
