"""The adapters of a project, each with a key of its own: those of its runs, their checkpoints, and imported ones.

A key is what other parts name an adapter by: ``0001-name`` for the adapter of a run, ``0001-name@100`` for its
checkpoint of step 100, ``adapters/NAME`` for an imported one. :data:`BASE` names the base model without any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RecipeError, RunError
from core.export.adapter_config import CONFIG_FILE, WEIGHTS_FILE
from core.library import imported
from core.recipe.schema import ModelSettings
from core.runs import folder as run_folder
from core.runs import notes
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    from core.project import Project

BASE = "base"
AT = "@"
_MANIFEST = "manifest.json"
_PREFIX = "step-"


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that can be put on its base model.

    Attributes:
        key: names it within its project.
        title: what people call it.
        folder: a PEFT folder; a checkpoint's has no tokenizer.
        base: the base model as the recipe names it.
        model: the base model and how it is held.
        run: the run that made it; None for an imported one.
        step: the step of a checkpoint; None for the adapter that a run ended with.
    """

    key: str
    title: str
    folder: Path
    base: str
    model: ModelSettings
    run: RunFolder | None = None
    step: int | None = None

    @property
    def made(self) -> float:
        """When its weights were written, in Unix seconds; 0 when they are gone."""
        try:
            return (self.folder / WEIGHTS_FILE).stat().st_mtime
        except OSError:
            return 0.0


def adapters(project: Project) -> list[Adapter]:
    """All adapters of a project, without checkpoints: those of runs, newest first, then imported ones, newest first.

    Those whose settings cannot be read are left out.
    """
    return list(_all(reversed(project.runs()), imported.folder_of(project.path)))


def find(project: Project, key: str) -> Adapter:
    """The adapter with this key; a run's number (``3``, ``3@100``) does as well as its name.

    Raises:
        RunError: there is none; the existing ones are named.
        RecipeError: its run's settings cannot be read.
    """
    if imported.is_key(key):
        found = of_import(imported.folder_of(project.path) / imported.name_of(key))
        if found is None:
            raise _unknown(project, key)
        return found
    name, at, step = key.partition(AT)
    try:
        run = run_folder.find(project.runs_folder, name)
    except RunError as error:
        raise _unknown(project, key) from error
    if at:
        for checkpoint in checkpoints(run):
            if str(checkpoint.step) == step:
                return checkpoint
        raise _no_checkpoint(run, step)
    if not is_adapter(run.adapter):
        raise RunError(
            f"{run.name} has no adapter.",
            reason="A run has one when it has finished or was stopped.",
            hint="Let it finish, resume it, or choose another one.",
        )
    return _of_run(run)


def of_run(run: RunFolder) -> Adapter | None:
    """The adapter of a run; None when it has none, or its settings cannot be read."""
    return next(_all([run], None), None)


def checkpoints(run: RunFolder) -> list[Adapter]:
    """The checkpoints of a run that are whole, each as an adapter, by their steps.

    Whole is one whose manifest names the files that are there, with their sizes; the hash of its weights is for
    whoever loads them (``core.export.sums``).

    Raises:
        RecipeError: the run's settings cannot be read.
    """
    steps = [(step, path) for path in run.checkpoints.glob(f"{_PREFIX}*") if (step := _whole(path)) is not None]
    if not steps:
        return []
    adapter = _of_run(run)
    return [
        replace(adapter, key=key_of(run, step), title=f"{adapter.title}, step {step:,}", folder=path, step=step)
        for step, path in sorted(steps)
    ]


def key_of(run: RunFolder, step: int | None = None) -> str:
    """The key of a run's adapter, or of its checkpoint of a step."""
    return run.name if step is None else f"{run.name}{AT}{step}"


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter's two files."""
    return (folder / CONFIG_FILE).is_file() and (folder / WEIGHTS_FILE).is_file()


def _all(runs: Iterable[RunFolder], imports: Path | None) -> Iterator[Adapter]:
    for run in runs:
        if is_adapter(run.adapter):
            try:
                yield _of_run(run)
            except (RecipeError, OSError):
                continue  # its settings cannot be read; the runs' own list says so
    for folder in imported.folders(imports) if imports is not None else []:
        if (found := of_import(folder)) is not None:
            yield found


def _of_run(run: RunFolder) -> Adapter:
    model = run.recipe().model
    return Adapter(
        key=key_of(run),
        title=notes.title(run, notes.read(run)),
        folder=run.adapter,
        base=model.base,
        model=model,
        run=run,
    )


def of_import(folder: Path) -> Adapter | None:
    """The imported adapter in a folder; None when there is none, or what is known of it cannot be read."""
    origin = imported.origin(folder) if is_adapter(folder) else None
    if origin is None:
        return None
    title = notes.read_from(folder).title or origin.title or folder.name
    return Adapter(key=imported.key_of(folder), title=title, folder=folder, base=origin.model.base, model=origin.model)


def _whole(path: Path) -> int | None:
    """The step of a checkpoint that can be used as an adapter."""
    if not is_adapter(path):  # being deleted, or written by an earlier version
        return None
    try:
        manifest: dict[str, Any] = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        files: dict[str, dict[str, Any]] = manifest["files"]
        is_there = all((path / name).stat().st_size == file["size"] for name, file in files.items())
        return int(manifest["step"]) if is_there and WEIGHTS_FILE in files else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _unknown(project: Project, key: str) -> RunError:
    keys = [adapter.key for adapter in adapters(project)]
    more = "" if len(keys) <= 5 else f" and {len(keys) - 5} more"
    return RunError(
        f"There is no adapter {key}.",
        reason=f"There are: {', '.join(keys[:5])}{more}." if keys else "The project has no adapter yet.",
        hint="" if keys else "Train one, or import one.",
    )


def _no_checkpoint(run: RunFolder, step: str) -> RunError:
    steps = [str(checkpoint.step) for checkpoint in checkpoints(run)]
    return RunError(
        f"{run.name} has no checkpoint of step {step}.",
        reason=f"It has those of the steps {', '.join(steps)}." if steps else "It has none that can be used.",
        hint="Checkpoints are thinned out while a run trains; how many are kept is a setting.",
    )
