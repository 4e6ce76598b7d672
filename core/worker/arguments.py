"""The one place where a recipe becomes Transformers' training arguments."""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainingArguments

from core.recipe.choices import BY_LOSS
from core.recipe.schema import Recipe
from core.recipe.training import TrainingSettings
from core.runs.folder import RunFolder
from core.worker.device import Device

_LEAST_WARMUP_STEPS = 5


def training_arguments(run: RunFolder, recipe: Recipe, device: Device, steps: int) -> TrainingArguments:
    """Arguments for ``steps`` optimizer steps; evaluation, saving and logging are decided by our own callback."""
    settings = recipe.training
    dtype = device.compute_dtype(recipe.model)
    return TrainingArguments(
        output_dir=str(run.checkpoints),
        # One batch of the loader is one optimizer step; it is cut into passes inside the step.
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=1,
        num_train_epochs=settings.epochs,
        max_steps=steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        lr_scheduler_kwargs=_schedule_arguments(settings, steps),
        metric_for_best_model="eval_loss" if settings.schedule in BY_LOSS else None,
        warmup_steps=_warmup_steps(recipe, steps),
        optim=_optimizer(recipe, device),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        seed=settings.seed,
        data_seed=settings.seed,  # else the order of examples follows whatever seeded torch last
        bf16=device.kind != "cpu" and dtype == torch.bfloat16,
        fp16=device.kind != "cpu" and dtype == torch.float16,
        use_cpu=device.kind == "cpu",
        logging_strategy="no",
        # The schedules that follow the held-out loss ask for a strategy; one that never comes due.
        eval_strategy="steps" if settings.schedule in BY_LOSS else "no",
        eval_steps=steps + 1,
        save_strategy="no",
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )


def _schedule_arguments(settings: TrainingSettings, steps: int) -> dict[str, Any]:
    """What the schedule wants to know besides the warm-up and the number of steps."""
    match settings.schedule:
        case "cosine_with_min_lr" | "cosine_warmup_with_min_lr":
            return {"min_lr_rate": settings.schedule_floor}
        case "cosine_with_restarts":
            return {"num_cycles": settings.schedule_cycles}
        case "warmup_stable_decay":
            decay = max(1, round(settings.schedule_decay * steps))
            return {"num_decay_steps": decay, "min_lr_ratio": settings.schedule_floor}
        case "polynomial":
            return {"lr_end": 0.0, "power": 2.0}  # with 1, it would be the linear one
        case "reduce_lr_on_plateau":
            # The learning rate halves at once: a run has few evaluations.
            return {"min_lr": settings.schedule_floor * settings.learning_rate, "patience": 0, "factor": 0.5}
        case "greedy":
            lowest, highest = settings.schedule_floor * settings.learning_rate, settings.learning_rate
            return {"min_lr": lowest, "max_lr": highest, "patience": 0}
        case _:
            return {}


def _warmup_steps(recipe: Recipe, steps: int) -> int:
    if recipe.training.schedule == "constant" or recipe.training.warmup_share == 0:
        return 0
    least = min(_LEAST_WARMUP_STEPS, steps // 4)
    return max(least, round(recipe.training.warmup_share * steps))


def _optimizer(recipe: Recipe, device: Device) -> str:
    chosen = recipe.training.optimizer
    if chosen == "auto":
        return "paged_adamw_8bit" if device.kind == "cuda" else "adamw_torch"
    return chosen
