"""The window is killed while somebody types and imports: nothing that was acknowledged is lost, nothing is half done.

``TUNESMITH_KILLS`` says how many times; ``benchmarks/kills.py`` does it 500 times.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killing import kill_many

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the windows are forked")


def test_a_killed_window_loses_nothing(tmp_path: Path) -> None:
    figures = kill_many(tmp_path, int(os.environ.get("TUNESMITH_KILLS", "6")), seed=4)
    assert figures.lost == []
    assert figures.corrupt == []
    assert figures.edits > 6
