"""Words of exports that are the same everywhere: paths and base models in commands."""

from __future__ import annotations

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
