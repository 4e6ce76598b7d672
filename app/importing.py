"""Imports modules of the window in the background, once every class of Qt has been made on the drawing thread.

PySide makes a class when it is first asked for, and two threads that do so at the same time end the program (a
segmentation fault, PySide 6.11). A module that is imported in the background asks for classes, pyqtgraph for all that
there are, while the drawing thread goes on painting. So all are made first, in pieces too small to be felt.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QTimer

from app import tasks

_MODULES = ("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets", "PySide6.QtSvg")
_PIECE_SECONDS = 0.004


def import_soon(module: str, *, done: tasks.Done) -> None:
    """Import a module in another thread and call ``done(module)`` back on this one, the drawing thread.

    Args:
        module: its full name.
        done: takes the module; a method of a widget that is gone by then is not called.
    """
    _classes.when_made(lambda: tasks.run(lambda: importlib.import_module(module), done=done))


class _Classes:
    """The classes of Qt in this process."""

    def __init__(self) -> None:
        self._left: Iterator[object] | None = None
        self._made = False
        self._waiting: list[Callable[[], object]] = []

    def when_made(self, act: Callable[[], object]) -> None:
        """Call ``act`` once all are made: now, or from the event loop."""
        if self._made:
            act()
            return
        self._waiting.append(act)
        if self._left is None:
            self._left = _each_class()
            QTimer.singleShot(0, self._make_some)

    def _make_some(self) -> None:
        assert self._left is not None
        until = time.perf_counter() + _PIECE_SECONDS
        for _ in self._left:
            if time.perf_counter() >= until:
                QTimer.singleShot(0, self._make_some)
                return
        self._made = True
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()


def _each_class() -> Iterator[object]:
    """Asking for a class makes it."""
    for name in _MODULES:
        module = importlib.import_module(name)
        for attribute in dir(module):
            yield getattr(module, attribute)


_classes = _Classes()
