"""What a source of examples holds: its columns and fields, the first rows as they will be stored, what is skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSplitter, QTableView, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.column_mapping import FIELDS, ColumnMapping
from app.widgets.elided_label import ElidedLabel
from app.widgets.import_counts import ImportCounts
from app.widgets.part_choice import PartChoice
from app.widgets.plain_table import PlainTable

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.dataset.importing.reading import Shape, Summary
    from core.dataset.records import Skipped

_MOST_LETTERS = 400  # of a text that a cell shows
_MOST_COLUMNS = 40
_MAIN = ("instruction", "input", "output")
_NARROW = 100
_MAPPING_WIDTH = 270
_ROWS_CAPTION = "The first rows, as they will be stored"
_SOME_CAPTION = "The first rows, as they will be stored; duplicates among them are left out"
_NONE_CAPTION = "The first rows; all are duplicates, and none will be stored"


class ImportPreview(QWidget):
    """Shows what the reader tells, in the order in which it comes."""

    other_wanted = Signal()
    """The user wants another source."""
    mapping_changed = Signal(dict)
    """(columns by field): the user wants the columns used in another way."""
    part_wanted = Signal(dict)
    """({"sheet", "config" or "split": name}): the user wants another part of the source."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._name.setProperty("kind", "heading")
        self._format = ElidedLabel()
        self._format.setProperty("kind", "secondary")
        self.part = PartChoice()
        self.part.wanted.connect(self.part_wanted)
        self.other = QPushButton("Choose something else")
        self.other.setProperty("kind", "quiet")
        self.other.clicked.connect(self.other_wanted)
        self.counts = ImportCounts()
        self.counts.leaving_out_changed.connect(self._caption_rows)
        self.mapping = ColumnMapping()
        self.mapping.changed.connect(self.mapping_changed)
        self.rows = PlainTable(_ROWS_CAPTION)
        self.skipped = PlainTable("Skipped rows")
        self.skipped_words = _caption("", kind="remark")
        self.rows_words = _caption(_ROWS_CAPTION)
        self._arrange()

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self._format)
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addLayout(words, 1)
        head.addWidget(self.part)
        head.addWidget(self.other)
        self._skipped = _side(self.skipped_words, _framed(self.skipped))
        tables = QSplitter(Qt.Orientation.Vertical)
        tables.setChildrenCollapsible(False)
        tables.addWidget(_side(self.rows_words, _framed(self.rows)))
        tables.addWidget(self._skipped)
        tables.setStretchFactor(0, 3)
        tables.setStretchFactor(1, 2)
        columns = _side(_caption("Which column is what"), self.mapping)
        columns.setFixedWidth(_MAPPING_WIDTH)
        body = QHBoxLayout()
        body.setSpacing(SPACE.GAP)
        body.addWidget(columns)
        body.addWidget(tables, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.FIELD)
        column.addLayout(head)
        column.addWidget(self.counts)
        column.addLayout(body, 1)

    def begin(self, name: str) -> None:
        """Another source is being read."""
        self._name.setText(name)
        self._format.setText("")
        self.part.clear()
        self.counts.clear()
        self.rows.fill([], [], widths=[])
        self._show_skipped(0, ())

    def begin_again(self) -> None:
        """The same source is being read in another way; the rows stay until the new ones come."""
        self.counts.clear()
        self._show_skipped(0, ())

    def show_shape(self, shape: Shape) -> None:
        """The columns are known."""
        self._format.setText(shape.format)
        self.part.show_shape(shape)
        self.mapping.set_columns(shape.columns, shape.mapping)

    def show_raw(self, shape: Shape) -> None:
        """Nothing can be stored yet: show the first rows as they are in the source."""
        names = [column.name for column in shape.columns[:_MOST_COLUMNS]]
        rows = [[" ".join(text[:_MOST_LETTERS].split()) for text in row[:_MOST_COLUMNS]] for row in shape.rows]
        self.rows_words.setText("The first rows, as they are there")
        self.rows.fill(names, rows, widths=[0] * len(names) if len(names) <= 5 else [160] * len(names))

    def show_rows(self, examples: Sequence[Example]) -> None:
        """The first examples are known."""
        names = [name for name in FIELDS if _is_shown(name, examples)]
        cells = [[_cell(example, name) for name in names] for example in examples]
        wide = [name in _MAIN and any(row[at] for row in cells) for at, name in enumerate(names)]
        self._caption_rows()
        self.rows.fill([FIELDS[name] for name in names], cells, widths=[0 if each else _NARROW for each in wide])

    def show_summary(self, summary: Summary) -> None:
        """Everything has been read."""
        self.counts.show_summary(summary)
        self._caption_rows()
        self._show_skipped(summary.skipped, summary.skipped_rows)

    def _caption_rows(self) -> None:
        """Say what the rows are; the user may have some of them left out."""
        words = _ROWS_CAPTION
        if self.counts.leaving_out:
            words = _SOME_CAPTION if self.counts.amount else _NONE_CAPTION
        self.rows_words.setText(words)

    def set_changeable(self, changeable: bool) -> None:
        """Whether anything can be chosen; not while the examples are being taken in."""
        for part in (self.part, self.other, self.mapping, self.counts.leave_out):
            part.setEnabled(changeable)

    def _show_skipped(self, amount: int, rows: Sequence[Skipped]) -> None:
        words = f"Skipped: {format.plural(amount, 'row')}"
        if amount > len(rows):
            words += f"; the first {format.count(len(rows))} are listed"
        self.skipped_words.setText(words)
        self._skipped.setVisible(amount > 0)
        reasons = [[format.count(row.row), row.column, row.reason[:1].upper() + row.reason[1:]] for row in rows]
        self.skipped.fill(["Row", "Column", "Why"], reasons, widths=[90, 130, 0])


def _is_shown(name: str, examples: Sequence[Example]) -> bool:
    """The main fields always; others where an example has something there that is not usual."""
    if name in _MAIN:
        return True
    if name == "messages":
        return False
    return any(_cell(example, name) not in ("", "Ready", "Automatic") for example in examples)


_SPLITS = {"auto": "Automatic", "train": "Training", "heldout": "Held-out"}


def _cell(example: Example, name: str) -> str:
    value = getattr(example, name)
    if name == "history":
        return format.plural(len(value), "turn") if value else ""
    if name == "tags":
        return ", ".join(value)
    if name == "status":
        return str(value).capitalize()
    if name == "split":
        return _SPLITS[str(value)]
    return " ".join(value[:_MOST_LETTERS].split())


def _caption(words: str, *, kind: str = "secondary") -> QLabel:
    label = QLabel(words)
    label.setProperty("kind", kind)
    return label


def _side(caption: QLabel, content: QWidget) -> QWidget:
    """Something under its caption."""
    side = QWidget()
    column = QVBoxLayout(side)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE.LABEL)
    column.addWidget(caption)
    column.addWidget(content, 1)
    return side


def _framed(table: QTableView) -> QFrame:
    """A table on a card of its own."""
    frame = QFrame()
    frame.setProperty("kind", "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(1, 1, 1, 1)
    column.addWidget(table)
    return frame
