"""Which base models are on this machine and where: the starter, folders, and Hugging Face's local cache."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.errors import ModelError
from core.recipe.schema import STARTER

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A base model that can be chosen: what the recipe calls it, what people call it, where it is."""

    base: str
    title: str
    path: Path


def resolve(base: str) -> Path:
    """The folder of a base model: ``starter``, a folder, or a hub id whose files are on this machine.

    Raises:
        ModelError: there is no such model here; nothing is ever downloaded.
    """
    if base == STARTER:
        return _whole(paths.starter_model(), "The starter model is not part of this installation.")
    folder = _as_folder(base)
    if folder is not None:
        return _whole(folder, f"The folder {folder.name} holds no base model.")
    snapshot = _snapshot(base) if _HUB_ID.fullmatch(base) else None
    if snapshot is None:
        raise ModelError(
            f"The base model {base} is not on this machine.",
            reason="It is neither a folder nor in the local Hugging Face cache.",
            hint="Choose the starter or a folder, or download the model first (hf download MODEL).",
            details=f"looked in {hub_cache()}",
        )
    return _whole(snapshot, f"The download of {base} is not complete.")


def display_name(base: str) -> str:
    """What people call a base model."""
    if base == STARTER:
        return "Starter (practice model)"
    folder = _as_folder(base)
    return base if folder is None else folder.name or base


def revision(base: str) -> str:
    """The commit of a model in the hub cache; empty for others."""
    snapshot = None if base == STARTER or _as_folder(base) else _snapshot(base) if _HUB_ID.fullmatch(base) else None
    return snapshot.name if snapshot is not None else ""


def local_models() -> list[KnownModel]:
    """The starter and the models in the hub cache that write text and are complete, by name."""
    bases = [STARTER]
    if hub_cache().is_dir():
        folders = sorted(hub_cache().glob("models--*"), key=lambda folder: folder.name.casefold())
        bases += [folder.name.removeprefix("models--").replace("--", "/") for folder in folders]
    models = []
    for base in bases:
        try:
            path = resolve(base)
        except ModelError:
            continue  # another kind of model, or an incomplete one
        if base == STARTER or any(path.glob("*.safetensors")):
            models.append(KnownModel(base, display_name(base), path))
    return models


def hub_cache() -> Path:
    """Where Hugging Face's libraries keep downloaded models, by their own environment variables."""
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface")
    return Path(home).expanduser() / "hub"


def _as_folder(base: str) -> Path | None:
    """The folder that ``base`` means; None where it rather is a hub id."""
    folder = Path(base).expanduser()
    if not base.strip():
        return None
    if folder.is_dir() or folder.is_absolute() or base.startswith((".", "~")) or "\\" in base:
        return folder
    return None


def _snapshot(base: str) -> Path | None:
    """The newest downloaded version of a hub model, as ``main`` says."""
    folder = hub_cache() / f"models--{base.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        commit = ""
    if _REVISION.fullmatch(commit) and (folder / "snapshots" / commit).is_dir():
        return folder / "snapshots" / commit
    snapshots = list((folder / "snapshots").glob("*")) if (folder / "snapshots").is_dir() else []
    return max(snapshots, key=lambda path: path.stat().st_mtime, default=None)


def _whole(folder: Path, title: str) -> Path:
    missing = [name for name in ("config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        there = folder.is_dir()
        raise ModelError(
            title,
            reason=f"It has no {' and no '.join(missing)}." if there else "There is no such folder.",
            hint="A base model is a folder in Transformers' format: config.json, tokenizer.json, .safetensors files.",
            details=str(folder),
        )
    return folder
