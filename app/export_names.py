"""Where an exported adapter is proposed to go, and which names are free there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core import paths
from core.export.job import RECORD_FILE

if TYPE_CHECKING:
    from core.export.source import Source
    from core.project import Project
    from core.runs.folder import RunFolder


def folder(project: Project) -> Path:
    """The project's own folder of exports; the user's documents where the project cannot be written."""
    return paths.documents() if project.read_only else project.exports_folder


def name(run: RunFolder) -> str:
    """What an export of this run is called at first: "harbour-letters-run-3"."""
    words = run.name.partition("-")[2]
    return f"{words}-run-{run.number}" if words and words != "run" else f"run-{run.number}"


def name_of(source: Source) -> str:
    """The same for any adapter: that of a checkpoint has its step, one from elsewhere its own name."""
    if source.run is None:
        return source.adapter.name
    return name(source.run) if source.step is None else f"{name(source.run)}-step-{source.step}"


def free(path: Path) -> Path:
    """The path if nothing is there, or with the first number that makes it free."""
    number, proposed = 1, path
    while not _is_free(proposed):
        number += 1
        proposed = path.with_name(f"{_stem(path)}-{number}{_ending(path)}")
    return proposed


def _is_free(path: Path) -> bool:
    """An export to a zip file writes a record beside it."""
    return not os.path.lexists(path) and not (_ending(path) and os.path.lexists(path.with_suffix(f".{RECORD_FILE}")))


def _ending(path: Path) -> str:
    return path.suffix if path.suffix.lower() == ".zip" else ""


def _stem(path: Path) -> str:
    return path.name.removesuffix(_ending(path))
