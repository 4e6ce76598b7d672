"""Imported adapters on disk: ``PROJECT/adapters/NAME/``, a PEFT folder with a file that says where it came from."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from core.files import write_atomically
from core.recipe.schema import ModelSettings

FOLDER = "adapters"
ORIGIN_FILE = "imported.json"


class Origin(BaseModel):
    """Where an imported adapter came from, and the base model that it was matched with.

    Attributes:
        title: what it was called.
        source: the name of the folder or archive, without its path.
        at: when it was imported, in Unix seconds.
        model: the base model and how it is held.
        claimed_base: what its own configuration calls its base model; may be empty.
        match: how it was proven that it belongs to the base model, in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    source: str = ""
    at: float = 0.0
    model: ModelSettings
    claimed_base: str = ""
    match: str = ""


def folder_of(project: Path) -> Path:
    """Where a project's imported adapters are."""
    return project / FOLDER


def folders(parent: Path) -> list[Path]:
    """The folders of imported adapters, the newest first; hidden ones (put aside) are passed over."""
    try:
        found = [path for path in parent.iterdir() if not path.name.startswith(".") and (path / ORIGIN_FILE).is_file()]
        return sorted(found, key=lambda path: ((path / ORIGIN_FILE).stat().st_mtime, path.name), reverse=True)
    except OSError:
        return []


def is_key(key: str) -> bool:
    """Whether a key names an imported adapter."""
    return key.startswith(f"{FOLDER}/")


def key_of(folder: Path) -> str:
    """The key of the imported adapter in a folder."""
    return f"{FOLDER}/{folder.name}"


def name_of(key: str) -> str:
    """The folder's name in a key; never one that leads elsewhere."""
    return Path(key.removeprefix(f"{FOLDER}/").replace("\\", "/")).name or "-"


def origin(folder: Path) -> Origin | None:
    """What is known of an imported adapter; None when the file is missing or damaged."""
    try:
        return Origin.model_validate(json.loads((folder / ORIGIN_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None


def keep_origin(folder: Path, origin: Origin) -> None:
    """Write it.

    Raises:
        OSError: the folder cannot be written.
    """
    write_atomically(folder / ORIGIN_FILE, (origin.model_dump_json(indent=1) + "\n").encode())
