"""Turning what went wrong in a run into words: what happened, why, what to do."""

from __future__ import annotations

import errno
import traceback

import torch

from core.errors import UserError
from core.runs.events import Failed
from core.worker.reporting import LossNotFinite


def explain(error: BaseException) -> Failed:
    """The failed event for an error."""
    details = "".join(traceback.format_exception(error))
    match error:
        case UserError():
            return Failed(
                kind="refused",
                message=error.title,
                reason=error.reason,
                hint=error.hint,
                traceback=error.details or details,
            )
        case torch.OutOfMemoryError() | MemoryError():
            return Failed(
                kind="out_of_memory",
                message="The memory is full.",
                reason="The model, its activations and the adapter need more than is free.",
                hint="Lower the maximum length or the tokens per pass, or close other programs that use the GPU.",
                traceback=details,
            )
        case LossNotFinite():
            return Failed(
                kind="loss_not_finite",
                message=f"The loss is no longer a number at step {error.step}.",
                reason="A step was so large that the calculation overflowed.",
                hint="Resume from the last checkpoint will meet the same step: lower the learning rate in a new run.",
                traceback=details,
            )
        case OSError(errno=errno.ENOSPC) | OSError(errno=errno.EDQUOT):
            return Failed(
                kind="disk_full",
                message="The disk is full.",
                reason=f"Writing {error.filename or 'a checkpoint'} failed.",
                hint="Free some space, then resume: the last complete checkpoint is safe.",
                traceback=details,
            )
        case FileNotFoundError() | PermissionError():
            return Failed(
                kind="files",
                message="A file of the run cannot be used.",
                reason=f"{error.strerror}: {error.filename}" if error.filename else str(error),
                hint="Check that the project folder is there and can be written, then resume.",
                traceback=details,
            )
        case _ if _says_no_space(error):
            return Failed(
                kind="disk_full",
                message="The disk is full.",
                reason=str(error).splitlines()[0],
                hint="Free some space, then resume: the last complete checkpoint is safe.",
                traceback=details,
            )
        case _:
            return Failed(
                kind="unexpected",
                message="Training ended with an unexpected error.",
                reason=f"{type(error).__name__}: {error}".splitlines()[0][:300],
                hint="Resume from the last checkpoint; if it happens again, copy the details into a report.",
                traceback=details,
            )


def _says_no_space(error: BaseException) -> bool:
    """Torch and safetensors raise their own types when a write fails."""
    text = str(error).lower()
    return "no space left" in text or "os error 28" in text or "file write failed" in text
