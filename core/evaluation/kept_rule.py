"""The style rule of a project, kept beside its comparisons."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from core.errors import RunError
from core.evaluation.comparison import FOLDER
from core.evaluation.style import StyleRule
from core.files import write_atomically

FILE = "style.json"


def read(project: Path) -> StyleRule:
    """The rule; an empty one where there is none, or where the file is damaged."""
    try:
        return StyleRule.model_validate_json((project / FOLDER / FILE).read_bytes())
    except (OSError, ValidationError):
        return StyleRule(kind="words")


def write(project: Path, rule: StyleRule) -> None:
    """Keep a rule, as it was written; whether it can be used is told where it is used.

    Raises:
        RunError: it cannot be written.
    """
    try:
        (project / FOLDER).mkdir(exist_ok=True)
        write_atomically(project / FOLDER / FILE, rule.model_dump_json().encode())
    except OSError as error:
        raise RunError(
            "The style rule could not be kept.",
            reason=f"{error.strerror or error}.",
            hint="Free some space or check the permissions of the project's folder.",
            details=str(project / FOLDER),
        ) from error
