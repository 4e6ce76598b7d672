"""Cyclic garbage is collected on the drawing thread, and never in a pool thread."""

from __future__ import annotations

import gc
import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app import tasks
from app.garbage import Collector


class Knot(QObject):
    """Lies in a cycle; tells where it is destroyed."""

    died: list[threading.Thread]

    def __init__(self, died: list[threading.Thread]) -> None:
        super().__init__()
        self.itself = self
        self.died = died

    def __del__(self) -> None:
        self.died.append(threading.current_thread())


def test_cycles_die_on_the_drawing_thread_alone(qtbot: QtBot) -> None:
    owner = QObject()
    Collector(owner)
    assert not gc.isenabled()
    died: list[threading.Thread] = []
    for _ in range(50):
        Knot(died)
    done: list[int] = []
    tasks.run(lambda: len([[number] for number in range(50_000)]), done=done.append)
    qtbot.waitUntil(lambda: bool(done))
    kept = [[number] for number in range(5_000)]  # more than Python waits for before it collects
    qtbot.waitUntil(lambda: len(died) == 50)
    assert kept
    assert set(died) == {threading.main_thread()}
