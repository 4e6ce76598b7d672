"""The base models on this machine with what is known of each, read off the drawing thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.base_models import catalogue, shelf
from core.base_models.facts import ModelFacts
from core.base_models.hub import unfinished
from core.base_models.hub.unfinished import Unfinished
from core.base_models.licence import licence_of
from core.errors import ModelError
from core.hardware.usage import MemoryUse, memory_use
from core.hardware.uses import Need, needs
from core.recipe.schema import STARTER

Kind = Literal["starter", "folder", "cache"]


@dataclass(frozen=True, slots=True)
class Model:
    """A base model on this machine.

    Attributes:
        base: what a recipe calls it.
        title: what people call it.
        path: its folder.
        kind: the starter, a folder of the user's, or downloaded into the hub cache.
        facts: what is known of it; None where it cannot be used.
        error: why it cannot be used.
        needs: what each use takes of this machine's memory.
        licence: its short name; empty where none is stated.
        remembered: whether it is listed because the user added it, and can be taken off the list.
    """

    base: str
    title: str
    path: Path
    kind: Kind
    facts: ModelFacts | None = None
    error: ModelError | None = None
    needs: tuple[Need, ...] = ()
    licence: str = ""
    remembered: bool = False

    @property
    def can_remove(self) -> bool:
        """Whether there is anything to remove: the starter is part of the program."""
        return self.kind == "cache" or self.remembered


@dataclass(frozen=True, slots=True)
class Here:
    """All models, the downloads that were cut short, and the memory they are compared with.

    Attributes:
        others: hub ids of which another program left a part in the cache.
    """

    models: tuple[Model, ...]
    unfinished: tuple[Unfinished, ...]
    others: tuple[str, ...]
    memory: MemoryUse


def read(current: str) -> Here:
    """Look at the shelf, the hub cache, and the model that the project names (``current``, "" for no project)."""
    memory = memory_use()
    found = [_cached_or_folder(known.base, known.path, memory) for known in catalogue.local_models()]
    models = [model for model in found if model.facts is not None or model.kind == "folder"]
    listed = {model.base for model in models}
    gone = [str(folder) for folder in shelf.folders() if str(folder) not in listed]
    models += [_cached_or_folder(base, Path(base), memory) for base in gone]
    if current and current not in listed and current not in gone:
        models.append(_cached_or_folder(current, Path(current), memory))
    begun = tuple(unfinished.unfinished())
    others = [repo for repo in catalogue.incomplete_models() if repo not in {one.repo for one in begun}]
    return Here(tuple(models), begun, tuple(others), memory)


def _cached_or_folder(base: str, path: Path, memory: MemoryUse) -> Model:
    kind: Kind = "starter" if base == STARTER else "folder" if Path(base).expanduser().is_absolute() else "cache"
    title, remembered = catalogue.display_name(base), kind == "folder" and path in shelf.folders()
    try:
        path = catalogue.resolve(base)
        facts = ModelFacts.read(path)
    except ModelError as error:
        return Model(base, title, path, kind, error=error, remembered=remembered)
    return Model(base, title, path, kind, facts, None, needs(facts, memory), licence_of(path), remembered)


def named(models: Sequence[Model], base: str) -> Model | None:
    """The model of this name."""
    return next((model for model in models if model.base == base), None)
