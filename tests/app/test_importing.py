"""Modules are imported in the background, but no class of Qt is made there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from pytestqt.qtbot import QtBot

from app.importing import import_soon

ROOT = Path(__file__).resolve().parents[2]
# Threads take turns as often as they can, and the drawing thread asks for the classes that pyqtgraph asks for.
PROGRAM = """
import sys
from PySide6 import QtCore, QtGui, QtWidgets
from app.importing import import_soon
sys.setswitchinterval(1e-4)
app = QtWidgets.QApplication([])
import_soon("pyqtgraph", done=lambda _: app.quit())
for module in (QtCore, QtGui, QtWidgets):
    for name in dir(module):
        getattr(module, name)
app.exec()
print("pyqtgraph" in sys.modules)
"""


def test_the_module_is_handed_over_on_the_drawing_thread(qtbot: QtBot) -> None:
    found: list[ModuleType] = []
    import_soon("colorsys", done=found.append)
    qtbot.waitUntil(lambda: bool(found))
    assert found == [sys.modules["colorsys"]]


def test_pyqtgraph_comes_while_the_drawing_thread_goes_on(tmp_path: Path) -> None:
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, env=surroundings, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split()[-1] == "True"
