"""Says which examples keep a run from starting, and why; each can be opened or excluded from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel

_ACT_WIDTH = 96  # for the longer word that the button says afterwards
_ROWS = 30  # more would make the window stand still for a moment; the table shows all


@dataclass(frozen=True, slots=True)
class Cause:
    """Why some examples cannot be trained, what to do, and which they are: (number, beginning of the text)."""

    reason: str
    hint: str
    examples: tuple[tuple[int, str], ...]


class OffendersDialog(QDialog):
    """It is told everything; closing it changes nothing."""

    open_wanted = Signal(int)
    """(number of an example)"""
    exclude_wanted = Signal(int)
    """(number of an example): it is to be left out of training."""
    show_wanted = Signal()
    """All of them are to be shown in the table."""
    exclude_all_wanted = Signal()
    """All of them are to be left out, and what was refused is to begin again."""

    def __init__(self, causes: Sequence[Cause], count: int, *, can_write: bool, parent: QWidget | None = None) -> None:
        """``count`` is the number of all offenders; ``causes`` may hold only the first of them."""
        super().__init__(parent)
        self.setWindowTitle("Before training")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 480)
        self._can_write = can_write
        self.rows: dict[int, _Row] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        examples = format.plural(count, "example")
        column.addWidget(_words(f"{examples} cannot be trained", "title"))
        them = "it" if count == 1 else "them"
        column.addWidget(_words(f"Nothing was started. Change or exclude {them}, then start again.", "secondary"))
        column.addWidget(self._list(causes, count), 1)
        column.addLayout(self._buttons(count))

    def _list(self, causes: Sequence[Cause], count: int) -> QWidget:
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, SPACE.UNIT, SPACE.UNIT, 0)
        column.setSpacing(SPACE.HALF)
        room = _ROWS
        for cause in causes:
            column.addWidget(_words(cause.reason))
            column.addWidget(_words(cause.hint, "secondary"))
            for number, text in cause.examples[:room]:
                row = self.rows[number] = _Row(number, text, can_write=self._can_write)
                row.open.clicked.connect(lambda _=False, id=number: self._open(id))
                row.exclude.clicked.connect(lambda _=False, id=number: self._exclude(id))
                column.addWidget(row)
            room = max(0, room - len(cause.examples))
            column.addSpacing(SPACE.UNIT)
        if count > len(self.rows):
            column.addWidget(_words(f"And {format.count(count - len(self.rows))} more.", "secondary"))
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def _buttons(self, count: int) -> QHBoxLayout:
        self.show_all = QPushButton("Show in the table")
        self.show_all.clicked.connect(self.show_wanted)
        self.show_all.clicked.connect(self.reject)
        self.leave = QPushButton("Close")
        self.leave.clicked.connect(self.reject)
        self.exclude_all = QPushButton("Exclude it and go on" if count == 1 else f"Exclude all {count:,} and go on")
        self.exclude_all.setProperty("kind", "primary")
        self.exclude_all.setEnabled(self._can_write)
        self.exclude_all.clicked.connect(self.exclude_all_wanted)
        self.exclude_all.clicked.connect(self.accept)
        for button in (self.show_all, self.exclude_all):
            button.setAutoDefault(False)
        self.leave.setDefault(True)  # Enter must not exclude what somebody wrote
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.show_all)
        row.addStretch(1)
        row.addWidget(self.leave)
        row.addWidget(self.exclude_all)
        return row

    def _open(self, number: int) -> None:
        self.open_wanted.emit(number)
        self.reject()

    def _exclude(self, number: int) -> None:
        self.rows[number].set_excluded()
        self.exclude_wanted.emit(number)


class _Row(QWidget):
    """An example's number, how it begins, and what can be done with it."""

    def __init__(self, number: int, text: str, *, can_write: bool) -> None:
        super().__init__()
        self._number = QLabel(str(number))
        self._number.setMinimumWidth(48)
        self._number.setProperty("kind", "secondary")
        self._text = ElidedLabel()
        self._text.setText(text)
        self.open = QPushButton("Open")
        self.open.setAccessibleName(f"Open example {number}")
        self.exclude = QPushButton("Exclude")
        self.exclude.setAccessibleName(f"Exclude example {number}")
        self.exclude.setEnabled(can_write)
        self.exclude.setMinimumWidth(_ACT_WIDTH)
        for button in (self.open, self.exclude):
            button.setAutoDefault(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._number)
        row.addWidget(self._text, 1)
        row.addWidget(self.open)
        row.addWidget(self.exclude)

    def set_excluded(self) -> None:
        """It will not be trained."""
        self.exclude.setText("Excluded")
        self.exclude.setEnabled(False)


def _words(text: str, kind: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if kind:
        label.setProperty("kind", kind)
    return label
