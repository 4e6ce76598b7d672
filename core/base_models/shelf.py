"""The model folders that the user added: remembered for all projects. Nothing is ever copied or deleted there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from core import paths
from core.files import changing, write_atomically

_NAME = "model-folders.json"


def folders() -> list[Path]:
    """Those that were added, the oldest first; one that is gone (a disk that is unplugged, say) stays listed."""
    try:
        entries = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Path(entry) for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []


def remember(folder: Path) -> None:
    """Put a folder on the shelf, at its end; one that is there keeps its place."""
    with changing(_path()):
        known = folders()
        if folder not in known:
            _write([*known, folder])


def forget(folder: Path) -> bool:
    """Take a folder off the shelf; returns whether it was there."""
    with changing(_path()):
        known = folders()
        if folder in known:
            _write([one for one in known if one != folder])
    return folder in known


def _path() -> Path:
    return paths.user_data() / _NAME


def _write(entries: Sequence[Path]) -> None:
    write_atomically(_path(), json.dumps([str(entry) for entry in entries]).encode())
