"""Words of exports that are the same everywhere: paths and base models in commands."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

from core.export.adapter_config import public_base


def quoted(path: Path) -> str:
    """A path as a command line takes it."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def base_in_command(base: str, folder: Path) -> str:
    """A base model as a command for this machine names it: its id on the hub, or where it lies."""
    name, revision = public_base(base)
    return name if revision else quoted(folder)


def base_in_python(base: str, folder: Path) -> str:
    """A base model as Python on this machine names it, with quotes: its id on the hub, or where it lies."""
    name, revision = public_base(base)
    return python_text(name if revision else folder.as_posix())


def python_text(text: str | Path) -> str:
    """A text, or a path with slashes, as a Python literal."""
    return json.dumps(text.as_posix() if isinstance(text, Path) else text, ensure_ascii=False)
