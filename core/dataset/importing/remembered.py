"""The mapping of columns that the user made, kept for the next file with the same columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from core import paths
from core.dataset.columns import FIELDS, MESSAGES
from core.files import write_atomically

_FILE = "import-columns.json"
_MOST = 200


def recall(columns: Iterable[str]) -> dict[str, str] | None:
    """The mapping that was made for these columns, in whatever order; None if there was none."""
    columns = set(columns)
    found = _load().get(_key(columns))
    if found is None or not set(found.values()) <= columns | {""} or not set(found) <= {*FIELDS, MESSAGES}:
        return None
    return found


def remember(columns: Iterable[str], mapping: Mapping[str, str]) -> None:
    """Keep a mapping for files with these columns; the latest two hundred are kept.

    Raises:
        OSError: it could not be written.
    """
    known = _load()
    key = _key(set(columns))
    known.pop(key, None)
    known[key] = dict(mapping)
    latest = dict(list(known.items())[-_MOST:])
    write_atomically(_path(), json.dumps(latest, ensure_ascii=False, indent=1).encode())


def _path() -> Path:
    return paths.user_data() / _FILE


def _key(columns: set[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(columns)).encode()).hexdigest()[:24]


def _load() -> dict[str, dict[str, str]]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: mapping
        for key, mapping in found.items()
        if isinstance(mapping, dict) and all(isinstance(value, str) for value in mapping.values())
    }
