"""A project with runs that have adapters and checkpoints, made without training."""

from __future__ import annotations

import json
import os
from pathlib import Path

from core.dataset.example import Example
from core.library import imported
from core.library.imported import Origin
from core.project import Project
from core.recipe.schema import ModelSettings
from core.runs.folder import RunFolder

CONFIG = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}


def run_of(project: Project, name: str, *, trained: bool = True) -> RunFolder:
    """A run, with an adapter unless told otherwise."""
    if not len(project.store.ids()):
        project.store.add([Example(instruction=f"Question {n}", output=f"Answer {n}") for n in range(4)])
    run = project.create_run(name=name)
    if trained:
        adapter_in(run.adapter)
    return run


def adapter_in(folder: Path, *, at: float | None = None) -> Path:
    """A folder with the two files of an adapter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(bytes(64))
    if at is not None:
        os.utime(folder / "adapter_model.safetensors", (at, at))
    return folder


def checkpoint_of(run: RunFolder, step: int) -> Path:
    """A whole checkpoint."""
    folder = adapter_in(run.checkpoints / f"step-{step:08d}")
    (folder / "optimizer.pt").write_bytes(bytes(8))
    files = {path.name: {"size": path.stat().st_size, "sha256": ""} for path in folder.iterdir()}
    (folder / "manifest.json").write_text(json.dumps({"step": step, "files": files}), encoding="utf-8")
    return folder


def import_of(project: Project, name: str, *, base: str = "starter", title: str = "") -> Path:
    """An imported adapter."""
    folder = adapter_in(imported.folder_of(project.path) / name)
    imported.keep_origin(folder, Origin(title=title, model=ModelSettings(base=base)))
    return folder
