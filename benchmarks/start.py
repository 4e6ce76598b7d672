"""How long until the window is painted, beside a bare window of Qt: processes taken in turns, medians of both.

    .venv/bin/python benchmarks/start.py [ROUNDS]

Both are timed from the start of the interpreter to the end of the first paint (Linux; needs a screen or
``QT_QPA_PLATFORM=offscreen``). The first round warms the disk and does not count.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAINTED = """
    def paintEvent(self, event):
        super().paintEvent(event)
        if not Painted.done:
            Painted.done = True
            QTimer.singleShot(0, lambda: (print(time.time(), flush=True), os._exit(0)))
"""
BARE = f"""
import os, sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Painted(QMainWindow):
    done = False{PAINTED}
app = QApplication([])
window = Painted()
window.resize(1280, 800)
window.show()
app.exec()
"""
OURS = f"""
import os, sys, time
from app import __main__, window
from PySide6.QtCore import QTimer
class Painted(window.Window):
    done = False{PAINTED}
window.Window = Painted
__main__.open_window(None)
"""


def seconds_to_paint(program: str, home: str) -> float:
    """From before the process is started until its window has been painted once."""
    surroundings = os.environ | {"TUNESMITH_HOME": home, "PYTHONPATH": str(ROOT)}
    began = time.time()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=surroundings, check=True)
    return float(done.stdout.splitlines()[-1]) - began


def main(arguments: list[str]) -> int:
    """Print medians and their ratio."""
    rounds = int(arguments[0]) if arguments else 11
    found: dict[str, list[float]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as home:
        for number in range(rounds + 1):
            for name, program in (("bare", BARE), ("ours", OURS)):
                seconds = seconds_to_paint(program, home)
                if number:
                    found[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in found.items()}
    for name, values in found.items():
        print(f"{name}: median {1000 * medians[name]:.0f} ms, {1000 * min(values):.0f} to {1000 * max(values):.0f}")
    print(f"ratio {medians['ours'] / medians['bare']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
