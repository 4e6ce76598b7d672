"""Turning what went wrong in a run into words: what happened, why, what to do."""

from __future__ import annotations

import errno
import traceback

from core.base_models.facts import ModelFacts
from core.errors import UserError
from core.hardware.fitting import saving_most
from core.recipe.reference import setting_named
from core.runs.bundle import base_folder
from core.runs.events import Failed, Paused
from core.runs.folder import RunFolder
from core.worker import checkpoint, device
from core.worker.changes import RunChanged
from core.worker.checkpoint import RunFolderGone
from core.worker.finite import LossNotFinite
from core.worker.out_of_memory import NothingLeftToLower, is_out_of_memory

_LISTED = 10


def explain(error: BaseException, run: RunFolder) -> Failed | Paused:
    """The last event for an error of a run: it has failed, or (a full disk) cannot go on for now."""
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
                kind="changed" if isinstance(error, RunChanged) else "refused",
                message=error.title,
                reason=error.reason,
                hint=error.hint,
                traceback=error.details or details,
            )
        case LossNotFinite():
            return _not_finite(error, details)
        case _ if _says_no_space(error):
            return _disk_full(error, run, details)
        case RunFolderGone():
            return Failed(
                kind="folder_gone",
                message="The folder of the run is gone.",
                reason=f"{run.path} was deleted, moved or renamed while it was trained.",
                hint="Put it back, from the trash for example, and resume: its checkpoints are in it.",
                traceback=details,
            )
        case OSError(errno=int()):
            return Failed(
                kind="files",
                message="A file of the run cannot be used.",
                reason=f"{error.strerror}: {error.filename}" if error.filename else str(error),
                hint="Check that the project folder is there and can be written, then resume.",
                traceback=details,
            )
        case _ if "CUDA error" in str(error) or "HIP error" in str(error):
            return Failed(
                kind="gpu",
                message="The graphics card reported an error.",
                reason=str(error).splitlines()[0][:300],
                hint="Resume: a new process sets the card up anew. If it comes again, restart the computer and update "
                "the driver.",
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


def _not_finite(error: LossNotFinite, details: str) -> Failed:
    ids = error.suspects or error.examples
    listed = ", ".join(str(number) for number in ids[:_LISTED])
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    if error.suspects:
        reason = f"By itself, the loss of these examples is not a number: {listed}{more}."
        hint = "Mend or exclude them, and start a new run."
    else:
        reason = f"A step was so large that the calculation overflowed. In its batch were the examples {listed}{more}."
        hint = "Resume would meet the same step: lower the learning rate in a new run, or look at these examples."
    return Failed(
        kind="loss_not_finite",
        message=f"The loss is no longer a number at step {error.step}.",
        reason=reason,
        hint=f"{hint} The checkpoint before this step is kept.",
        traceback=details,
        examples=ids,
    )


def _disk_full(error: BaseException, run: RunFolder, details: str) -> Paused:
    saved, _ = checkpoint.newest(run.checkpoints)
    place = error.filename if isinstance(error, OSError) and error.filename else run.path
    return Paused(
        step=saved.step if saved else 0,
        message="The disk is full.",
        reason=f"There is no room to write {place}.",
        hint="Free some space, then resume: it goes on from the last checkpoint with the same result.",
        traceback=details,
    )


def _says_no_space(error: BaseException) -> bool:
    """Torch and safetensors raise their own types when a write fails."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()
    return "no space left" in text or "os error 28" in text or "file write failed" in text


def _less_memory(run: RunFolder) -> str:
    """The settings most worth changing, in words."""
    otherwise = "Close other programs that use the memory, or choose a smaller base model."
    try:
        recipe = run.recipe()
        place = device.choose().kind
        facts = ModelFacts.read(base_folder(run))
        changes = saving_most(facts, recipe, "cuda" if place == "xpu" else place)
    except (UserError, OSError):
        return otherwise
    wanted = []
    for name, value in changes:
        setting = setting_named(name)
        wanted.append(f"“{setting.title}” to {setting.choices.get(str(value), value)}")
    return f"In a new run, set {' or '.join(wanted)}. {otherwise}" if wanted else otherwise
