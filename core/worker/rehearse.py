"""A rehearsal: a few real optimizer steps on the longest batch, to know memory and time before a run; nothing is kept.

The folder is a run's with the longest examples in it, made for this alone and removed by whoever started it.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers import logging as transformers_logging

from core.files import write_atomically
from core.runs.event_file import EventWriter
from core.runs.events import Phase
from core.runs.folder import RunFolder
from core.runs.rehearsal import RESULT_FILE
from core.worker import checkpoint
from core.worker.arguments import training_arguments
from core.worker.device import Device
from core.worker.failures import explain
from core.worker.loading import load
from core.worker.loop import PackedTrainer
from core.worker.packing_proof import ONE_A_ROW

_STEPS = 3  # the first one is slower: kernels are chosen, memory is claimed
_WATCH_SECONDS = 1.0
_ATTEMPTS = 20  # to remove a folder that is still written to
_BETWEEN_ATTEMPTS = 0.05


def rehearse(run: RunFolder, *, parent: int) -> int:
    """Load as a run would, take the steps, write what was measured; returns the exit code.

    It ends, and removes the folder, when the process ``parent`` is gone.
    """
    threading.Thread(target=_end_with, args=(parent, run.path), daemon=True).start()
    code = _rehearse(run)
    if not _is_there(parent):  # it went in the last moment
        _clear_away(run.path)
    return code


def _rehearse(run: RunFolder) -> int:
    transformers_logging.set_verbosity_error()
    with EventWriter(run.events_file) as events:
        try:
            result = _measure(run, events)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is told as the last event
            traceback.print_exc()  # the log has it as well
            events.write(explain(error, run))
            return 1
    write_atomically(run.path / RESULT_FILE, json.dumps(result).encode())
    return 0


def _measure(run: RunFolder, events: EventWriter) -> dict[str, Any]:
    recipe = run.recipe()
    loaded = load(run, recipe, events)
    events.write(Phase(name="training"))
    gauge = _Gauge(loaded.device)
    changes: dict[str, int | str] = {}
    trainer = PackedTrainer(
        loaded.model,
        training_arguments(run, recipe, loaded.device, _STEPS),
        train=loaded.train.tokens,
        numbers=[example.id for example in loaded.train.examples],
        heldout=[],
        tokens_per_pass=recipe.training.tokens_per_pass if loaded.packs else ONE_A_ROW,
        checkpoints=run.checkpoints,
        fingerprint=lambda: checkpoint.Fingerprint(data="", recipe="", versions={}),
        on_out_of_memory=lambda name, _before, after: changes.update({name: after}),
        on_unmeasured=lambda _step: None,
        after_evaluation=lambda _step, _loss: None,
        callbacks=[gauge],
    )
    trainer.train()
    return {
        "device": loaded.device.name,
        "peak_bytes": gauge.peak_bytes(),
        "seconds_per_step": min(gauge.seconds[1:]),
        "tokens": loaded.train.token_count,
        "examples": len(loaded.train.tokens),
        "changes": changes,
    }


class _Gauge(TrainerCallback):  # type: ignore[misc]
    """Times the steps, and reads the largest amount of memory since the first."""

    def __init__(self, device: Device) -> None:
        self.seconds: list[float] = []
        self._device = device
        self._began = 0.0
        self._since_first_step = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """What loading took is another matter."""
        if self._device.kind in ("cuda", "xpu"):
            torch.get_device_module(self._device.torch_device).reset_peak_memory_stats()
        elif self._device.kind == "cpu":
            self._since_first_step = _forget_peak()

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start the clock."""
        self._wait()
        self._began = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Stop it, once the device is done."""
        self._wait()
        self.seconds.append(time.perf_counter() - self._began)

    def peak_bytes(self) -> int:
        """Of the device, or of this process on a CPU."""
        if self._device.kind != "cpu":
            return self._device.memory_bytes()
        return _peak_resident() if self._since_first_step else self._device.memory_bytes()

    def _wait(self) -> None:
        if self._device.kind != "cpu":
            torch.get_device_module(self._device.torch_device).synchronize()


def _forget_peak() -> bool:
    """Begin to measure this process's largest resident memory anew; False where the system cannot (it is Linux's)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak_resident() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return int(psutil.Process().memory_info().rss)


def _end_with(parent: int, folder: Path) -> None:
    while _is_there(parent):
        time.sleep(_WATCH_SECONDS)
    _clear_away(folder)
    os._exit(1)


def _is_there(parent: int) -> bool:
    return os.getppid() == parent and psutil.pid_exists(parent)


def _clear_away(folder: Path) -> None:
    """Remove the folder, into which the other thread may be writing at this moment."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_BETWEEN_ATTEMPTS)
