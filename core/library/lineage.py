"""Where an adapter comes from, and what differs between two: base model, settings, examples, results."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import RecipeError
from core.export import base_file
from core.export.adapter_config import public_base
from core.export.base_file import BaseModelId
from core.files import count_lines
from core.library import imported, start_adapter
from core.library.entries import Adapter
from core.library.imported import Origin
from core.recipe import words
from core.recipe.recipe import get
from core.recipe.reference import setting_named, settings
from core.recipe.schema import Recipe
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.notes import Notes


@dataclass(frozen=True, slots=True)
class Data:
    """The examples that a run was given: how many on each side, and a hash that is the same for the same ones."""

    train: int
    heldout: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an adapter comes from.

    Attributes:
        adapter: the adapter.
        base: its base model as others know it, with its fingerprint where that was kept.
        recipe: the settings of its run; None for an imported one.
        data: the examples of its run; None for an imported one, or when they cannot be read.
        start_from: the adapter that training began with, as the setting names it; empty for a new one.
        origin: where an imported one came from.
        notes: what the user says of it.
        size: of its files, in bytes.
    """

    adapter: Adapter
    base: BaseModelId
    recipe: Recipe | None
    data: Data | None
    start_from: str
    origin: Origin | None
    notes: Notes
    size: int


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that two adapters were trained with differently, in words."""

    name: str
    title: str
    before: str
    after: str


def of(adapter: Adapter) -> Lineage:
    """Read it (many examples: seconds)."""
    run = adapter.run
    recipe = None
    if run is not None:
        with suppress(RecipeError, OSError):
            recipe = run.recipe()
    return Lineage(
        adapter=adapter,
        base=_base(adapter),
        recipe=recipe,
        data=_data(run) if run is not None else None,
        start_from=recipe.lora.start_from if recipe is not None else "",
        origin=None if run is not None else imported.origin(adapter.folder),
        notes=notes.read_from(notes_folder(adapter)),
        size=sum(path.stat().st_size for path in adapter.folder.iterdir() if path.is_file()),
    )


def notes_folder(adapter: Adapter) -> Path:
    """The folder that keeps what the user says of an adapter."""
    return adapter.run.path if adapter.run is not None else adapter.folder


def settings_between(one: Adapter, other: Adapter) -> list[Change]:
    """The settings that differ; of an imported adapter only those that its files tell are compared.

    Raises:
        UserError: an adapter's settings cannot be read.
    """
    whole = one.run is not None and other.run is not None
    before, after = (_in_recipe(one), _in_recipe(other)) if whole else (_in_files(one), _in_files(other))
    found = []
    for name in before:
        if name in after and before[name] != after[name]:
            info = setting_named(name)
            found.append(Change(name, info.title, words.value(info, before[name]), words.value(info, after[name])))
    return found


def _in_recipe(adapter: Adapter) -> dict[str, Any]:
    assert adapter.run is not None
    recipe = adapter.run.recipe()
    return {info.name: get(recipe, info.name) for info in settings()}


def _in_files(adapter: Adapter) -> dict[str, Any]:
    """What an adapter's own files tell of its settings, of imported ones and of runs' alike."""
    told = start_adapter.settings_of(str(adapter.folder), adapter.folder)
    del told["lora.initialisation"]
    lists = {name: sorted(value) for name, value in told.items() if isinstance(value, list)}
    return {"model.base": adapter.base, **told, **lists}


def _base(adapter: Adapter) -> BaseModelId:
    said = base_file.read(adapter.folder)
    name, revision = public_base(adapter.base)
    if said is not None and said.name == name:
        return said
    sha256 = _hash_in_checkpoints(adapter.run) if adapter.run is not None else ""
    return BaseModelId(name, revision, sha256)


def _hash_in_checkpoints(run: RunFolder) -> str:
    """The fingerprint of the base model that a run's newest checkpoint kept; for runs of earlier versions."""
    for manifest in sorted(run.checkpoints.glob("step-*/manifest.json"), reverse=True):
        with suppress(OSError, ValueError, AttributeError):
            found = json.loads(manifest.read_text(encoding="utf-8")).get("base", "")
            if isinstance(found, str) and found:
                return found
    return ""


def _data(run: RunFolder) -> Data | None:
    try:
        train = _counted(run.train_file, run.train_file.stat().st_mtime_ns)
        heldout = _counted(run.heldout_file, run.heldout_file.stat().st_mtime_ns) if run.heldout_file.exists() else None
        both = train[1] + (heldout[1] if heldout is not None else b"")
        return Data(train[0], heldout[0] if heldout is not None else 0, hashlib.sha256(both).hexdigest())
    except OSError:
        return None


@lru_cache(maxsize=200)
def _counted(file: Path, _changed: int) -> tuple[int, bytes]:
    """Lines and hash of a file that has not changed since it was read last."""
    with open(file, "rb") as content:
        return count_lines(file), hashlib.file_digest(content, "sha256").digest()
