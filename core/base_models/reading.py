"""Reading the small files of a model folder with bounds: they come from strangers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from core.errors import ModelError

_MEGABYTE = 1024 * 1024


def read_text(path: Path, *, megabytes: int = 16) -> str:
    """The text of a file in UTF-8.

    Raises:
        ModelError: it cannot be read, is not UTF-8, or is larger than such a file ever is.
    """
    bound = megabytes * _MEGABYTE
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size  # a read claims all the memory it is allowed at once
            data = file.read(size + 1) if size <= bound else b""
        if size > bound or len(data) > bound:
            raise broken(path, f"It is larger than {megabytes} MB.")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise broken(path, str(error)) from error


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty when there is no such file.

    Raises:
        ModelError: it is not a JSON object, or larger than any such file is.
    """
    return json_object(path, read_text(path)) if path.is_file() else {}


def json_object(path: Path, text: str | bytes) -> dict[str, Any]:
    """The object that a part of the file ``path`` holds.

    Raises:
        ModelError: it is not a JSON object, or nested too deep.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise broken(path, f"It is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise broken(path, "It does not hold a JSON object.")
    return value


def broken(path: Path, reason: str) -> ModelError:
    """What to say of a file that is not as it should be."""
    return ModelError(
        f"The base model's {path.name} cannot be used.",
        reason=reason[:300],
        hint="Take the file again from where the model came from.",
        details=str(path),
    )


def leads_elsewhere(path: Path) -> bool:
    """Whether a file is a link to one outside of its folder; the hub's cache links within a model's folder."""
    if not path.is_symlink():
        return False
    folder = path.parent.resolve()
    within = next((parent for parent in folder.parents if parent.name.startswith("models--")), folder)
    return not path.resolve().is_relative_to(within)
