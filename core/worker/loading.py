"""What a training job needs in memory: proven examples, the base model with proven gradients, its LoRA adapter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from peft import PeftModel

from core.base_models.facts import ModelFacts
from core.errors import RunError
from core.hardware import obstacles
from core.prompt.format import PromptFormat
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs.bundle import base_folder
from core.runs.event_file import EventWriter
from core.runs.events import Notice, Phase
from core.runs.folder import RunFolder
from core.worker import device
from core.worker.attention import use_packed_attention
from core.worker.device import Device
from core.worker.kernels import use_fast_kernels
from core.worker.lora import add_lora
from core.worker.model import gradient_error, load_base, parameter_counts
from core.worker.packing_proof import packs_exactly
from core.worker.prepare import Prepared, prepare
from core.worker.ranks import Ranks
from core.worker.sharding import shard

_LARGEST_GRADIENT_ERROR = 1e-3


@dataclass(slots=True)
class Loaded:
    """What training needs in memory; ``parameters`` counts those that are trained, and all."""

    model: PeftModel
    device: Device
    prompt_format: PromptFormat
    base: Path
    train: Prepared
    heldout: Prepared
    packs: bool
    """Whether examples may share a row."""
    parameters: tuple[int, int]


def load(run: RunFolder, recipe: Recipe, events: EventWriter, ranks: Ranks | None = None) -> Loaded:
    """Encode the examples of a run, load its base model, add LoRA; phases and notices are told as events.

    Raises:
        RunError: there is nothing to train on, an example cannot be trained, or gradients are wrong on this machine.
        ModelError: the base model cannot be loaded.
    """
    place = device.choose()
    device.prepare(place, processes=ranks.place.local_count if ranks else 1)
    base = base_folder(run)
    prompt_format = PromptFormat.load(base, template=recipe.model.template)
    train = _prepare(run, recipe, events, prompt_format, heldout=False)
    heldout = _prepare(run, recipe, events, prompt_format, heldout=True)
    if not train.tokens:
        raise RunError(
            "There is nothing to train on.",
            reason=f"All examples are longer than the maximum length of {recipe.training.max_length} tokens.",
            hint="Raise the maximum length.",
        )
    events.write(Phase(name="loading_model"))
    is_sharded = ranks is not None and ranks.count > 1 and recipe.training.sharding == "fsdp"
    if is_sharded:
        obstacles.check(with_settings(recipe, {"training.devices": "auto"}))
    model = load_base(base, recipe.model, place, to_shard=is_sharded)
    error = gradient_error(model)
    if error is not None and error > _LARGEST_GRADIENT_ERROR:
        raise RunError(
            "Training would learn from wrong gradients on this machine.",
            reason=f"The gradient through the quantised weights differs from the true one (error {error:.3f}).",
            hint="Set the precision of the base model to full, or update bitsandbytes.",
        )
    use_packed_attention(model)
    packs = packs_exactly(model)
    if not packs:
        events.write(
            Notice(
                message="Examples of this base model cannot share a row without seeing each other, so each is computed "
                "alone. The result is the same; it takes longer."
            )
        )
    ranks = ranks or Ranks()
    with ranks.first_one_first():  # what PiSSA takes out of the base model is worked out once
        adapted = add_lora(model, recipe, ModelFacts.read(base), run)
    ranks.begin_alike(adapted.parameters())
    parameters = parameter_counts(adapted)
    if is_sharded:
        if place.kind != "cpu" and recipe.training.gradient_checkpointing == "auto":
            # The model lies in main memory until now, where it is not worth while.
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        shard(adapted, place.torch_device, ranks.count)
        ranks.is_sharded = True
    else:
        use_fast_kernels(adapted, recipe, place)
    return Loaded(adapted, place, prompt_format, base, train, heldout, packs, parameters)


def _prepare(
    run: RunFolder, recipe: Recipe, events: EventWriter, prompt_format: PromptFormat, *, heldout: bool
) -> Prepared:
    def progress(done: int, total: int) -> None:
        events.write(Phase(name="preparing_examples", done=done, total=total))

    examples = run.heldout_examples() if heldout else run.train_examples()
    prepared = prepare(examples, prompt_format, recipe.training.max_length, progress)
    if prepared.too_long:
        kind = "held-out" if heldout else "training"
        listed = ", ".join(str(number) for number in prepared.too_long[:10])
        more = f" and {len(prepared.too_long) - 10} more" if len(prepared.too_long) > 10 else ""
        events.write(
            Notice(
                message=f"{len(prepared.too_long)} {kind} examples are longer than "
                f"{recipe.training.max_length} tokens and were left out: {listed}{more}.",
                hint="Raise the maximum length to include them.",
            )
        )
    return prepared
