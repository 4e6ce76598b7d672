"""Putting a LoRA adapter on a loaded base model, as the recipe says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import ModulesToSaveWrapper
from safetensors import SafetensorError
from torch import nn
from transformers import PreTrainedModel

from core.base_models.facts import ModelFacts
from core.errors import ModelError
from core.export import adapter_config
from core.hardware.obstacles import check
from core.recipe.lora import ALL_LINEAR, ATTENTION
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder
from core.worker.initialisation import initialise
from core.worker.loop import load_adapter_state


def lora_config(recipe: Recipe, facts: ModelFacts) -> LoraConfig:
    """PEFT's settings for an adapter; the recipe must have no obstacles."""
    lora = recipe.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(recipe, facts),
        use_rslora=lora.use_rslora,
        use_dora=lora.use_dora,
        # The others are put in the place of the standard by core.worker.initialisation.
        init_lora_weights="gaussian" if lora.initialisation == "gaussian" else True,
        # Whole paths: PEFT takes ``norm`` for the end of ``input_layernorm``, too.
        modules_to_save=facts.trained_in_full(lora) or None,
        # A head that is the table of embeddings stays it: both are trained as one.
        ensure_weight_tying=facts.tied and any("norm" not in name for name in lora.modules_to_save),
        task_type="CAUSAL_LM",
    )


def add_lora(model: PreTrainedModel, recipe: Recipe, facts: ModelFacts, run: RunFolder | None = None) -> PeftModel:
    """The model with LoRA matrices (float32) as they begin, seeded by the recipe; everything else is frozen.

    Args:
        model: the base model, as it was loaded from its folder.
        recipe: the settings.
        facts: of the base model.
        run: whose adapter it is: a run may begin with another one's adapter, and must begin again where it began.

    Raises:
        RecipeError: something in the recipe cannot work with this model or on its device.
        ModelError: the adapter to start from is missing, damaged, or does not fit.
    """
    check(recipe, facts=facts, device=model.device.type)
    torch.manual_seed(recipe.training.seed)
    adapted: PeftModel = get_peft_model(model, lora_config(recipe, facts))
    initialise(
        adapted, recipe.lora, facts, base=Path(model.name_or_path), taken_out=run.taken_out_file if run else None
    )
    for module in adapted.modules():
        if isinstance(module, ModulesToSaveWrapper):
            held = next(module.original_module.parameters()).dtype
            _train_precisely(module.modules_to_save[adapted.active_adapter], held)
    if recipe.lora.start_from and run is not None:
        _take_over(adapted, run.start_adapter)
    if recipe.training.gradient_checkpointing == "on" or (
        recipe.training.gradient_checkpointing == "auto" and model.device.type != "cpu"
    ):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return adapted


def _train_precisely(module: nn.Module, held: torch.dtype) -> None:
    """Have a module that is trained in full in float32, where the steps of an optimizer are not rounded away.

    The model around it stays as it is, in the precision ``held``: what goes in and what comes out is converted.
    """
    if held == torch.float32:
        return
    module.float()

    def widen(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(x.float() if torch.is_tensor(x) and x.is_floating_point() else x for x in inputs)

    module.register_forward_pre_hook(widen)
    module.register_forward_hook(lambda _module, _inputs, output: output.to(held))


def _take_over(adapted: PeftModel, start: Path) -> None:
    """Give the adapter the weights of the one that the run starts from."""
    file = start / adapter_config.WEIGHTS_FILE
    try:
        load_adapter_state(adapted, file)
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(
            "The run cannot start from the adapter that it was given.",
            reason=str(error).splitlines()[0],
            hint="Start a new run, and choose an adapter that was trained on this base model with these settings.",
            details=str(file),
        ) from error


def _targets(recipe: Recipe, facts: ModelFacts) -> str | list[str]:
    wanted = recipe.lora.target_modules
    if recipe.lora.layers:
        return facts.targeted(recipe.lora)
    if wanted == ATTENTION:
        return facts.attention_names()
    if wanted == ALL_LINEAR and facts.has_experts:
        return facts.target_names()  # PEFT counts experts in, which take no dropout
    return wanted if isinstance(wanted, str) else list(wanted)
