"""The list of keyboard shortcuts, made from the actions that exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE

# What works in every list and form; Qt and the pages provide it.
EVERYWHERE = {
    "Next field": "Tab",
    "Confirm": "Enter",
    "Leave, close": "Esc",
    "Open a menu": "Alt",
}
IN_A_CHART = {
    "Read values": "Left, Right, Home, End",
    "Zoom": "+, -",
    "Move along": "Shift+Left, Shift+Right",
    "Show everything": "0",
}


class ShortcutsDialog(QDialog):
    """Groups of words and keys in two columns."""

    def __init__(self, groups: Mapping[str, Sequence[QAction]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(800, 500)
        lists = {
            name: [(_words(action), _keys(action)) for action in actions if action.shortcuts()]
            for name, actions in groups.items()
        }
        lists["Everywhere"] = list(EVERYWHERE.items())
        lists["In a chart"] = list(IN_A_CHART.items())
        content = QWidget()
        content.setProperty("kind", "scrolled")
        columns = QHBoxLayout(content)
        columns.setContentsMargins(0, 0, SPACE.UNIT, 0)
        columns.setSpacing(2 * SPACE.PAGE)
        filled = {name: rows for name, rows in lists.items() if rows}
        half = (sum(len(rows) + 2 for rows in filled.values()) + 1) // 2
        column, used = _column(columns), 0
        for name, rows in filled.items():
            if used and used + len(rows) / 2 > half:
                column.addStretch(1)
                column, used = _column(columns), 0
            column.addWidget(_group(name, rows))
            used += len(rows) + 2
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.CARD)
        layout.addWidget(area, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)


def _column(columns: QHBoxLayout) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(SPACE.PAGE)
    columns.addLayout(column, 1)
    return column


def _group(name: str, rows: Sequence[tuple[str, str]]) -> QWidget:
    widget = QWidget()
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(6)
    heading = QLabel(name)
    heading.setProperty("kind", "heading")
    grid.addWidget(heading, 0, 0, 1, 2)
    for row, (words, keys) in enumerate(rows, start=1):
        label = QLabel(keys)
        label.setFont(theme.mono_font("small"))
        label.setProperty("kind", "secondary")
        grid.addWidget(QLabel(words), row, 0)
        grid.addWidget(label, row, 1, Qt.AlignmentFlag.AlignRight)
    grid.setColumnStretch(0, 1)
    return widget


def _words(action: QAction) -> str:
    return action.iconText().rstrip("…")


def _keys(action: QAction) -> str:
    return " or ".join(keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in action.shortcuts())
