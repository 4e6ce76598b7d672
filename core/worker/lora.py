"""Putting a LoRA adapter on a loaded base model, as the recipe says."""

from __future__ import annotations

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from core.base_models.facts import ModelFacts
from core.errors import ModelError
from core.recipe.schema import ATTENTION, Recipe


def lora_config(recipe: Recipe, facts: ModelFacts) -> LoraConfig:
    """PEFT's settings for an adapter.

    Raises:
        ModelError: the base model has no such module or layer.
    """
    lora = recipe.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(recipe, facts),
        use_rslora=lora.use_rslora,
        use_dora=lora.use_dora,
        modules_to_save=_in_full(recipe, facts) or None,
        # A head that is the table of embeddings stays it: both are trained as one.
        ensure_weight_tying=facts.tied and bool(lora.modules_to_save),
        task_type="CAUSAL_LM",
    )


def add_lora(model: PreTrainedModel, recipe: Recipe, facts: ModelFacts) -> PeftModel:
    """The model with fresh LoRA matrices (float32), seeded by the recipe; everything else is frozen.

    Raises:
        ModelError: a chosen module or layer does not exist in the model.
    """
    if recipe.lora.use_dora and recipe.model.quantization == "int8" and model.device.type == "cpu":
        # PEFT moves the weight to unpack it, and bitsandbytes loses its scales on the way.
        raise ModelError(
            "DoRA on an 8-bit base model cannot be trained on a CPU.",
            reason="The libraries lose the scales of the weights there.",
            hint="Hold the base model in 4-bit or in full, or switch DoRA off.",
        )
    torch.manual_seed(recipe.training.seed)
    adapted: PeftModel = get_peft_model(model, lora_config(recipe, facts))
    if recipe.training.gradient_checkpointing == "on" or (
        recipe.training.gradient_checkpointing == "auto" and model.device.type != "cpu"
    ):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return adapted


def _targets(recipe: Recipe, facts: ModelFacts) -> str | list[str]:
    wanted = recipe.lora.target_modules
    if not isinstance(wanted, str):
        known = facts.target_names()
        missing = [name for name in wanted if name not in known]
        if missing:
            raise ModelError(
                f"The base model has no module named {', '.join(missing)}.",
                reason=f"It has: {', '.join(known)}.",
                hint="Choose other target modules, or all linear layers.",
            )
    if recipe.lora.layers:
        paths = facts.targeted(recipe.lora)
        if not paths:
            raise ModelError(
                f"None of the layers {recipe.lora.layers} has a module that is to be trained.",
                reason=f"The base model has the layers 0 to {facts.layers - 1}.",
                hint="Choose other layers, or leave the setting empty for all.",
            )
        return paths
    if wanted == ATTENTION:
        return facts.attention_names()
    return wanted if isinstance(wanted, str) else list(wanted)


def _in_full(recipe: Recipe, facts: ModelFacts) -> list[str]:
    """Whole paths: PEFT takes ``norm`` for the end of ``input_layernorm``, too."""
    known = list(dict.fromkeys(path.rpartition(".")[2] for path in facts.others))
    missing = [
        name
        for name in recipe.lora.modules_to_save
        if not any(path == name or path.endswith(f".{name}") for path in facts.others)
    ]
    if missing:
        raise ModelError(
            f"The base model has no part named {', '.join(missing)} that could be trained in full.",
            reason=f"It has: {', '.join(known)}."
            + (" Its head is the table of embeddings: name embed_tokens for both." if facts.tied else ""),
            hint="Choose other parts, or none.",
        )
    return facts.trained_in_full(recipe.lora)
