"""The main job on a CUDA device: bf16 where the card has it, paged 8-bit AdamW, gradient checkpointing, resume."""

from __future__ import annotations

import math
import os
import signal
import threading
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.export.job import export
from core.export.source import Source
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.events import Evaluation, Finished, Resumed, Started, Step
from core.runs.folder import RunFolder, State
from core.runs.process import start_worker

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
]
MODEL = Path(__file__).parents[2] / "resources" / "starter-model"


def greet(number: int) -> Example:
    name = ["Anna", "Bela", "Chen", "Dora", "Emil", "Fay", "Gus", "Hana"][number % 8]
    return Example(
        id=number + 1, instruction=f"Greet {name} for the time number {number}.", output=f"Ahoy, {name}! " * 3
    )


def make_run(runs: Path, **settings: object) -> RunFolder:
    changes = {
        "model.base": str(MODEL),
        "training.epochs": 4.0,
        "training.batch_size": 8,
        "training.learning_rate": 2e-3,
        "heldout.early_stopping": False,
        **{name.replace("__", "."): value for name, value in settings.items()},
    }
    return folder.create(
        runs,
        name="on a card",
        recipe=with_settings(Recipe(), changes),
        train=[greet(number) for number in range(64)],
        heldout=[greet(number) for number in range(64, 76)],
    )


def finish(run: RunFolder) -> int:
    return start_worker(run).wait(timeout=300)


@pytest.mark.parametrize("quantization", ["nf4", "int8", "none"])
def test_a_run_learns_on_the_card_and_its_adapter_is_verified(tmp_path: Path, quantization: str) -> None:
    run = make_run(tmp_path / "runs", model__quantization=quantization)
    assert finish(run) == 0, run.log_file.read_text(encoding="utf-8")[-3000:]
    events = run.events()
    started = next(event for event in events if isinstance(event, Started))
    assert started.device == torch.cuda.get_device_name(0)
    evaluations = [event.loss for event in events if isinstance(event, Evaluation)]
    assert evaluations[0] is not None
    assert evaluations[-1] is not None
    assert evaluations[-1] < evaluations[0] / 2
    steps = [event for event in events if isinstance(event, Step)]
    assert all(step.memory_bytes for step in steps)
    assert isinstance(events[-1], Finished)
    for form in ("adapter", "merged"):
        assert export(Source.of_run(run), form, tmp_path / form).verified


def test_gradient_checkpointing_changes_memory_not_learning(tmp_path: Path) -> None:
    losses = {}
    for choice in ("on", "off"):
        run = make_run(tmp_path / choice, training__gradient_checkpointing=choice, lora__dropout=0.0)
        assert finish(run) == 0, run.log_file.read_text(encoding="utf-8")[-3000:]
        losses[choice] = [event.loss for event in run.events() if isinstance(event, Step)]
    for on, off in zip(losses["on"], losses["off"], strict=True):
        assert on is not None
        assert off is not None
        assert math.isclose(on, off, rel_tol=0.05, abs_tol=0.05)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_run_goes_on_and_its_memory_is_free(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs", training__epochs=20.0)
    process = start_worker(run)
    tick = threading.Event()
    while not any(type(event).__name__ == "Checkpoint" for event in run.events()):
        assert process.poll() is None, run.log_file.read_text(encoding="utf-8")[-3000:]
        tick.wait(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert run.progress().state is State.INTERRUPTED
    assert finish(run) == 0, run.log_file.read_text(encoding="utf-8")[-3000:]
    events = run.events()
    assert any(isinstance(event, Resumed) for event in events)
    assert isinstance(events[-1], Finished)
