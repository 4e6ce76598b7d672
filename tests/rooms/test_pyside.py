"""The PySide6 that is installed gives back what it borrows: 6.12.0 loses a reference with every call on Python 3.11."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

CALLS = 20_000


class Sender(QObject):
    told = Signal(object)
    ticked = Signal(bool)


def _drift(act: Callable[[], object], calls: int) -> dict[str, int]:
    """By how much the reference counts of None, True and False have changed after so many calls."""
    constants = (None, True, False)
    act()
    before = [sys.getrefcount(constant) for constant in constants]
    for _ in range(calls):
        act()
    after = [sys.getrefcount(constant) for constant in constants]
    return {str(name): b - a for name, a, b in zip(constants, before, after, strict=True)}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None, True and False are immortal from Python 3.12 on")
def test_no_reference_is_lost(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    image = QImage(20, 20, QImage.Format.Format_RGB32)

    def paint() -> None:
        painter = QPainter(image)
        painter.drawLine(0, 0, 5, 5)
        painter.end()

    for act in (lambda: label.setText("x"), lambda: label.setEnabled(True), label.isVisible, label.parent, paint):
        assert all(abs(change) < 50 for change in _drift(act, 2_000).values()), act


def test_twenty_thousand_emissions(qtbot: QtBot) -> None:
    sender, heard = Sender(), [0, 0]

    def hear(value: object) -> None:
        heard[0] += value is None

    def hear_tick(on: bool) -> None:
        heard[1] += on

    sender.told.connect(hear)
    sender.ticked.connect(hear_tick)

    def emit() -> None:
        sender.told.emit(None)
        sender.ticked.emit(True)

    drift = _drift(emit, CALLS)
    assert heard == [CALLS + 1, CALLS + 1]
    if sys.version_info < (3, 12):
        assert all(abs(change) < 50 for change in drift.values()), drift
