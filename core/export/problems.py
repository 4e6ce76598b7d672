"""What stops an export, in words."""

from __future__ import annotations

import traceback
from pathlib import Path

from core.errors import UserError


def in_words(error: Exception, target: Path) -> UserError:
    """An error as a person reads it, whatever it is."""
    if isinstance(error, UserError):
        return error
    details = "".join(traceback.format_exception(error))
    if isinstance(error, OSError):
        return UserError(
            "The adapter could not be exported.",
            reason=f"{error.strerror or error} ({error.filename or target}).",
            hint="Check that the place can be written and has space, or choose another.",
            details=details,
        )
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return UserError(
            "The memory is full.",
            reason="The model needs more than is free.",
            hint="Close other programs, or export the adapter alone.",
            details=details,
        )
    return UserError(
        "The adapter could not be exported.",
        reason=f"{type(error).__name__}: {error}".splitlines()[0][:300],
        hint="Check that there is space, and try again; if it happens once more, please report it with the details.",
        details=details,
    )
