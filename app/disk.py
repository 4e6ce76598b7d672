"""What the session has done in other threads: functions that take and give plain values.

The core is imported inside them, so that nothing heavy is loaded before the window shows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.project import Project
    from core.prompt.format import PromptFormat
    from core.recipe.schema import Recipe
    from core.runs.folder import RunFolder


def project_folder(path: Path) -> Path:
    """The full path of a project's folder; its ``project.toml`` may be named instead."""
    path = Path(os.path.abspath(path))
    return path.parent if path.name == "project.toml" else path


def opened(path: Path) -> Project:
    """The project in a folder; only to be read where the folder cannot be written.

    Raises:
        ProjectError: it cannot be opened.
    """
    from core.project import Project

    return Project.open(path, read_only=path.is_dir() and not os.access(path, os.W_OK))


def created(path: Path, name: str, sample: str) -> Project:
    """A new project, with the examples and settings of a sample if one is named.

    Raises:
        ProjectError: it cannot be made.
    """
    from core import samples
    from core.project import Project

    if not sample:
        return Project.create(path, name=name)
    project = samples.create_sample_project(path, sample)
    if name:
        project.rename(name)
    return project


def remember(project: Project) -> None:
    """Put it on top of the list of recent projects."""
    from core import recent

    recent.remember(project)


def active_run(project: Project) -> RunFolder | None:
    """The newest run on which a process works, perhaps since before this window was opened."""
    from core.runs.watch import active_run

    return active_run(project.runs())


def new_run(project: Project, recipe: Recipe) -> RunFolder:
    """Freeze settings and examples into a new run.

    Raises:
        RunError: it cannot be made, or another run of the project is being trained, perhaps from a terminal.
    """
    from core.errors import RunError

    active = active_run(project)
    if active is not None:
        raise RunError(
            f"{active.name} is being trained already.",
            reason="It was started outside this window, and two at once would take the memory from each other.",
            hint="Show it under Train, All runs, and wait for its end or stop it there.",
        )
    return project.create_run(recipe=recipe)


def prompt_format(base: str, template: str = "") -> PromptFormat:
    """The base model's tokenizer and chat template, or the one that was chosen in its place.

    Raises:
        ModelError: the model is missing or broken.
    """
    from core.base_models.catalogue import resolve
    from core.prompt.format import PromptFormat

    return PromptFormat.load(resolve(base), template=template)
