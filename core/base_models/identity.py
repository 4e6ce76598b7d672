"""Whether a base model is the same as before: one hash over the files that make it, remembered until they change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from core import paths
from core.files import write_atomically

_KINDS = frozenset({".safetensors", ".json", ".jinja", ".model", ".txt"})
_REMEMBERED = "model-hashes.json"
_MOST_REMEMBERED = 500  # files


def content_hash(folder: Path) -> str:
    """The SHA-256 over names and contents of a model's weights, configuration and tokenizer.

    A file whose size and time of change are as they were is not read again. Reading takes about a second a gigabyte;
    not for the drawing thread.

    Raises:
        OSError: a file cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in _KINDS)
    known = _remembered()
    hashes = {path: _hash(path, known) for path in files}
    _remember(known, hashes)
    total = hashlib.sha256()
    for path, value in hashes.items():
        total.update(f"{path.name}\0{value}\n".encode())
    return total.hexdigest()


def _hash(path: Path, known: dict[str, list[object]]) -> str:
    before = known.get(str(path.resolve()))
    if before is not None and before[:2] == _marks(path) and isinstance(before[2], str):
        return before[2]
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _marks(path: Path) -> list[object]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _remembered() -> dict[str, list[object]]:
    try:
        data = json.loads((paths.user_data() / _REMEMBERED).read_text(encoding="utf-8"))
        return {name: entry for name, entry in data.items() if isinstance(entry, list) and len(entry) == 3}
    except (OSError, ValueError, AttributeError):
        return {}


def _remember(known: dict[str, list[object]], hashes: dict[Path, str]) -> None:
    now = {str(path.resolve()): [*_marks(path), value] for path, value in hashes.items()}
    if all(known.get(name) == entry for name, entry in now.items()):
        return
    kept = dict(_newest({name: entry for name, entry in known.items() if name not in now}.items()))
    with suppress(OSError, NotImplementedError):  # without it, files are only read again
        write_atomically(paths.user_data() / _REMEMBERED, json.dumps({**kept, **now}).encode())


def _newest(entries: Iterable[tuple[str, list[object]]]) -> list[tuple[str, list[object]]]:
    return list(entries)[-_MOST_REMEMBERED:]
