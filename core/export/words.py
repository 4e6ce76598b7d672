"""Words of exports that are the same everywhere: paths in commands."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path


def quoted(path: Path) -> str:
    """A path as a command line takes it."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))
