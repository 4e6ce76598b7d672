"""Doing once, small and for nothing, what the first steps of a run do, so that a run finds it done.

Libraries import, compile patterns and set up kernels at first use; that took a second of the time to the first step.
"""

from __future__ import annotations

import gc
import sys
import traceback

import torch

from core import paths
from core.base_models.facts import ModelFacts
from core.dataset.example import Example
from core.prompt.format import PromptFormat
from core.recipe.schema import Recipe
from core.worker import device
from core.worker.attention import use_packed_attention
from core.worker.batches import Tokens, pack
from core.worker.device import Device
from core.worker.kernels import use_fast_kernels
from core.worker.loop import summed_loss
from core.worker.lora import add_lora
from core.worker.model import gradient_error, load_base
from core.worker.packing_proof import packs_exactly
from core.worker.samples import Sampler

_EXAMPLE = Example(id=1, instruction="Good morning", output="Good evening")


def warm_up() -> None:
    """Load the embedded base model on the CPU, learn from one example, answer it, and forget all of it.

    Random state and the number of threads are as before. What goes wrong here, goes wrong again in the run, which has
    words for it.
    """
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    try:
        _rehearse()
    except Exception:  # noqa: BLE001 - nothing depends on it; the log keeps it
        traceback.print_exc(file=sys.stderr)
    torch.random.set_rng_state(before)
    torch.set_num_threads(threads)
    gc.collect()


def _rehearse() -> None:
    place = Device("cpu", "CPU")
    device.prepare(place)
    folder, recipe = paths.starter_model(), Recipe()
    prompt_format = PromptFormat.load(folder)
    encoded = prompt_format.encode(_EXAMPLE)
    model = load_base(folder, recipe.model, place)
    gradient_error(model)
    use_packed_attention(model)
    packs_exactly(model)
    adapted = add_lora(model, recipe, ModelFacts.read(folder))
    use_fast_kernels(adapted, recipe, place)
    adapted.train()
    (row,) = pack([Tokens(encoded.ids, encoded.supervised)], len(encoded.ids))
    summed_loss(adapted, row).backward()  # type: ignore[no-untyped-call]
    list(Sampler(prompt_format, [_EXAMPLE]).answers(adapted, 0))
