"""What the palette and the list of shortcuts offer for the run that is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.pages.run_view import RunView


def add_actions(page: QWidget, view: RunView, *, choose: Callable[[], object]) -> None:
    """Give a page the verbs of its run; ``choose`` lets the user choose the examples that are answered."""
    verbs: tuple[tuple[str, str, Callable[[], object]], ...] = (
        ("Earlier answers", "Alt+Left", lambda: view.samples.go(-1)),
        ("Later answers", "Alt+Right", lambda: view.samples.go(1)),
        ("Choose the examples to answer…", "", choose),
        ("Show the whole run in the chart", "", view.show_all),
    )
    for words, keys, act in verbs:
        action = QAction(words, page)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False, act=act: act())
        page.addAction(action)
