"""A process that behaves like the training worker without training: writes events, obeys wishes, can end badly.

Started as ``python fake_worker.py RUN [--steps N] [--seconds S] [--end finish|fail|die|stubborn]``.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.runs import events
from core.runs.event_file import EventWriter
from core.runs.folder import RunFolder

GIB = 2**30
PROMPTS = (
    ("Rewrite as a harbour master's note.\n\nThe delivery is late.", "Ahoy! The cargo drifts in by the evening tide."),
    ("Rewrite as a harbour master's note.\n\nWe close at six.", "Ahoy! The gates drop at six bells, not later."),
    (
        "Rewrite as a harbour master's note.\n\nThank you for waiting.",
        "Ahoy! Your patience is worth its weight in rope.",
    ),
)


def main() -> int:
    """Write the events of a run to its end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=0.02, help="of a step")
    parser.add_argument("--end", default="finish")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    print("fake worker at work", flush=True)  # noqa: T201 - this is the log
    if arguments.end == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with EventWriter(run.events_file) as writer:
        return work(run, writer, arguments.steps, arguments.seconds, arguments.end)


def work(run: RunFolder, writer: EventWriter, steps: int, seconds: float, end: str) -> int:
    """The story of a run."""
    done = _resume(run)
    _begin(writer, steps, done)
    last = 0.0
    for step in range(done + 1, steps + 1):
        time.sleep(seconds)
        last = _step(writer, step, steps, seconds)
        if step % max(1, steps // 6) == 0:
            evaluate(writer, step, steps)
        wish = run.wish()
        if wish is not None and end != "stubborn":
            _checkpoint(run, writer, step)
            if wish == "pause":
                writer.write(events.Paused(step=step))
            else:
                _adapter(run)
                writer.write(events.Stopped(step=step, loss=last, heldout_loss=1.2, adapter="adapter"))
            return 0
        if step == steps // 2:
            _checkpoint(run, writer, step)
            if end == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if end == "fail":
                return _fail(writer)
    _adapter(run)
    writer.write(
        events.Finished(step=steps, loss=last, heldout_loss=heldout(1.0), adapter="adapter", seconds=steps * seconds)
    )
    return 0


def evaluate(writer: EventWriter, step: int, steps: int) -> None:
    """An evaluation with three answers that come nearer to what is expected."""
    share = step / steps
    loss = heldout(share)
    writer.write(events.Phase(name="evaluating"))
    writer.write(events.Evaluation(step=step, loss=loss, perplexity=math.exp(loss), best=step > 0))
    for number, (prompt, expected) in enumerate(PROMPTS, start=41):
        kept = int(len(expected) * share)
        text = expected[:kept] + ("the the delivery is is late."[: len(expected) - kept] if share < 1 else "")
        writer.write(events.Sample(step=step, example=number, prompt=prompt, expected=expected, text=text))


def heldout(share: float) -> float:
    """The held-out loss after this share of the run."""
    return 0.9 + 2.2 * math.exp(-4 * share)


def _begin(writer: EventWriter, steps: int, done: int) -> None:
    writer.write(events.Phase(name="preparing_examples", done=190, total=190))
    writer.write(events.Phase(name="loading_model"))
    writer.write(
        events.Started(
            device="NVIDIA GeForce RTX 4090",
            versions={"torch": "2.13.0"},
            trainable_parameters=41_943_040,
            total_parameters=8_072_204_288,
            steps=steps,
            epochs=3,
            examples=190,
            heldout_examples=22,
            tokens=61_204,
            supervised_tokens=24_810,
        )
    )
    if done:
        writer.write(events.Resumed(step=done))
    else:
        evaluate(writer, 0, steps)


def _step(writer: EventWriter, step: int, steps: int, seconds: float) -> float:
    random.seed(step)
    share = step / steps
    loss = 0.7 + 2.4 * math.exp(-5 * share) + random.gauss(0, 0.12)
    rate = 2e-4 * min(1, share / 0.05) * (0.5 + 0.5 * math.cos(math.pi * share))
    writer.write(
        events.Step(
            step=step,
            epoch=3 * share,
            loss=loss,
            learning_rate=rate,
            grad_norm=0.4 + 0.8 * math.exp(-3 * share) + abs(random.gauss(0, 0.08)),
            tokens=step * 5_300,
            tokens_per_second=3_100 + random.gauss(0, 60),
            memory_bytes=int(5.1 * GIB + random.gauss(0, 0.01) * GIB),
            seconds_left=(steps - step) * seconds,
        )
    )
    return loss


def _fail(writer: EventWriter) -> int:
    writer.write(
        events.Failed(
            kind="out_of_memory",
            message="The memory is full.",
            reason="The model, its activations and the adapter need more than is free.",
            hint="Lower the maximum length or the tokens per pass, or close other programs that use the GPU.",
            traceback="Traceback (most recent call last):\n  …\ntorch.OutOfMemoryError: CUDA out of memory.",
        )
    )
    return 1


def _resume(run: RunFolder) -> int:
    saved = sorted(run.checkpoints.glob("step-*")) if run.checkpoints.is_dir() else []
    return int(saved[-1].name.partition("-")[2]) if saved else 0


def _checkpoint(run: RunFolder, writer: EventWriter, step: int) -> None:
    path = run.checkpoints / f"step-{step:08d}"
    path.mkdir(parents=True, exist_ok=True)
    writer.write(events.Checkpoint(step=step, path=f"checkpoints/{path.name}"))


def _adapter(run: RunFolder) -> None:
    run.adapter.mkdir(exist_ok=True)
    (run.adapter / "adapter_model.safetensors").write_bytes(bytes(3_000_000))


if __name__ == "__main__":
    sys.exit(main())
