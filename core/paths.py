"""Where things are on disk: shipped resources, the user's data and settings folders, the worker's interpreter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

_APP = "tunesmith"


def resources() -> Path:
    """The folder of files that ship with the app; it lies beside the package ``core`` in a checkout and in a wheel."""
    return Path(__file__).resolve().parent.parent / "resources"


def starter_model() -> Path:
    """The embedded base model in Transformers format."""
    return resources() / "starter-model"


def samples() -> Path:
    """The sample datasets and their ``index.toml``."""
    return resources() / "samples"


def user_data() -> Path:
    """Where the app keeps what is not part of a project (recent projects, logs); created on demand.

    ``TUNESMITH_HOME`` overrides it, for tests and for portable installations.
    """
    override = os.environ.get("TUNESMITH_HOME")
    folder = Path(override) if override else Path(platformdirs.user_data_dir(_APP, appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def documents() -> Path:
    """Where new projects are proposed."""
    return Path(platformdirs.user_documents_dir()) / "Tunesmith"


def existing(folder: Path) -> Path:
    """A folder, or the nearest one above it that exists: where a dialog can begin."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path.home())


def worker_python() -> str:
    """The Python interpreter that runs ``core.worker``; in a source checkout or a wheel, this one."""
    return sys.executable


def package_root() -> Path:
    """The folder to run ``python -m core.worker`` in, so that ``core`` is found without touching ``sys.path``."""
    return Path(__file__).resolve().parent.parent
