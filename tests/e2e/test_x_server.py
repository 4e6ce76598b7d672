"""The journey again in a window of a real X server, where one can be started."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SETUP = runpy.run_path(str(HERE.parents[1] / "run.py"))


def missing() -> str:
    """What keeps a window of X11 from being shown here; empty when nothing does."""
    programs = [name for name in ("xvfb-run", "Xvfb", "xauth") if not shutil.which(name)]
    libraries = [name for name in SETUP["X11"] if not SETUP["loads"](name)]
    return ", ".join(programs + libraries)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or bool(missing()), reason=f"missing for an X server: {missing()}")
def test_the_journey_in_an_x_server() -> None:
    journey = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", str(HERE / "test_journey.py")]
    screen = ["xvfb-run", "--auto-servernum", "--server-args", "-screen 0 1280x800x24"]
    variables = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run([*screen, *journey], cwd=HERE, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "1 passed" in done.stdout
