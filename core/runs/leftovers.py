"""What bringing a run back leaves among the runs when the program is killed, and how it is put right."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

ADOPTING = ".adopting-"
_OLD = ".old"
_DAY = 24 * 60 * 60


def earlier(run: Path) -> Path:
    """Where a run is put aside while what came back takes its place."""
    return run.with_name(f".{run.name}{_OLD}")


def put_right(runs: Path) -> None:
    """Bring back a run that nothing took the place of; delete what is not needed any more.

    What is being unpacked may be another process's, so only what is older than a day is taken for left behind.
    """
    for aside in runs.glob(f".*{_OLD}"):
        with suppress(OSError):  # the next opening tries again
            run = runs / aside.name[1 : -len(_OLD)]
            if run.exists():
                shutil.rmtree(aside)
            else:
                os.replace(aside, run)
    for aside in runs.glob(f"{ADOPTING}*"):
        with suppress(OSError):
            if time.time() - aside.stat().st_mtime > _DAY:
                shutil.rmtree(aside)
