"""The menu over the heads of the examples table: which of the columns that can be spared are shown."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QPoint, Qt
from PySide6.QtWidgets import QMenu

from app.models.example_cells import Column
from app.preferences import Preferences
from app.widgets.example_list import ExampleList

_SPLIT = "examples/split_column"
_KEPT = {b"1": True, b"0": False}


def add_column_menu(rows: ExampleList) -> None:
    """Offer to show and hide the column Split, and remember what was chosen; until then the width decides."""
    kept = Preferences().geometry(_SPLIT)
    rows.split_shown = None if kept is None else _KEPT.get(kept.data())
    header = rows.horizontalHeader()
    header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    header.customContextMenuRequested.connect(lambda place: _open(rows, place))


def _open(rows: ExampleList, place: QPoint) -> None:
    menu = QMenu(rows.horizontalHeader())
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addAction("Columns").setEnabled(False)  # the style draws Qt's own sections as bare lines
    split = menu.addAction("Split")
    split.setCheckable(True)
    split.setChecked(not rows.isColumnHidden(Column.SPLIT))
    split.toggled.connect(lambda shown: _choose(rows, shown))
    menu.popup(rows.horizontalHeader().mapToGlobal(place))


def _choose(rows: ExampleList, shown: bool) -> None:
    rows.split_shown = shown
    Preferences().keep_geometry(_SPLIT, QByteArray(b"1" if shown else b"0"))
