"""Somebody at the window: finds things by the words on them, clicks, types, waits until something is to be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QLabel, QWidget
from pytestqt.exceptions import TimeoutError
from pytestqt.qtbot import QtBot

from app.window import Window

W = TypeVar("W", bound=QWidget)
SOON, MEANWHILE = 10_000, 240_000  # milliseconds: what answers at once on a free machine; what trains


class Person:
    """Drives the real window through Qt's own events."""

    def __init__(self, qtbot: QtBot, window: Window) -> None:
        self._qtbot = qtbot
        self.window = window

    def sees(self, condition: Callable[[], object], what: str, timeout: int = SOON) -> None:
        """Wait until something holds, with the event loop running."""

        try:
            self._qtbot.waitUntil(lambda: bool(condition()), timeout=timeout)
        except TimeoutError:
            top = self._top()
            words = [widget.text() for widget in self._visible(QLabel) + self._visible(QAbstractButton)]
            pytest.fail(f"never saw {what}; there is {type(top).__name__} with {' | '.join(filter(None, words))}")

    def reads(self, words: str, timeout: int = SOON) -> None:
        """Wait until a label with these words is on the screen."""
        self.sees(
            lambda: any(words in label.text() for label in self._visible(QLabel)), f"the words {words!r}", timeout
        )

    def clicks(self, words: str, on: QWidget | None = None, timeout: int = SOON) -> None:
        """Click the button (of a part of the window) that is called so, once it can be clicked."""
        button = self.finds(QAbstractButton, words, on, timeout)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=_middle(button))

    def writes(self, field: str, text: str) -> None:
        """Click into the field that is called so, and write into it in the place of what was there."""
        widget = self.finds(QWidget, field)
        target = widget.lineEdit() if isinstance(widget, QAbstractSpinBox) else widget
        QTest.mouseClick(getattr(target, "viewport", lambda: target)(), Qt.MouseButton.LeftButton)
        QTest.keyClick(target, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        for number, line in enumerate(text.split("\n")):
            if number:
                QTest.keyClick(target, Qt.Key.Key_Return)
            for letter in line:
                _key(target, letter)

    def presses(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key where the focus is."""
        self.sees(self._is_in_front, "the window in front")
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def drops(self, source: Path, on: QWidget) -> None:
        """Drag a file or folder from elsewhere over a part of the window, and let go."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(source))])
        place, copies = on.rect().center(), Qt.DropAction.CopyAction
        button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(place, copies, data, button, keys)
        QApplication.sendEvent(on, enter)
        assert enter.isAccepted(), f"{source.name} may not be dropped there"
        QApplication.sendEvent(on, QDropEvent(QPointF(place), copies, data, button, keys))

    def finds(self, kind: type[W], words: str, on: QWidget | None = None, timeout: int = SOON) -> W:
        """Wait for the enabled widget of this kind that is called so."""
        self.sees(lambda: self._named(kind, words, on), f"{kind.__name__} {words!r} that can be used", timeout)
        self.sees(self._is_in_front, "the window in front")
        return self._named(kind, words, on)[0]

    def _named(self, kind: type[W], words: str, on: QWidget | None) -> list[W]:
        return [widget for widget in self._visible(kind, on) if widget.isEnabled() and words in _names(widget)]

    def _visible(self, kind: type[W], on: QWidget | None = None) -> list[W]:
        """Those on the screen; while a dialog is open, only its own can be used."""
        return [widget for widget in (on or self._top()).findChildren(kind) if widget.isVisible()]

    def _top(self) -> QWidget:
        return QApplication.activeModalWidget() or self.window

    def _is_in_front(self) -> bool:
        """A window manager brings a window to the front when a dialog is closed; a test's screen has none."""
        top = self._top()
        if not top.isActiveWindow():
            top.activateWindow()
        return top.isActiveWindow()


def _names(widget: QWidget) -> set[str]:
    names = {widget.accessibleName()}
    if isinstance(widget, QAbstractButton):
        names.add(widget.text().replace("&", ""))
    return names - {""}


def _middle(button: QWidget) -> QPoint:
    return button.rect().center()


def _key(target: QWidget, letter: str) -> None:
    """Letters that no key of a test keyboard has come as an input method would bring them."""
    if letter.isascii():
        QTest.keyClick(target, letter)
    else:
        QTest.keyClicks(target, letter)
    QApplication.processEvents()  # nobody types so fast that nothing happens between two keys
