"""The folder beside the target in which an export is made, and what a crash leaves of such folders."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from pathlib import Path

import psutil

from core.runs.alive import birth, living
from core.runs.heavy import EXPORT_ENDING

_MAKER_FILE = "maker.json"
_NAME = re.compile(r"\..*\.[0-9a-f]{8}" + re.escape(EXPORT_ENDING))


def make(target: Path) -> Path:
    """A new folder beside the target; what processes that are gone left there is cleared away.

    Raises:
        OSError: the place cannot be written.
    """
    clear_away(target.parent)
    folder = target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}{EXPORT_ENDING}"
    folder.mkdir()
    maker = {"pid": os.getpid(), "created": birth(os.getpid())}
    try:
        (folder / _MAKER_FILE).write_text(json.dumps(maker), encoding="utf-8")
    except OSError:
        remove(folder)
        raise
    return folder


def remove(folder: Path) -> None:
    """Remove a folder that :func:`make` made."""
    shutil.rmtree(folder, ignore_errors=True)


def clear_away(place: Path) -> None:
    """Remove folders in ``place`` that an export left whose process is gone; nothing else is touched."""
    try:
        found = [entry for entry in os.scandir(place) if _NAME.fullmatch(entry.name) and not entry.is_symlink()]
    except OSError:
        return
    for entry in found:
        if _is_left(Path(entry.path)):
            remove(Path(entry.path))


def put_file(source: Path, target: Path) -> None:
    """Give a file its name, unless that is taken (a rename would write over it)."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links here
        with open(target, "xb"):
            pass
        os.replace(source, target)


def _is_left(folder: Path) -> bool:
    try:
        maker = json.loads((folder / _MAKER_FILE).read_text(encoding="utf-8"))
        return living(int(maker["pid"]), float(maker["created"])) is None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False  # not known whose it is
