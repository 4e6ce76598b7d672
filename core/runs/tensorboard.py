"""A run's curves and answers as event files that TensorBoard reads (``tensorboard --logdir FOLDER``)."""

from __future__ import annotations

import math
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.runs.folder import RunFolder
from core.runs.record import Record
from core.runs.series import METRICS, Series

TAGS = {"loss": "train/loss", "learning_rate": "train/learning_rate", "grad_norm": "train/grad_norm"}


def write_event_files(run: RunFolder, folder: Path) -> Path:
    """Write a run into a new folder under ``folder``, named after the run; each point keeps its time and step.

    Returns:
        The new folder.

    Raises:
        UserError: the run has no points yet, the folder cannot be written, or it has this run already.
    """
    record = Record.load(run)
    if not record.series.steps and not record.series.heldout:
        raise UserError("This run has no curves yet.", hint="Wait for its first step.")
    target = folder / run.name
    if target.exists():
        raise UserError(
            f"{run.name} is in this folder already.",
            reason="Event files of the same run twice would be drawn over each other.",
            hint="Choose another folder, or move the old one away.",
        )
    aside = folder / f".{run.name}.{secrets.token_hex(4)}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(record.series, aside)
        os.rename(aside, target)
    except OSError as error:
        raise UserError(
            "The files for TensorBoard could not be written.",
            reason=f"{error.strerror or error} ({folder}).",
            hint="Choose another folder.",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _write(series: Series, folder: Path) -> None:
    from tensorboardX import SummaryWriter

    writer: Any = SummaryWriter(logdir=str(folder))
    try:
        for name in METRICS:
            tag = TAGS.get(name, f"system/{name}")
            for step, at, value in zip(series.steps, series.at, series.metrics[name], strict=True):
                if math.isfinite(value):
                    writer.add_scalar(tag, value, step, walltime=at)
        times = dict(zip(series.steps, series.at, strict=True))
        first = series.at[0] if series.at else 0.0
        for step, loss in series.heldout:
            writer.add_scalar("heldout/loss", loss, step, walltime=times.get(step, first))
        for step, samples in series.samples.items():
            for sample in samples:
                writer.add_text(f"answers/example {sample.example}", _indented(sample.text), step, sample.at)
    finally:
        writer.close()


def _indented(text: str) -> str:
    """TensorBoard reads text as Markdown; an indented block is shown as it is."""
    return "\n".join(f"    {line}" for line in text.splitlines() or [""])
