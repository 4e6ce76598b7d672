"""What a file holds: the first rows as they will be stored, how many there are, and which ones are skipped and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.example_delegate import runs_right_to_left
from core.dataset.files import ReadResult

_FIRST = 50
_TEXTS = ("instruction", "input", "output", "system")
_NOWHERE = QModelIndex()


class ImportPreview(QWidget):
    """Signals: ``other_wanted`` when the user wants another file."""

    other_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._file = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._file.setProperty("kind", "heading")
        other = QPushButton("Choose another file")
        other.setProperty("kind", "quiet")
        other.clicked.connect(self.other_wanted)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self.rows = _PlainTable("The first rows, as they will be stored")
        self._skipped_words = QLabel()
        self._skipped_words.setProperty("kind", "remark")
        self.skipped = _PlainTable("Skipped rows")
        head = QHBoxLayout()
        head.addWidget(self._file, 1)
        head.addWidget(other)
        caption = QLabel("The first rows, as they will be stored")
        caption.setProperty("kind", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addLayout(head)
        column.addWidget(self._words)
        column.addWidget(caption)
        column.addWidget(_framed(self.rows), 3)
        column.addWidget(self._skipped_words)
        self._skipped = _framed(self.skipped)
        column.addWidget(self._skipped, 2)

    def show_result(self, path: Path, result: ReadResult) -> None:
        """Show what was read."""
        self._file.setText(path.name)
        self._words.setText(words(result))
        first = result.examples[:_FIRST]
        names = [name for name in _TEXTS if name != "system" or any(example.system for example in first)]
        cells = [[" ".join(getattr(example, name)[:400].split()) for name in names] for example in first]
        titles = [name.capitalize() if name != "system" else "System prompt" for name in names]
        self.rows.fill(titles, cells, stretch=range(len(names)))
        skipped = result.skipped
        self._skipped_words.setVisible(bool(skipped))
        self._skipped_words.setText(f"Skipped: {format.plural(len(skipped), 'row')}")
        self._skipped.setVisible(bool(skipped))
        reasons = [[format.count(row.row), row.column, row.reason[:1].upper() + row.reason[1:]] for row in skipped]
        self.skipped.fill(["Row", "Column", "Why"], reasons, stretch=(2,))

    def text(self) -> str:
        """The sentence that counts."""
        return self._words.text()


def words(result: ReadResult) -> str:
    """What the import will do, in a sentence or two."""
    count = len(result.examples)
    said = (
        f"{format.plural(count, 'example')} can be imported." if count else "There is nothing to import in this file."
    )
    if result.duplicates:
        said += f" {format.plural(result.duplicates, 'row is', 'rows are')} there twice."
    incomplete = sum(not example.is_complete for example in result.examples)
    if incomplete:
        said += f" {format.plural(incomplete, 'is', 'are')} incomplete and will be a draft."
    return said


def _framed(table: QTableView) -> QFrame:
    """A table on a card of its own."""
    frame = QFrame()
    frame.setProperty("kind", "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(1, 1, 1, 1)
    column.addWidget(table)
    return frame


class _PlainDelegate(QStyledItemDelegate):
    """Text that runs from right to left begins at the right."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if runs_right_to_left(option.text):
            option.direction = Qt.LayoutDirection.RightToLeft


class _PlainTable(QTableView):
    """Rows to look at."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._cells = _Cells(self)
        self.setModel(self._cells)
        self.setAccessibleName(name)
        self.setItemDelegate(_PlainDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def fill(self, titles: Sequence[str], rows: Sequence[Sequence[str]], *, stretch: Sequence[int]) -> None:
        """Show these rows; the columns in ``stretch`` share the width."""
        self._cells.fill(titles, rows)
        header = self.horizontalHeader()
        for column in range(len(titles)):
            mode = QHeaderView.ResizeMode.Stretch if column in stretch else QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(column, mode)
            if column not in stretch:
                header.resizeSection(column, 110)

    def cells(self) -> list[list[str]]:
        """What is shown, row by row."""
        return [list(row) for row in self._cells.rows]


class _Cells(QAbstractTableModel):
    """Plain words in rows and columns."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._titles: Sequence[str] = ()
        self.rows: Sequence[Sequence[str]] = ()

    def fill(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.beginResetModel()
        self._titles, self.rows = titles, rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return self.rows[index.row()][index.column()] if role == Qt.ItemDataRole.DisplayRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        horizontal = orientation == Qt.Orientation.Horizontal
        return self._titles[section] if horizontal and role == Qt.ItemDataRole.DisplayRole else None
