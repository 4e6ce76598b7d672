"""The licence that a model's folder states: the head of its README.md, as the Hugging Face hub writes it."""

from __future__ import annotations

import re
from pathlib import Path

_HEAD = 1 << 16  # bytes of the file that are looked at
_KEYS = ("license_name", "license")  # the first is what an own licence is called, where the second says "other"
_WORD = re.compile(r"[\w.+ -]{1,60}", re.ASCII)


def licence_of(folder: Path) -> str:
    """Its short name (``apache-2.0``); empty where none is stated."""
    try:
        with (folder / "README.md").open("rb") as stream:
            lines = stream.read(_HEAD).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    if not lines or lines[0].strip() != "---":
        return ""
    found = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, colon, value = line.partition(":")
        if colon and key in _KEYS:
            found[key] = value.strip().strip("'\"")
    name = next((found[key] for key in _KEYS if found.get(key)), "")
    return name if _WORD.fullmatch(name) else ""
