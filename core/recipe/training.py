"""The settings of the training loop: how far each step goes, how many there are, and how one fits into memory."""

from __future__ import annotations

from typing import Literal

from core.recipe.choices import FLOORED, OPTIMIZERS, SCHEDULES, Optimizer, Schedule
from core.recipe.setting import Group, setting


class TrainingSettings(Group):
    """How it learns."""

    learning_rate: float = setting(
        2e-4,
        title="Learning rate",
        help="The size of each step. Too high and the loss jumps; too low and nothing changes.",
        gt=0,
        le=0.1,
        usual=(2e-5, 5e-4),
        unusual="Common values for real models lie between 2e-5 and 5e-4; only tiny models want more.",
    )
    epochs: float = setting(
        3.0,
        title="Epochs",
        help="An epoch is one pass over all examples. Two to four; more learns by heart.",
        gt=0,
        le=100,
        usual=(1, 6),
        unusual=(
            "Under one pass some examples are never seen.",
            "Over 6 passes small data is usually learnt by heart.",
        ),
    )
    batch_size: int = setting(
        16,
        title="Batch size",
        help="Examples an optimizer step. It changes how learning goes; memory depends on the tokens per pass.",
        unit="examples",
        ge=1,
        le=1024,
        usual=(4, 64),
        unusual="LoRA does best with 4 to 64 examples a step.",
    )
    max_length: int = setting(
        1024,
        title="Maximum length",
        help="Longer examples are listed and left out, never cut silently.",
        unit="tokens",
        ge=16,
        le=131072,
        usual=(64, 8192),
        unusual=("Under 64 tokens most answers do not fit.", "Long rows need much memory."),
    )
    schedule: Schedule = setting(
        "cosine",
        title="Learning-rate schedule",
        help="How the learning rate falls over the run; decaying to zero matters in short runs.",
        level="advanced",
        words=SCHEDULES,
        first=4,
    )
    schedule_floor: float = setting(
        0.1,
        title="Lowest learning rate",
        help="Where the schedule ends, as a share of the learning rate.",
        level="advanced",
        ge=0,
        le=1,
        usual=(0, 0.5),
        unusual="Over half of the learning rate, the schedule hardly falls.",
        only_with=("training.schedule", FLOORED),
    )
    schedule_cycles: int = setting(
        3,
        title="Cycles",
        help="How often the learning rate falls to zero; each cycle begins at the full rate again.",
        level="advanced",
        ge=1,
        le=100,
        usual=(1, 10),
        unusual="Each new cycle undoes some of what the fall before it settled.",
        only_with=("training.schedule", ("cosine_with_restarts",)),
    )
    schedule_decay: float = setting(
        0.2,
        title="Fall at the end",
        share=True,
        help="The share of steps in which the learning rate falls after it was constant.",
        level="advanced",
        gt=0,
        le=1,
        usual=(0.05, 0.5),
        unusual="A tenth to a fifth of the run is usual (arXiv:2404.06395).",
        only_with=("training.schedule", ("warmup_stable_decay",)),
    )
    warmup_share: float = setting(
        0.03,
        title="Warm-up",
        share=True,
        help="The share of steps in which the learning rate rises from zero (at least five steps).",
        level="advanced",
        ge=0,
        le=0.5,
        usual=(0, 0.2),
        unusual="More than a fifth of the run in warm-up is time lost.",
    )
    optimizer: Optimizer = setting(
        "auto",
        title="Optimizer",
        help="Automatic takes paged 8-bit AdamW on CUDA and AdamW elsewhere. Others want a learning rate of their own.",
        level="advanced",
        words=OPTIMIZERS,
        first=4,
    )
    weight_decay: float = setting(
        0.0,
        title="Weight decay",
        help="Pulls the adapter towards zero; rarely needed.",
        level="advanced",
        ge=0,
        le=1,
        usual=(0, 0.1),
        unusual="Over 0.1 the adapter is held back noticeably.",
    )
    max_grad_norm: float = setting(
        0.3,
        title="Gradient clipping",
        help="Caps the size of one step, so that one odd batch cannot spoil the run.",
        level="advanced",
        gt=0,
        le=100,
        usual=(0.1, 2),
        unusual="Between 0.1 and 2 is usual.",
    )
    gradient_checkpointing: Literal["auto", "on", "off"] = setting(
        "auto",
        title="Gradient checkpointing",
        help="Saves memory by computing parts twice. Automatic switches it on with a GPU.",
        level="advanced",
        words={"auto": "Automatic", "on": "On", "off": "Off"},
    )
    tokens_per_pass: int = setting(
        4096,
        title="Tokens per pass",
        help="How many tokens go through the model at once; lower it when memory runs out. The result stays the same.",
        level="advanced",
        unit="tokens",
        ge=64,
        le=1048576,
        usual=(512, 65536),
        unusual=("Under 512 a GPU idles most of the time.", "Over 65,536 few GPUs have the memory."),
    )
    devices: Literal["1", "auto", "2", "3", "4", "5", "6", "7", "8"] = setting(
        "1",
        title="Devices",
        help="GPUs that train together. Each takes a share of every batch, so a run is faster and learns the same.",
        level="advanced",
        words={
            "1": "One",
            "auto": "All GPUs of this machine",
            **{str(count): f"{count} GPUs" for count in range(2, 9)},
        },
    )
    sharding: Literal["none", "fsdp"] = setting(
        "none",
        title="Base model on several devices",
        help="Each device holds all of the base model, or a part: slower, but for models too large for one (FSDP).",
        level="advanced",
        words={"none": "Whole on each", "fsdp": "A part on each (FSDP)"},
        only_with=("training.devices", ("auto", *(str(count) for count in range(2, 9)))),
    )
    seed: int = setting(
        42,
        title="Seed",
        help="The same seed on the same machine gives the same adapter.",
        level="advanced",
        ge=0,
        le=2**31 - 1,
    )
