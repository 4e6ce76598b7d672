"""Runs that have been trained, with an adapter folder, made without training."""

from __future__ import annotations

import math
from pathlib import Path

from run_factory import new_run

from core.recipe.schema import Recipe
from core.runs import events
from core.runs.event_file import EventWriter
from core.runs.folder import RunFolder

WEIGHTS = 3_000_000


def trained_run(
    runs: Path,
    name: str = "Harbour letters",
    *,
    recipe: Recipe | None = None,
    loss: float = 0.25,
    heldout: float = 0.5,
    at: float = 1_000_000.0,
) -> RunFolder:
    """A finished run of 60 steps that ended at ``at`` (Unix seconds)."""
    run = new_run(runs, name, recipe)
    with EventWriter(run.events_file) as writer:
        writer.write(
            events.Started(
                at=at - 60,
                device="CPU",
                versions={"torch": "2.13.0"},
                trainable_parameters=1000,
                total_parameters=100_000,
                steps=60,
                epochs=3,
                examples=6,
                heldout_examples=2,
                tokens=900,
                supervised_tokens=400,
                left_out=1,
            )
        )
        writer.write(events.Evaluation(at=at - 50, step=0, loss=3.0, perplexity=math.exp(3.0)))
        writer.write(
            events.Step(
                at=at - 10,
                step=60,
                epoch=3.0,
                loss=loss,
                learning_rate=1e-4,
                grad_norm=0.5,
                tokens=2700,
                tokens_per_second=50,
                memory_bytes=10**9,
            )
        )
        writer.write(events.Finished(at=at, step=60, loss=loss, heldout_loss=heldout, adapter="adapter", seconds=60.0))
    add_adapter(run)
    return run


def add_adapter(run: RunFolder) -> None:
    """Give a run an adapter folder."""
    run.adapter.mkdir()
    (run.adapter / "adapter_model.safetensors").write_bytes(bytes(WEIGHTS))
    (run.adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
