"""Which base models are on this machine and where: the starter, folders, and Hugging Face's local cache."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.base_models import shelf
from core.base_models.config import read_config
from core.base_models.facts import ModelFacts
from core.base_models.weights import weight_files
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
            hint="Choose the starter or a folder, or download the model first (tunesmith models download MODEL).",
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
    """The starter, the folders that were added, and the models in the hub cache by name: those that are complete."""
    models = []
    for base in (STARTER, *map(str, shelf.folders()), *_in_cache()):
        try:
            path = resolve(base)
            if base != STARTER:
                weight_files(path)
        except ModelError:
            continue  # another kind of model, or an incomplete one
        models.append(KnownModel(base, display_name(base), path))
    return models


def incomplete_models() -> list[str]:
    """Hub ids of which the cache holds a part that looks like a model for text: a download that was cut short."""
    found = []
    for base in _in_cache():
        snapshot = _snapshot(base)
        partial = any(_cache_folder(base).glob("blobs/*.incomplete"))
        if snapshot is None or not _writes_text(snapshot):
            if partial:
                found.append(base)
            continue
        try:
            weight_files(resolve(base))
        except ModelError:
            if partial or not any(snapshot.glob("*.bin")):  # such weights are not what is missing
                found.append(base)
    return found


def add(folder: Path) -> Path:
    """Remember a folder of the user's, once it was seen that it holds a model that can be trained here.

    Returns:
        Its full path, which as text is what a recipe calls it.

    Raises:
        ModelError: it holds none; the reason says what is missing or refused.
    """
    folder = folder.expanduser().absolute()
    ModelFacts.read(_whole(folder, f"The folder {folder.name} holds no base model."))
    shelf.remember(folder)
    return folder


def _in_cache() -> list[str]:
    """The hub ids in the cache, by name."""
    if not hub_cache().is_dir():
        return []
    folders = sorted(hub_cache().glob("models--*"), key=lambda folder: folder.name.casefold())
    return [folder.name.removeprefix("models--").replace("--", "/") for folder in folders]


def _cache_folder(base: str) -> Path:
    return hub_cache() / f"models--{base.replace('/', '--')}"


def _writes_text(snapshot: Path) -> bool:
    try:
        return bool(read_config(snapshot).architecture)
    except ModelError:
        return False


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
    folder = _cache_folder(base)
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
        if not there:
            raise ModelError(
                title if folder == paths.starter_model() else f"The base model's folder {folder.name} is not there.",
                reason=f"There is no such folder: {folder}.",
                hint="Put it back, or choose another base model on the page Models.",
                details=str(folder),
            )
        raise ModelError(
            title,
            reason=f"It has no {' and no '.join(missing)}.",
            hint="A base model is a folder in Transformers' format: config.json, tokenizer.json, .safetensors files.",
            details=str(folder),
        )
    return folder
