"""The rooms of the house keep apart: what may be imported where, and what is loaded before the window shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate"}
NOT_BEFORE_THE_WINDOW = HEAVY | {"numpy", "pyqtgraph", "tokenizers", "pydantic", "sqlite3", "matplotlib"}

START = """
import json, sys
from app import __main__, window

class Watched(window.Window):
    painted = None

    def paintEvent(self, event):
        super().paintEvent(event)
        if Watched.painted is None:
            Watched.painted = sorted(sys.modules)

    def load_pages(self):
        self.page_shown.connect(self.visit_next)
        self.to_visit = ["examples", "settings", "train", "compare", "adapters"]
        self.session.create_soon(PROJECT)

    def visit_next(self, id):
        if self.session.project is None:
            return
        from PySide6.QtCore import QTimer
        step = (lambda: self.go(self.to_visit.pop(0))) if self.to_visit else self.close
        QTimer.singleShot(0, step)

window.Window = Watched
code = __main__.open_window(None)
print(json.dumps({"code": code, "painted": Watched.painted, "end": sorted(sys.modules)}))
"""


def _run(program: str, home: Path) -> subprocess.CompletedProcess[str]:
    surroundings = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TUNESMITH_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=surroundings, check=False
    )


def test_the_window_shows_before_anything_heavy_is_loaded_and_never_loads_torch(tmp_path: Path) -> None:
    program = f"from pathlib import Path\nPROJECT = Path({str(tmp_path / 'project')!r})\n{START}"
    answer = _run(program, tmp_path / "home")
    assert answer.returncode == 0, answer.stderr
    seen = json.loads(answer.stdout.splitlines()[-1])
    assert seen["code"] == 0
    assert NOT_BEFORE_THE_WINDOW.isdisjoint(seen["painted"])
    assert "app.pages.train" in seen["end"]  # every page was there
    assert HEAVY.isdisjoint(seen["end"])


def test_no_module_of_the_window_loads_torch(tmp_path: Path) -> None:
    program = (
        "import app, importlib, json, pkgutil, sys\n"
        "for found in pkgutil.walk_packages(app.__path__, 'app.'):\n"
        "    importlib.import_module(found.name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    answer = _run(program, tmp_path / "home")
    assert answer.returncode == 0, answer.stderr
    assert HEAVY.isdisjoint(json.loads(answer.stdout)), "the window's own modules reach into core.worker's room"


@pytest.mark.parametrize("arguments", [["--help"], ["runs", "--help"]])
def test_the_command_line_needs_no_qt(tmp_path: Path, arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "sys.modules['PySide6'] = None\n"
        f"from app.__main__ import main\n"
        f"try:\n    code = main({arguments!r})\n"
        "except SystemExit as end:\n    code = end.code\n"
        "assert not code, code"
    )
    answer = _run(program, tmp_path / "home")
    assert answer.returncode == 0, answer.stderr


def test_import_contracts() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run([program, "--no-cache"], capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
