"""What holds for all tests, set before Qt or torch is imported: no screen, no network, threads that do not spin.

Any connection to another machine fails the test, whichever process tries it: see ``guard/loopback_only.py``.

Cyclic garbage is collected between tests, never in a thread: see ``app.garbage``.
"""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# A home for this process alone: tests that train side by side must not wait for each other, nor touch the user's.
_HOME = tempfile.mkdtemp(prefix="tunesmith-home-")
os.environ["TUNESMITH_HOME"] = _HOME
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

_GUARD = str(Path(__file__).parent / "guard")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_GUARD, os.environ.get("PYTHONPATH"))))
os.environ["TUNESMITH_TESTS_SOCKETS"] = os.path.join(_HOME, "sockets.txt")
sys.path.insert(0, _GUARD)
import loopback_only  # noqa: E402 - it is found from here on

loopback_only.install()

gc.disable()


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Fail the test in which another machine was called."""
    yield
    tried = loopback_only.attempts()
    if tried:
        pytest.fail(f"another machine was called:\n{tried}")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect what Python would have collected by itself."""
    yield
    due = [count > limit > 0 for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if any(due):
        gc.collect(2 - due[::-1].index(True))
