"""Planted comparisons whose right verdict is known, as evidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluation.comparison import Measured
from core.evaluation.evidence import Deciding, Evidence, Measure, MeasureName, loss_measure, measure


def evidence(
    *,
    examples: int = 40,
    gain: float = 0.0,
    spread: float = 12.0,
    loss_gain: float = 0.0,
    seed: int = 0,
    decides: Deciding = "chrf",
    **others: Any,
) -> Evidence:
    """An adapter against the best prompt: chrF ``gain`` points better on average, with this spread of the differences.

    With ``exact`` deciding, the gain is the share that the adapter has right beyond the prompt's half.
    """
    random = np.random.default_rng(seed)
    if decides == "exact":
        theirs = dict(enumerate((random.random(examples) < 0.5).astype(float)))
        ours = dict(enumerate((random.random(examples) < 0.5 + gain).astype(float)))
    else:
        base = random.uniform(20, 50, examples)
        theirs = dict(enumerate(base))
        ours = dict(enumerate(np.clip(base + gain + random.normal(0, spread, examples), 0, 100)))
    found: dict[MeasureName, Measure] = {}
    answers = measure(decides, ours, theirs)
    if answers is not None:
        found[decides] = answers
    loss = loss_measure(_rows(random, examples, 1.0 - loss_gain), _rows(random, examples, 1.0))
    if loss is not None:
        found["loss"] = loss
    return Evidence(
        **{
            "title": "0001-voice",
            "rival": "prompt",
            "decides": decides,
            "examples": examples,
            "measures": found,
            "against_other": {},
            **others,
        }
    )


def _rows(random: np.random.Generator, examples: int, mean: float) -> dict[int, Measured]:
    losses = random.gamma(8, mean / 8, examples)
    return {id: Measured(example=id, system="x", loss=float(loss) * 30, targets=30) for id, loss in enumerate(losses)}
