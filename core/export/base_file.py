"""base_model.json: which base model an adapter belongs to, with its fingerprint; it travels with the adapter."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from core.base_models.reading import json_object, read_text
from core.errors import ModelError
from core.export.adapter_config import public_base

BASE_FILE = "base_model.json"
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BaseModelId:
    """A base model as others know it.

    Attributes:
        name: its public name, never a path.
        revision: the commit on the hub; may be empty.
        sha256: its fingerprint (:func:`core.base_models.identity.content_hash`); may be empty.
    """

    name: str
    revision: str = ""
    sha256: str = ""


def write(folder: Path, base: str, sha256: str) -> None:
    """Say it in an adapter's folder; ``base`` is the recipe's name of the base model.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(asdict(BaseModelId(*public_base(base), sha256)), indent=2, ensure_ascii=False) + "\n"
    (folder / BASE_FILE).write_text(text, encoding="utf-8", newline="\n")


def read(folder: Path) -> BaseModelId | None:
    """What an adapter's folder says; None when it does not, or the file is damaged."""
    path = folder / BASE_FILE
    if not path.is_file():
        return None
    try:
        values = json_object(path, read_text(path, megabytes=1))
    except ModelError:
        return None
    name, revision, sha256 = (values.get(key, "") for key in ("name", "revision", "sha256"))
    if not isinstance(name, str) or not isinstance(revision, str) or not isinstance(sha256, str):
        return None
    return BaseModelId(name[:200], revision[:100], sha256 if _HASH.fullmatch(sha256) else "")
