"""Taking a comparison out of a project, and putting it back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.errors import RunError
from core.evaluation.comparison import ComparisonFolder

REMOVED = ".removed"  # a comparison that was taken out lies here until the next one is


def remove(folder: ComparisonFolder) -> Path:
    """Put a comparison aside, with its answers and votes; one put aside earlier is deleted.

    Returns:
        Where it lies, for :func:`put_back`.

    Raises:
        RunError: it is being computed, or cannot be moved.
    """
    if folder.job.worker_is_alive():
        raise RunError("This comparison is being computed.", hint="Stop it first.")
    aside = folder.path.parent / REMOVED
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        os.replace(folder.path, aside / folder.name)
    except OSError as error:
        raise RunError(
            "The comparison could not be removed.",
            reason=f"{error.strerror or error}.",
            hint="Close other programs that have its files open, then try again.",
            details=str(folder.path),
        ) from error
    return aside / folder.name


def put_back(place: Path) -> ComparisonFolder:
    """Undo :func:`remove`.

    Raises:
        RunError: it is gone.
    """
    back = ComparisonFolder(place.parent.parent / place.name)
    try:
        os.replace(place, back.path)
    except OSError as error:
        raise RunError(
            "The comparison cannot be put back.", reason=f"{error.strerror or error}.", details=str(place)
        ) from error
    return back
