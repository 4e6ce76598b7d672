"""Checkpoints that are complete or absent: written aside, hashed, synced, renamed last, checked before use."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.files import sync_file, sync_folder

MANIFEST = "manifest.json"
_PREFIX = "step-"
_FULL_BYTES = 64 * 1024


class RunFolderGone(Exception):  # noqa: N818 - a state, reported as a failure by core.worker.failures
    """The run's folder was deleted, moved or renamed while it was trained."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a checkpoint belongs to: hashes of data, recipe and base model, library versions, number of processes."""

    data: str
    recipe: str
    versions: dict[str, str]
    processes: int = 1
    base: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint whose every file was found as its manifest says."""

    path: Path
    step: int
    fingerprint: Fingerprint


def write(folder: Path, step: int, fingerprint: Fingerprint, fill: Callable[[Path], None]) -> Path:
    """Make ``folder/step-…`` of what ``fill`` writes into a folder aside; durable and complete on return.

    Raises:
        OSError: disk full or read-only; earlier checkpoints are untouched.
        RunFolderGone: the run's folder was deleted or moved.
    """
    if not folder.parent.is_dir():
        raise RunFolderGone(folder.parent)
    folder.mkdir(exist_ok=True)
    target = folder / f"{_PREFIX}{step:08d}"
    aside = folder / f".{target.name}.tmp"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        fill(aside)
        files = {path.name: _measure(path) for path in sorted(aside.iterdir())}
        manifest = {"step": step, "files": files, **asdict(fingerprint)}
        manifest["digest"] = _digest(manifest)
        (aside / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        sync_file(aside / MANIFEST)
        sync_folder(aside)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(aside, target)
    except BaseException as error:  # whatever stopped it: what is half written goes
        # Torch tells of a full disk in many words, few of which say so.
        is_full = isinstance(error, Exception) and _is_full(folder)
        shutil.rmtree(aside, ignore_errors=True)
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
        raise
    sync_folder(folder)
    return target


def newest(folder: Path) -> tuple[Saved | None, list[str]]:
    """The newest complete checkpoint, and the names of newer ones that were damaged."""
    damaged: list[str] = []
    for path in sorted(folder.glob(f"{_PREFIX}*"), reverse=True):
        saved = check(path)
        if saved is not None:
            return saved, damaged
        damaged.append(path.name)
    return None, damaged


def check(path: Path) -> Saved | None:
    """The checkpoint if every file has the size and hash that its manifest says, else None."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if manifest.pop("digest") != _digest(manifest):
            return None
        for name, measure in manifest["files"].items():
            if _hash(path / name) != (measure["size"], measure["sha256"]):
                return None
        fingerprint = Fingerprint(
            manifest["data"],
            manifest["recipe"],
            manifest["versions"],
            int(manifest.get("processes", 1)),
            manifest.get("base", ""),
        )
        return Saved(path, int(manifest["step"]), fingerprint)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def thin_out(folder: Path, *, keep: int, best: int | None) -> None:
    """Delete all but the newest ``keep`` checkpoints and the one of step ``best``, and what killed saves left."""
    for left in folder.glob(f".{_PREFIX}*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    paths = sorted(folder.glob(f"{_PREFIX}*"), reverse=True)
    for path in paths[keep:]:
        if best is None or path.name != f"{_PREFIX}{best:08d}":
            shutil.rmtree(path, ignore_errors=True)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return _hash(path)[1]


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _measure(path: Path) -> dict[str, Any]:
    sync_file(path)
    size, digest = _hash(path)
    return {"size": size, "sha256": digest}


def _hash(path: Path) -> tuple[int, str]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _FULL_BYTES
    except OSError:
        return False
