"""What can go wrong in a training process: each function, called before the work begins, lets one fault in."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import shutil
from pathlib import Path
from typing import Any

import fault_points
import psutil
import torch

from core.runs import heartbeat
from core.runs.event_file import EventWriter
from core.worker import changes, loop, pulse
from core.worker.batches import Row
from core.worker.loop import PackedTrainer
from core.worker.samples import Sampler

_CPU_SAYS = "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried to allocate"


def errors_of(kind: str) -> Exception:
    """The error with which a full memory makes itself known."""
    return {
        "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        "python": MemoryError(),
        "cpu": RuntimeError(f"{_CPU_SAYS} 2147483648 bytes. Error code 12 (Cannot allocate memory)"),
    }[kind]


def rows_at_most(tokens: int, kind: str, since: int, only_training: bool = True) -> None:
    """From optimizer step ``since`` on, rows of more tokens run out of memory, in the backward pass."""
    whole = loop.summed_loss

    class Full(torch.autograd.Function):
        @staticmethod
        def forward(_context: Any, loss: torch.Tensor) -> torch.Tensor:
            return loss.clone()

        @staticmethod
        def backward(_context: Any, *_gradients: torch.Tensor) -> torch.Tensor:
            raise errors_of(kind)

    calls = {"steps": 0}
    step = PackedTrainer.training_step

    def counted(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        calls["steps"] = self.state.global_step + 1
        return step(self, *args, **options)

    def limited(model: Any, row: Row) -> torch.Tensor:
        loss = whole(model, row)
        if row.input_ids.shape[1] <= tokens or calls["steps"] < since:
            return loss
        if loss.requires_grad:
            return Full.apply(loss)
        if only_training:
            return loss
        raise errors_of(kind)

    PackedTrainer.training_step = counted  # type: ignore[method-assign]
    loop.summed_loss = limited


def passes_from(step: int, tokens: int) -> None:
    """From optimizer step ``step`` on, rows have at most ``tokens``; nothing fails."""
    whole = PackedTrainer.training_step

    def shorter(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        if self.state.global_step + 1 == step:
            self.tokens_per_pass = tokens
        return whole(self, *args, **options)

    PackedTrainer.training_step = shorter  # type: ignore[method-assign]


def optimizer_full_at(step: int) -> None:
    """The optimizer runs out of memory once, half way through step ``step``."""
    whole = torch.optim.AdamW.step
    calls = {"steps": 0}

    def fail(self: torch.optim.AdamW, *args: Any, **options: Any) -> Any:
        calls["steps"] += 1
        result = whole(self, *args, **options)
        if calls["steps"] == step:
            raise errors_of("cuda")
        return result

    torch.optim.AdamW.step = fail  # type: ignore[method-assign]


def answers_full() -> None:
    """Sample answers run out of memory."""

    def fail(*_: object) -> str:
        raise errors_of("cuda")

    Sampler._answer = fail  # type: ignore[method-assign]


def address_space(beyond: int) -> None:
    """From the first step on, the system gives the process no more than ``beyond`` bytes over what it has."""
    whole = PackedTrainer.training_step

    def limited(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        if self.state.global_step == 0:
            limit = psutil.Process().memory_info().vms + beyond
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        return whole(self, *args, **options)

    PackedTrainer.training_step = limited  # type: ignore[method-assign]


def loss_not_finite(step: int) -> None:
    """The weights of the adapter make the loss infinite in one optimizer step."""
    whole = loop.summed_loss
    began = PackedTrainer.training_step
    now = {"step": 0}

    def counted(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        now["step"] = self.state.global_step + 1
        return began(self, *args, **options)

    def infinite(model: Any, row: Row) -> torch.Tensor:
        loss = whole(model, row)
        return loss * torch.inf if now["step"] == step and torch.is_grad_enabled() else loss

    PackedTrainer.training_step = counted  # type: ignore[method-assign]
    loop.summed_loss = infinite


def poisoned(longer: int) -> None:
    """The loss of every row with an example of more tokens is not a number, as if it broke a kernel."""
    whole = loop.summed_loss

    def broken(model: Any, row: Row) -> torch.Tensor:
        loss = whole(model, row)
        return loss * torch.nan if int(row.position_ids.max()) >= longer else loss

    loop.summed_loss = broken


def gradient_not_finite(step: int) -> None:
    """The loss is a number, its gradient is not."""
    whole = PackedTrainer._forward_backward

    def broken(self: PackedTrainer, *args: Any) -> torch.Tensor:
        loss = whole(self, *args)
        if self.state.global_step + 1 == step:
            next(p for p in self.model.parameters() if p.requires_grad).grad.flatten()[0] = torch.inf
        return loss

    PackedTrainer._forward_backward = broken  # type: ignore[method-assign]


def error_at(step: int, error: Exception) -> None:
    """An optimizer step raises an error."""
    whole = PackedTrainer.training_step

    def fail(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        if self.state.global_step + 1 == step:
            raise error
        return whole(self, *args, **options)

    PackedTrainer.training_step = fail  # type: ignore[method-assign]


def act_at(step: int, act: str, *arguments: Any) -> None:
    """Something is done to the process or its files when an optimizer step begins: a name of :data:`ACTS`."""
    whole = PackedTrainer.training_step

    def acting(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        if self.state.global_step + 1 == step:
            ACTS[act](*arguments)
        return whole(self, *args, **options)

    PackedTrainer.training_step = acting  # type: ignore[method-assign]


def _crash() -> None:
    ctypes.string_at(0)


def _hang() -> None:
    ctypes.PyDLL(None).sleep(600)  # unlike CDLL it keeps the interpreter's lock


ACTS: dict[str, Any] = {
    "crash": _crash,
    "hang": _hang,
    "abort": os.abort,
    "exit": os._exit,
    "rmtree": shutil.rmtree,
    "rename": os.rename,
    "fill": lambda path, size: Path(path).write_bytes(bytes(size)),
}


def fill_disk_at(step: int, ballast: str, left: int) -> None:
    """When a step begins, the disk is filled but for some bytes."""
    whole = PackedTrainer.training_step

    def filling(self: PackedTrainer, *args: Any, **options: Any) -> torch.Tensor:
        if self.state.global_step + 1 == step:
            free = shutil.disk_usage(Path(ballast).parent).free
            Path(ballast).write_bytes(bytes(max(0, free - left)))
        return whole(self, *args, **options)

    PackedTrainer.training_step = filling  # type: ignore[method-assign]


def another_version(library: str, number: str) -> None:
    """A library claims to be of another version."""
    real = changes.version
    changes.version = lambda name: number if name == library else real(name)  # type: ignore[attr-defined]


def fault_at(name: str, mode: fault_points.Mode, nth: int) -> None:
    """A fault at a named point."""
    fault_points.at(name, mode, nth)


def events_cannot_be_written(since: int) -> None:
    """From a step on, the event file takes nothing more."""
    whole = EventWriter._append
    calls = {"steps": 0}

    def fail(self: EventWriter, line: bytes) -> None:
        calls["steps"] += b'"type": "step"' in line
        if calls["steps"] >= since:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), "events.jsonl")
        whole(self, line)

    EventWriter._append = fail  # type: ignore[method-assign]


def memory_killed(count: int) -> None:
    """The system claims to have ended so many processes for want of memory."""
    heartbeat.ended_for_memory = pulse.ended_for_memory = lambda: count  # type: ignore[attr-defined]
