"""Turning what went wrong in a run into words: what happened, why, what to do."""

from __future__ import annotations

import errno
import traceback

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.errors import UserError
from core.hardware.fitting import saving_most
from core.recipe.reference import setting_named
from core.runs.events import Failed
from core.runs.folder import RunFolder
from core.worker import device
from core.worker.out_of_memory import NothingLeftToLower, is_out_of_memory
from core.worker.reporting import LossNotFinite


def explain(error: BaseException, run: RunFolder) -> Failed:
    """The failed event for an error of a run."""
    details = "".join(traceback.format_exception(error))
    if is_out_of_memory(error):
        return Failed(
            kind="out_of_memory",
            message="The memory is full.",
            reason="The longest example alone, with the model and the adapter, needs more than is free."
            if isinstance(error, NothingLeftToLower)
            else "The model, its activations and the adapter need more than is free.",
            hint=_less_memory(run),
            traceback=details,
        )
    match error:
        case UserError():
            return Failed(
                kind="refused",
                message=error.title,
                reason=error.reason,
                hint=error.hint,
                traceback=error.details or details,
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


def _less_memory(run: RunFolder) -> str:
    """The settings most worth changing, in words."""
    otherwise = "Close other programs that use the memory, or choose a smaller base model."
    try:
        recipe = run.recipe()
        place = device.choose().kind
        facts = ModelFacts.read(catalogue.resolve(recipe.model.base))
        changes = saving_most(facts, recipe, "cuda" if place == "xpu" else place)
    except (UserError, OSError):
        return otherwise
    wanted = []
    for name, value in changes:
        setting = setting_named(name)
        wanted.append(f"“{setting.title}” to {setting.choices.get(str(value), value)}")
    return f"In a new run, set {' or '.join(wanted)}. {otherwise}" if wanted else otherwise
