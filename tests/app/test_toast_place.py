"""A message in passing lies over no bar with buttons."""

from __future__ import annotations

from example_bench import until
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.selection_bar import SelectionBar
from app.widgets.toast import Toast, show_toast
from app.widgets.version_list import VersionList


def host_of(qtbot: QtBot, widget: QWidget) -> QWidget:
    host = QWidget()
    layout = QVBoxLayout(host)
    layout.addStretch(1)
    layout.addWidget(widget)
    qtbot.addWidget(host)
    host.resize(800, 600)
    host.show()
    return host


def over(toast: Toast, bar: QWidget) -> bool:
    there = bar.rect().translated(bar.mapTo(toast.parentWidget(), bar.rect().topLeft()))
    return bar.isVisible() and toast.geometry().intersects(there)


def test_a_toast_stands_above_a_bar_and_goes_up_when_one_comes(qtbot: QtBot) -> None:
    bar = SelectionBar()
    host = host_of(qtbot, bar)
    toast = show_toast(host, "Deleted 1 example.", act="Undo")
    low = toast.y()
    bar.set_count(2)
    until(qtbot, lambda: toast.y() < low and not over(toast, bar))
    toast = show_toast(host, "Changed 2 examples.", act="Undo")
    assert not over(toast, bar)
    host.resize(900, 500)
    until(qtbot, lambda: not over(toast, bar) and toast.geometry().bottom() < 500)


def test_a_toast_leaves_the_buttons_of_a_version_free(qtbot: QtBot) -> None:
    versions = VersionList()
    host = host_of(qtbot, versions)
    versions._acts.show()
    toast = show_toast(host, "Saved “first”.")
    until(qtbot, lambda: not over(toast, versions._acts))
    assert toast.isVisible()
