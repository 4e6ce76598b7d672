"""Schedules and optimizers of Transformers that need no further packages, under its names, and their words.

``tests/worker/test_arguments.py`` lets each of them take steps, and compares the lists with those of Transformers.
"""

from __future__ import annotations

from typing import Literal

Schedule = Literal[
    "cosine",
    "linear",
    "constant_with_warmup",
    "constant",
    "cosine_with_min_lr",
    "cosine_with_restarts",
    "cosine_warmup_with_min_lr",
    "warmup_stable_decay",
    "polynomial",
    "inverse_sqrt",
    "reduce_lr_on_plateau",
    "greedy",
]
SCHEDULES = {
    "cosine": "Cosine to zero",
    "linear": "Linear to zero",
    "constant_with_warmup": "Constant after warm-up",
    "constant": "Constant",
    "cosine_with_min_lr": "Cosine to a floor",
    "cosine_with_restarts": "Cosine with restarts",
    "cosine_warmup_with_min_lr": "Cosine to a floor, warm-up in steps",
    "warmup_stable_decay": "Constant, then a fall at the end",
    "polynomial": "Polynomial to zero",
    "inverse_sqrt": "Inverse square root",
    "reduce_lr_on_plateau": "Lower when the held-out loss stalls",
    "greedy": "Follow the held-out loss (GreedyLR)",
}
# Those that look at the held-out loss, and those that end above zero.
BY_LOSS = ("reduce_lr_on_plateau", "greedy")
FLOORED = ("cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay", *BY_LOSS)

Optimizer = Literal[
    "auto",
    "adamw_torch",
    "paged_adamw_8bit",
    "adamw_8bit",
    "lion_32bit",
    "adamw_torch_fused",
    "paged_adamw_32bit",
    "paged_lion_32bit",
    "lion_8bit",
    "paged_lion_8bit",
    "ademamix",
    "ademamix_8bit",
    "paged_ademamix_32bit",
    "paged_ademamix_8bit",
    "adafactor",
    "sgd",
    "adagrad",
    "rmsprop",
    "rmsprop_bnb",
    "rmsprop_bnb_8bit",
    "rmsprop_bnb_32bit",
]
OPTIMIZERS = {
    "auto": "Automatic",
    "adamw_torch": "AdamW",
    "paged_adamw_8bit": "AdamW, 8-bit, paged",
    "adamw_8bit": "AdamW, 8-bit",
    "lion_32bit": "Lion",
    "adamw_torch_fused": "AdamW, fused",
    "paged_adamw_32bit": "AdamW, paged",
    "paged_lion_32bit": "Lion, paged",
    "lion_8bit": "Lion, 8-bit",
    "paged_lion_8bit": "Lion, 8-bit, paged",
    "ademamix": "AdEMAMix",
    "ademamix_8bit": "AdEMAMix, 8-bit",
    "paged_ademamix_32bit": "AdEMAMix, paged",
    "paged_ademamix_8bit": "AdEMAMix, 8-bit, paged",
    "adafactor": "Adafactor",
    "sgd": "SGD",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "rmsprop_bnb": "RMSprop (bitsandbytes)",
    "rmsprop_bnb_8bit": "RMSprop, 8-bit",
    "rmsprop_bnb_32bit": "RMSprop, 32-bit",
}

OWN, WRITTEN = "own", "written"
ChatTemplate = Literal["own", "alpaca", "chatml", "llama3", "gemma", "zephyr", "vicuna", "plain", "written"]
CHAT_TEMPLATES = {  # but for the first and the last: resources/templates/formats.toml, as a test compares
    OWN: "The model's own, else Alpaca",
    "alpaca": "Alpaca",
    "chatml": "ChatML",
    "llama3": "Llama 3",
    "gemma": "Gemma",
    "zephyr": "Zephyr",
    "vicuna": "Vicuna",
    "plain": "Plain text",
    WRITTEN: "One of your own",
}
