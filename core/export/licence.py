"""The licence of a base model, as its own card names it."""

from __future__ import annotations

import re
from pathlib import Path

from core.base_models import catalogue
from core.errors import ModelError

_LONGEST = 64 << 10
_LINE = re.compile(r"(?P<key>license|license_name):\s*[\"']?(?P<name>[A-Za-z0-9][A-Za-z0-9.+-]{0,60})[\"']?\s*")


def of_base(base: str) -> str:
    """The identifier of the licence of a base model, as the recipe names it; empty when it is not said here."""
    try:
        return of_folder(catalogue.resolve(base))
    except ModelError:
        return ""


def of_folder(folder: Path) -> str:
    """The same for a model folder: what the front matter of its README.md says."""
    try:
        with open(folder / "README.md", "rb") as file:
            lines = file.read(_LONGEST).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    if not lines or lines[0].strip() != "---":
        return ""
    found = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        if match := _LINE.fullmatch(line):
            found[match["key"]] = match["name"]
    name = found.get("license", "")
    return found.get("license_name", name) if name == "other" else name
