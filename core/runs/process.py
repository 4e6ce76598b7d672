"""Starting worker processes; that of a run so that it outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from core import paths
from core.errors import RunError
from core.hardware import cards
from core.runs import heavy
from core.runs.folder import RunFolder
from core.runs.room import check_room

Preparation = Callable[[RunFolder], "subprocess.Popen[bytes] | None"]

WORKER_ENVIRONMENT = {
    # Idle OpenMP threads must not spin: beside one busy process a step took 28 times as long without this.
    "OMP_WAIT_POLICY": "passive",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
    "BITSANDBYTES_NOWELCOME": "1",
}
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACEHUB_API_TOKEN", "HUGGINGFACE_TOKEN", "WANDB_API_KEY")


def worker_environment() -> dict[str, str]:
    """The environment of every worker process: this one's with what must be set before torch is imported.

    Access tokens stay out: nothing there may use the network, and a report of a crash lists the environment.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _TOKENS}
    return {**kept, **WORKER_ENVIRONMENT}


def launch(
    arguments: Sequence[str],
    *,
    output: IO[bytes] | int,
    input: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    processes: int = 1,
) -> subprocess.Popen[bytes]:
    """Start ``python -m core.worker ARGUMENTS`` in a session of its own.

    Args:
        arguments: the job and what it takes.
        output: where stdout and stderr go.
        input: what stdin is, as ``subprocess`` takes it; nothing to read unless given.
        environment: variables besides those of :func:`worker_environment`.
        processes: how many share the job; with more than one, a launcher starts and watches them.

    Raises:
        OSError: the system cannot start it.
    """
    return subprocess.Popen(
        [paths.worker_python(), *(_launcher(processes) if processes > 1 else ()), "-m", "core.worker", *arguments],
        cwd=paths.package_root(),
        env={**worker_environment(), **(environment or {})},
        stdin=input,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=os.name != "nt",
        creationflags=background_flags(lowered=True),
    )


def start_worker(run: RunFolder, prepared: Preparation | None = None) -> subprocess.Popen[bytes]:
    """Start (or take up again) the training of a run in a process of its own session.

    Args:
        run: the run.
        prepared: hands the run to a process that waits for one, if it has one; otherwise one is started.

    Raises:
        RunError: another process works on it, none can be started, or the disk is nearly full.
        MachineBusy: another run is being trained on this machine.
    """
    if run.worker_is_alive():
        raise RunError(f"{run.name} is already running.", hint="Wait for it to end, or stop it first.")
    check_room(run)
    together = cards.processes(run.recipe())
    with heavy.starting(run) as works:
        try:
            run.withdraw_wish()
            process = prepared(run) if prepared is not None and together == 1 else None
            if process is None:
                with open(run.log_file, "ab") as log:
                    process = launch(["train", str(run.path.resolve())], output=log, processes=together)
            run.claim(process.pid)
        except OSError as error:
            raise RunError("The training process could not be started.", reason=str(error)) from error
        works(process.pid)
    return process


def _launcher(processes: int) -> tuple[str, ...]:
    return "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)


def background_flags(*, lowered: bool = False) -> int:
    """What Windows needs to start a process without a window of its own; ``lowered`` leaves others the processor."""
    if sys.platform != "win32":
        return 0
    flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS if lowered else flags
