"""SHA256SUMS: the hashes of a folder's files, in the form that ``sha256sum -c`` reads.

They are written when an adapter is made and travel with it, so that a byte that changes later is noticed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.errors import ModelError

SUMS_FILE = "SHA256SUMS"
_LINE = re.compile(r"(?P<hash>[0-9a-f]{64}) [ *](?P<name>[^/\\\0]{1,255})")
_LARGEST = 1 << 20


def dumps(folder: Path, names: Iterable[str], *, known: Mapping[str, str] | None = None) -> str:
    """The lines for some files of a folder, by name; those whose hash is ``known`` are not read."""
    found = known or {}
    return "".join(f"{found.get(name) or hash_file(folder / name)}  {name}\n" for name in sorted(names))


def check(folder: Path) -> dict[str, str]:
    """Hash the files that the folder's SHA256SUMS names, and compare.

    Returns:
        The hashes by name; empty when the folder has no such file.

    Raises:
        ModelError: a file was changed or is missing, or SHA256SUMS itself is damaged.
    """
    path = folder / SUMS_FILE
    if not path.is_file():
        return {}
    expected = _read(path)
    for name, wanted in expected.items():
        file = folder / name
        if not file.is_file() or hash_file(file) != wanted:
            raise ModelError(
                "The adapter is damaged.",
                reason=f"{name} is {'not as it was written' if file.is_file() else 'missing'}.",
                hint="Take it again from the run, or resume the run, which writes it anew.",
                details=str(file),
            )
    return expected


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, str]:
    with open(path, "rb") as file:
        text = file.read(_LARGEST).decode("utf-8", "replace")
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match["name"] == "..":
            raise ModelError(
                "The adapter is damaged.",
                reason=f"{SUMS_FILE} has a line that is none of its own: {line[:80]!r}",
                hint="Take it again from the run, or resume the run, which writes it anew.",
                details=str(path),
            )
        found[match["name"]] = match["hash"]
    return found
