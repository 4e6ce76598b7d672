"""Python's cyclic garbage is collected on the drawing thread alone.

Left to itself, Python collects in whichever thread happens to allocate. In a pool thread that may destroy Qt objects:
Qt then holds a lock of its own and waits for Python's, while the drawing thread holds Python's and waits for Qt's, and
the window stands still for ever.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_LOOK_MS = 300


def collect_if_due() -> None:
    """Collect what Python would have collected by itself; call it on the drawing thread."""
    due = [count > limit > 0 for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if any(due):
        gc.collect(2 - due[::-1].index(True))


class Collector(QObject):
    """Takes over from Python's own collector until it is destroyed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.setInterval(_LOOK_MS)
        timer.timeout.connect(collect_if_due)
        timer.start()
