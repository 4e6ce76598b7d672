"""The places of a training process at which something can go wrong, by name, and how to let it happen there."""

from __future__ import annotations

import errno
import importlib
import os
import signal
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Mode = Literal["kill", "fail"]


class Point(NamedTuple):
    """A function (module, dotted name in it), and what its arguments must contain for a call to count."""

    module: str
    name: str
    needle: str = ""


POINTS: dict[str, Point] = {
    # starting
    "claim the run": Point("core.runs.folder", "RunFolder.claim"),
    "open the event file": Point("core.runs.event_file", "EventWriter.__init__"),
    "first heartbeat": Point("core.worker.pulse", "_beat"),
    "read the settings": Point("core.runs.folder", "RunFolder.recipe"),
    "read the examples": Point("core.runs.folder", "read_examples"),
    "hash a frozen file": Point("core.worker.changes", "hash_file"),
    "hash the base model": Point("core.worker.changes", "content_hash"),
    "encode an example": Point("core.worker.loading", "prepare"),
    "load the base model": Point("core.worker.loading", "load_base"),
    "prove the gradients": Point("core.worker.loading", "gradient_error"),
    "add the adapter": Point("core.worker.loading", "add_lora"),
    "look for a checkpoint": Point("core.worker.checkpoint", "newest"),
    "read a checkpoint's hash": Point("core.worker.checkpoint", "_hash"),
    "load the adapter of a checkpoint": Point("core.worker.loop", "load_adapter_state"),
    "load the optimizer of a checkpoint": Point("torch", "load", "optimizer.pt"),
    "load the random state of a checkpoint": Point("torch", "load", "rng_state"),
    # training
    "forward pass": Point("core.worker.loop", "summed_loss"),
    "backward pass": Point("torch", "Tensor.backward"),
    "optimizer": Point("torch.optim", "AdamW.step"),
    "look at the numbers": Point("core.worker.finite", "FiniteCheck.look"),
    "read the wishes": Point("core.runs.folder", "RunFolder.wish"),
    "write the event of a step": Point("core.runs.event_file", "EventWriter._append", '"type": "step"'),
    "measure the held-out loss": Point("core.worker.loop", "PackedTrainer._measure"),
    "write the event of an evaluation": Point("core.runs.event_file", "EventWriter._append", '"type": "evaluation"'),
    "answer an example": Point("core.worker.samples", "Sampler._answer"),
    # saving
    "make the folder of a checkpoint": Point("pathlib", "Path.mkdir", ".tmp"),
    "write the adapter of a checkpoint": Point("core.worker.adapter", "save_file", ".step-"),
    "write the optimizer": Point("torch", "save", "optimizer.pt"),
    "write the schedule": Point("torch", "save", "scheduler.pt"),
    "write the random state": Point("torch", "save", "rng_state"),
    "write the trainer's state": Point("transformers", "TrainerState.save_to_json"),
    "write the manifest": Point("core.worker.checkpoint", "_digest"),
    "make a file durable": Point("core.worker.checkpoint", "sync_file"),
    "make a folder durable": Point("core.worker.checkpoint", "sync_folder"),
    "put the checkpoint in place": Point("os", "replace", ".step-"),
    "write the event of a checkpoint": Point("core.runs.event_file", "EventWriter._append", '"type": "checkpoint"'),
    "delete old checkpoints": Point("core.worker.checkpoint", "thin_out"),
    # ending
    "write the reference": Point("core.worker.train", "write_reference"),
    "begin the adapter folder": Point("core.worker.train", "save_adapter"),
    "write the adapter": Point("core.worker.adapter", "save_file", ".adapter."),
    "write the card": Point("core.worker.adapter", "model_card"),
    "put the adapter in place": Point("os", "replace", ".adapter."),
    "write the last event": Point("core.runs.event_file", "EventWriter._append", '"type": "finished"'),
}


def at(name: str, mode: Mode, nth: int = 1) -> None:
    """At the ``nth`` call of a point, the process is killed, or the call fails with an error of the disk."""
    point = POINTS[name]
    owner: Any = importlib.import_module(point.module)
    *path, last = point.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    real: Callable[..., Any] = getattr(owner, last)
    calls = 0

    def faulty(*args: Any, **options: Any) -> Any:
        nonlocal calls
        if point.needle in _said(args):
            calls += 1
            if calls == nth:
                if mode == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(errno.EIO, os.strerror(errno.EIO), name)
        return real(*args, **options)

    setattr(owner, last, faulty)


def _said(args: tuple[Any, ...]) -> str:
    return " ".join(bytes(arg).decode() if isinstance(arg, (bytes, memoryview)) else str(arg) for arg in args[:3])
