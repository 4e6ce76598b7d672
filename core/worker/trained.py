"""The trained model as an export is compared with: base model and adapter, what they say, and how well they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch
from transformers import GenerationConfig, PreTrainedModel
from transformers import logging as transformers_logging

from core.dataset.example import Example
from core.errors import UserError
from core.export.source import Source
from core.prompt.format import PromptFormat
from core.prompt.proof import prove
from core.prompt.tokens import Encoded
from core.recipe.schema import ModelSettings
from core.worker import device
from core.worker.adapters import Adapters
from core.worker.device import Device
from core.worker.model import load_base
from core.worker.reference import write_reference

PROMPTS = 20
_CONTINUATION = 16  # tokens that the model adds to each prompt
_LONGEST = 1024  # tokens of a prompt to compare with
_MOST_EXAMPLES = 100  # held-out examples that a loss is measured on
_BUDGET = 256 * 1024 * 1024  # bytes of logits
_OVERHEAD = 1.25  # of a model's weights, for what it computes with
# For an adapter without examples of its own.
_QUESTIONS = ("Good morning!", "What can you do?", "Write a short greeting.", "Tell me about the sea.")

Told = Callable[[int, int], object]


class NotEnoughMemory(UserError):  # noqa: N818 - a state of the machine
    """There is no room for a model that is not quantised."""

    def __init__(self, needed: int) -> None:
        super().__init__(
            "There is not enough memory for the model in 16 bit.",
            reason=f"It takes about {needed / 1e9:,.1f} GB.",
            hint="Close other programs, or export the adapter alone.",
        )


@contextmanager
def trained(source: Source, settings: ModelSettings, place: Device) -> Iterator[PreTrainedModel]:
    """The base model, held as ``settings`` say, with the adapter on it.

    Raises:
        ModelError: one of them cannot be loaded.
    """
    transformers_logging.set_verbosity_error()
    device.prepare(place)
    base = load_base(source.base_folder(), settings, place)
    base.generation_config = GenerationConfig()
    with Adapters(base).using(source.adapter) as model:
        yield model


def room_for(parameters: int, settings: ModelSettings) -> tuple[Device, ModelSettings]:
    """Where a model that is not quantised can be loaded, and how: the best device, else main memory.

    Raises:
        NotEnoughMemory: nowhere; the reason says how much it takes.
    """
    settings = settings.model_copy(update={"quantization": "none"})
    best = device.choose()
    needed = 0
    for place, held in ((best, settings), (_processor(), settings.model_copy(update={"compute_dtype": "bfloat16"}))):
        needed = int(parameters * place.compute_dtype(held).itemsize * _OVERHEAD)
        free = torch.cuda.mem_get_info()[0] if place.kind == "cuda" else psutil.virtual_memory().available
        if needed <= free:
            return place, held
    raise NotEnoughMemory(needed)


def examples_of(source: Source) -> list[Example]:
    """What to try it with."""
    return source.examples() or [Example(instruction=question) for question in _QUESTIONS]


def heldout_tokens(source: Source, prompt_format: PromptFormat) -> list[Encoded]:
    """The held-out examples that a loss is measured on, as tokens; empty when none was held out."""
    if source.run is None:
        return []
    longest = source.run.recipe().training.max_length
    proofs = [prove(prompt_format, example) for example in source.run.heldout_examples()[:_MOST_EXAMPLES]]
    encoded = [proof.encoded for proof in proofs if proof.encoded is not None and not proof.flaw]
    return [tokens for tokens in encoded if len(tokens.ids) <= longest]


def mean_loss(model: PreTrainedModel, examples: Sequence[Encoded], told: Told) -> float:
    """The cross entropy in nats per learnt token over all examples."""
    total, count = 0.0, 0
    for number, example in enumerate(examples, start=1):
        targets = [at for at in range(1, len(example.ids)) if example.supervised[at]]
        keep = torch.tensor(targets, device=model.device) - 1
        row = torch.tensor([example.ids], device=model.device)
        with torch.no_grad():
            logits = model(input_ids=row, use_cache=False, logits_to_keep=keep).logits[0].float()
        loss = torch.nn.functional.cross_entropy(logits, row[0, keep + 1], reduction="sum")
        total, count = total + float(loss), count + len(targets)
        told(number, len(examples))
    return total / max(1, count)


def keep_reference(model: PreTrainedModel, source: Source, prompt_format: PromptFormat, path: Path, told: Told) -> None:
    """Keep what the trained model says to prompts, and how it goes on greedily."""
    asked = [prompt_format.encode_prompt(example) for example in examples_of(source)[: 4 * PROMPTS]]
    fitting = [prompt for prompt in asked if len(prompt) <= _LONGEST][:PROMPTS]
    longer = [prompt[-_LONGEST:] for prompt in asked[:PROMPTS]]
    config = GenerationConfig(
        max_new_tokens=_CONTINUATION,
        do_sample=False,
        eos_token_id=list(prompt_format.end_ids),
        pad_token_id=prompt_format.pad_id,
        use_cache=True,
    )
    continued = []
    prompts = fitting or longer
    for number, prompt in enumerate(prompts, start=1):
        row = torch.tensor([prompt], device=model.device)
        with torch.no_grad():
            found = model.generate(input_ids=row, attention_mask=torch.ones_like(row), generation_config=config)
        continued.append(found[0].tolist())
        told(number, 2 * len(prompts))
    write_reference(
        model,
        continued,
        path,
        budget=_BUDGET,
        progress=lambda done, total: told(total + done, 2 * total),
    )


def _processor() -> Device:
    return Device("cpu", "CPU")
