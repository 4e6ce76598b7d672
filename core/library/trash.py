"""The trash of adapters: ``PROJECT/adapters/.trash``. What was deleted can be brought back for a month."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import RunError
from core.files import sync_folder, write_atomically
from core.library import imported
from core.library.entries import Adapter

KEPT_DAYS = 30
_DAY = 24 * 60 * 60
_TRASH = ".trash"
_ABOUT_FILE = "removed.json"
_CONTENT = "adapter"


@dataclass(frozen=True, slots=True)
class Removed:
    """A deleted adapter: its key and title, when it was deleted (Unix seconds), and where it lies."""

    key: str
    title: str
    at: float
    place: Path


def remove(project: Path, adapter: Adapter) -> Removed:
    """Put an adapter into the trash; of a run everything else stays.

    Raises:
        RunError: its run is being trained, it is a checkpoint, or its folder cannot be moved.
    """
    if adapter.step is not None:
        raise RunError("A checkpoint cannot be deleted by itself.", hint="Delete the run, or train on.")
    if adapter.run is not None and adapter.run.worker_is_alive():
        raise RunError(f"{adapter.title} is being trained.", hint="Stop it first; then its adapter can be deleted.")
    trash = imported.folder_of(project) / _TRASH
    removed = Removed(adapter.key, adapter.title, time.time(), trash / secrets.token_hex(8))
    about = {**asdict(removed), "place": None, "from": os.path.relpath(adapter.folder, project)}
    try:
        removed.place.mkdir(parents=True)
        write_atomically(removed.place / _ABOUT_FILE, (json.dumps(about, ensure_ascii=False) + "\n").encode())
        os.rename(adapter.folder, removed.place / _CONTENT)
        sync_folder(adapter.folder.parent)
    except OSError as error:
        if (removed.place / _CONTENT).exists():  # it is there already, only not for certain
            with suppress(OSError):
                os.rename(removed.place / _CONTENT, adapter.folder)
        if not (removed.place / _CONTENT).exists():
            shutil.rmtree(removed.place, ignore_errors=True)
        raise RunError(
            f"{adapter.title} could not be deleted.",
            reason=f"{error.strerror or error}.",
            hint="Check that the project's folder is there and can be written.",
            details=str(error),
        ) from error
    return removed


def bring_back(project: Path, removed: Removed) -> Path:
    """Put a deleted adapter where it was.

    Raises:
        RunError: it is gone, its run is, or another adapter has its place.
    """
    target = _origin(project, removed)
    reason = ""
    if target is None or not (removed.place / _CONTENT).is_dir():
        reason = "It is no longer in the trash."
    elif os.path.lexists(target):
        reason = "There is another adapter in its place."
    elif not target.parent.is_dir():
        reason = "The run that made it is gone."
    if target is None or reason:
        raise RunError(f"{removed.title} could not be brought back.", reason=reason, details=str(removed.place))
    try:
        os.rename(removed.place / _CONTENT, target)
        sync_folder(target.parent)
    except OSError as error:
        raise RunError(
            f"{removed.title} could not be brought back.", reason=f"{error.strerror or error}.", details=str(error)
        ) from error
    shutil.rmtree(removed.place, ignore_errors=True)
    return target


def all_removed(project: Path) -> list[Removed]:
    """What can be brought back, the last deleted first."""
    found = []
    for place in (imported.folder_of(project) / _TRASH).glob("*"):
        if not (place / _CONTENT).is_dir():  # a kill came in between
            continue
        about = _about(place)
        with suppress(KeyError, TypeError, ValueError):
            found.append(Removed(str(about["key"]), str(about["title"]), float(about["at"]), place))
    return sorted(found, key=lambda removed: removed.at, reverse=True)


def find(project: Path, key: str) -> Removed:
    """The last deleted adapter of this key; a run's number does as well.

    Raises:
        RunError: there is none; those that there are are named.
    """
    known = all_removed(project)
    for removed in known:
        number = removed.key.partition("-")[0]
        if key == removed.key or (key.isdigit() and number.isdigit() and int(key) == int(number)):
            return removed
    names = ", ".join(dict.fromkeys(removed.key for removed in known[:5]))
    raise RunError(
        f"No adapter {key} was deleted lately.",
        reason=f"These can be brought back: {names}." if names else "Nothing was deleted in the last month.",
    )


def forget_old(project: Path) -> None:
    """Delete for good what has been in the trash for a month, and what kills left there."""
    for removed in all_removed(project):
        if time.time() - removed.at > KEPT_DAYS * _DAY:
            shutil.rmtree(removed.place, ignore_errors=True)
    for place in (imported.folder_of(project) / _TRASH).glob("*"):
        with suppress(OSError):  # what is younger may be another process's
            if not (place / _CONTENT).exists() and time.time() - place.stat().st_mtime > _DAY:
                shutil.rmtree(place)


def _origin(project: Path, removed: Removed) -> Path | None:
    """Where it was; never a place outside of the project."""
    try:
        parts = Path(str(_about(removed.place)["from"])).parts
    except KeyError:
        return None
    is_run = len(parts) == 3 and parts[0] == "runs" and parts[2] == "adapter"
    is_import = len(parts) == 2 and parts[0] == imported.FOLDER
    return project.joinpath(*parts) if (is_run or is_import) and ".." not in parts else None


def _about(place: Path) -> dict[str, Any]:
    try:
        data = json.loads((place / _ABOUT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
