"""Whether the disk of a run has room for what it will write, asked before its process is started."""

from __future__ import annotations

import shutil

from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.errors import RunError, UserError
from core.runs.folder import RunFolder

_CHECKPOINTS = 3  # the newest, the one before or the best, and the one being written
_BYTES_A_PARAMETER = 12  # the adapter and both moments of AdamW, in 32 bits
_REST = 200 * 1000**2  # adapter folder, reference, events, log
_MEGA, _GIGA = 1000**2, 1000**3


def check_room(run: RunFolder) -> None:
    """Refuse a run whose disk would be full before it is done.

    Raises:
        RunError: too little is free, with how much is needed.
    """
    try:
        recipe = run.recipe()
        facts = ModelFacts.read(catalogue.resolve(recipe.model.base))
        free = shutil.disk_usage(run.path).free
    except (UserError, OSError):
        return  # the process says in words what is wrong with its files
    needed = _CHECKPOINTS * _BYTES_A_PARAMETER * facts.trainable_parameters(recipe.lora) + _REST - _written(run)
    if free < needed:
        raise RunError(
            "There is too little room on the disk for this run.",
            reason=f"Its checkpoints and adapter need about {_size(needed)}; {_size(free)} are free where the project "
            "is.",
            hint="Free some space, or move the project to another disk.",
            details=str(run.path),
        )


def _written(run: RunFolder) -> int:
    """Bytes that checkpoints of this run take already."""
    total = 0
    for path in run.checkpoints.glob("step-*/*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def _size(count: int) -> str:
    return f"{count / _GIGA:.1f} GB" if count >= _GIGA else f"{max(1, round(count / _MEGA))} MB"
