"""The projects opened lately, newest first, in a small file among the user's data."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import paths
from core.files import write_atomically
from core.project import Project

_KEPT = 20


@dataclass(frozen=True, slots=True)
class RecentProject:
    """A project as it was when last opened; ``opened`` is in Unix seconds. It may be gone by now."""

    path: Path
    name: str
    opened: float


def recent() -> list[RecentProject]:
    """The projects opened lately, newest first; none when the list cannot be read."""
    try:
        rows: Any = json.loads(_file().read_text(encoding="utf-8"))
        found = [RecentProject(Path(row["path"]), str(row["name"]), float(row["opened"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted(found, key=lambda project: project.opened, reverse=True)


def remember(project: Project) -> None:
    """Put an open project on top of the list."""
    _save([RecentProject(project.path, project.name, time.time()), *_without(project.path)])


def forget(path: Path) -> None:
    """Take a project off the list; the project itself stays."""
    _save(_without(path))


def _without(path: Path) -> list[RecentProject]:
    same = os.path.normcase(os.path.abspath(path))
    return [project for project in recent() if os.path.normcase(project.path) != same]


def _save(projects: list[RecentProject]) -> None:
    rows = [{"path": str(item.path), "name": item.name, "opened": item.opened} for item in projects[:_KEPT]]
    try:
        write_atomically(_file(), json.dumps(rows, indent=1).encode())
    except OSError:
        return  # a convenience: no reason to trouble anybody who works on a project


def _file() -> Path:
    return paths.user_data() / "recent.json"
