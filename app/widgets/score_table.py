"""Who answered how well: a row a system, a column a measure, with how sure the difference is under the figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel

_NAME = 132  # pixels, at least, for the names


@dataclass(frozen=True, slots=True)
class Column:
    """A measure: its name, what it means in a sentence, and whether it gives way where there is little room."""

    title: str
    help: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, what is said under it (a difference with its interval), and whether it is the best of its column."""

    text: str
    under: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A system: its name, what it is in a few words, and its figures, one a column."""

    title: str
    about: str
    figures: Sequence[Figure]


class ScoreTable(QWidget):
    """The best figure of a column is bold and says so to those who cannot see it.

    Where there is no room for all, minor columns are left out, the last ones first.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Scores")
        self._columns: Sequence[Column] = ()
        self._rows: Sequence[ScoreRow] = ()
        self._cells: list[list[QWidget]] = []  # by column
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE.FIELD)
        self._grid.setVerticalSpacing(SPACE.HALF)

    @property
    def cells(self) -> list[list[str]]:
        """What is shown, row by row, with what stands under a figure after a line end."""
        return [[row.title, *(f"{f.text}\n{f.under}".strip() for f in row.figures)] for row in self._rows]

    def show_rows(self, columns: Sequence[Column], rows: Sequence[ScoreRow]) -> None:
        """Show these."""
        if (columns, rows) == (self._columns, self._rows):
            return
        self._columns, self._rows = columns, rows
        while item := self._grid.takeAt(0):
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._grid.setColumnStretch(0, 1)
        self._cells = [[] for _ in columns]
        for place, column in enumerate(columns, start=1):
            head = QLabel(column.title)
            head.setProperty("kind", "secondary")
            head.setToolTip(column.help)
            head.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(head, 0, place)
            self._cells[place - 1].append(head)
        for number, row in enumerate(rows):
            self._add(1 + 2 * number, row)
        self._fit()
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """Any width that leaves room for the important columns; the scores never push the page out of the window."""
        return QSize(_NAME, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has room for more or fewer columns."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out minor columns until the rest fits."""
        widths = [max((cell.sizeHint().width() for cell in cells), default=0) + SPACE.FIELD for cells in self._cells]
        left_out: set[int] = set()
        for place in reversed(range(len(widths))):
            if _NAME + sum(width for at, width in enumerate(widths) if at not in left_out) <= self.width():
                break
            if self._columns[place].minor:
                left_out.add(place)
        for place, cells in enumerate(self._cells):
            for cell in cells:
                cell.setVisible(place not in left_out)

    def _add(self, line: int, row: ScoreRow) -> None:
        rule = QFrame()
        rule.setProperty("kind", "line")
        self._grid.addWidget(rule, line, 0, 1, len(self._columns) + 1)
        self._grid.addWidget(_Cell(row.title, row.about, "", left=True), line + 1, 0)
        for place, (column, figure) in enumerate(zip(self._columns, row.figures, strict=True), start=1):
            said = f"{row.title}, {column.title}: {figure.text} {figure.under}".strip()
            cell = _Cell(figure.text, figure.under, f"{said} (best)" if figure.best else said, strong=figure.best)
            self._grid.addWidget(cell, line + 1, place)
            self._cells[place - 1].append(cell)


class _Cell(QWidget):
    """A figure over what is said of it."""

    def __init__(self, text: str, under: str, said: str, *, strong: bool = False, left: bool = False) -> None:
        super().__init__()
        upper = ElidedLabel(text) if left else QLabel(text)
        lower = ElidedLabel(under) if left else QLabel(under)
        lower.setProperty("kind", "secondary")
        for label in (upper, lower):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight)
        if strong or left:
            upper.setFont(theme.ui_font(strong=True))
        if left:
            self.setMinimumWidth(_NAME)
        self.setAccessibleName(said or text)
        column = QGridLayout(self)
        column.setContentsMargins(0, SPACE.HALF, 0, SPACE.HALF)
        column.setSpacing(0)
        column.addWidget(upper, 0, 0)
        column.addWidget(lower, 1, 0)
