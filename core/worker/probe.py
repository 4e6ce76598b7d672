"""What the training libraries can do on this machine: a five-second test that ``tunesmith doctor`` reads as JSON."""

from __future__ import annotations

import json
from importlib.metadata import version

import bitsandbytes as bnb
import torch

from core.worker import device
from core.worker.model import gradient_error, keep_cpu_gradients_right

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets")


def probe() -> int:
    """Print one JSON object: versions, device, memory, whether a 4-bit layer trains rightly."""
    place = device.choose()
    device.prepare(place)
    layer = bnb.nn.Linear4bit(256, 256, bias=False, compute_dtype=torch.float32, quant_type="nf4")
    model = torch.nn.Sequential(layer) if place.kind == "mps" else torch.nn.Sequential(layer).to(place.torch_device)
    keep_cpu_gradients_right(model)
    error = gradient_error(model) if place.kind != "mps" else None
    memory = torch.cuda.mem_get_info() if place.kind == "cuda" else None
    result = {
        "versions": {name: version(name) for name in _LIBRARIES},
        "device": place.kind,
        "device_name": place.name,
        "gpu_free_bytes": memory[0] if memory else None,
        "gpu_total_bytes": memory[1] if memory else None,
        "bfloat16": place.kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False),
        "nf4_gradient_error": error,
    }
    print(json.dumps(result))  # noqa: T201 - the answer of this job
    return 0
