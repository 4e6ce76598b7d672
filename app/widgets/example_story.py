"""What happened to one example: its changes, newest first, and the words that came and went with the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import format, theme
from app.example_words import SPLIT_WORDS, STATUS_WORDS
from app.latest import Latest
from app.theme import SPACE
from app.widgets.plain_tip import plain_tip
from app.widgets.word_diff import DiffSection, WordDiffView
from core.dataset.example import Example
from core.dataset.word_diff import Piece, differences

_NAMES = {
    "system": "System prompt",
    "history": "Earlier turns",
    "instruction": "Instruction",
    "input": "Input",
    "output": "Output",
    "tags": "Tags",
    "note": "Note",
    "status": "Status",
    "split": "Split",
    "rejected": "Rejected answer",
}
FIELDS = tuple(_NAMES)
_WHEN = Qt.ItemDataRole.UserRole
_AIR = 14  # of a row, besides its words
_AT_MOST = 500  # rows; the window would wait for thousands


class Moment(Protocol):
    """One step that touched the example (``core.dataset.store``)."""

    @property
    def at(self) -> float:
        """When, in Unix seconds."""

    @property
    def label(self) -> str:
        """What the menus call the step."""

    @property
    def before(self) -> Example | None:
        """None where the step added it."""

    @property
    def after(self) -> Example | None:
        """None where the step removed it."""

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""


class ExampleStory(QWidget):
    """Signals: ``put_back_wanted(Example)``: the example shall be like this again."""

    put_back_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._moments: Sequence[Moment] = ()
        self._now = Example()
        self._read_only = False
        self._compared = Latest(self._show_compared, parent=self)
        self._words = QLabel()
        self._words.setProperty("kind", "secondary")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName("Changes of this example, newest first")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_MomentDelegate(self.list))
        self.list.currentRowChanged.connect(self._choose)
        self.view = WordDiffView("What this change did")
        self.button = QPushButton()
        self.button.clicked.connect(self._put_back)
        self._hint = QLabel()
        self._hint.setProperty("kind", "secondary")
        self._hint.setWordWrap(True)
        self._lay_out()
        self.say("")

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(SPACE.FIELD)
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.button)
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(SPACE.UNIT)
        below.addWidget(self.view, 1)
        below.addLayout(foot)
        self._both = QSplitter(Qt.Orientation.Vertical)
        self._both.setChildrenCollapsible(False)
        self._both.addWidget(self.list)
        self._both.addWidget(lower)
        self._both.setStretchFactor(0, 2)
        self._both.setStretchFactor(1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE.FIELD, 0, 0)
        column.addWidget(self._words)
        column.addWidget(self._both, 1)
        column.addStretch(0)

    def say(self, words: str) -> None:
        """Show a sentence in place of changes."""
        self._moments = ()
        self._compared.forget()
        self.list.clear()
        self._both.hide()
        self._words.setText(words)
        self._words.show()

    def set_moments(self, moments: Sequence[Moment], now: Example) -> None:
        """Show what happened to the example that is like ``now`` today; the choice stays by its place from the end."""
        if not moments:
            self.say("Nothing is known of earlier states of this example. What you change from now on is kept here.")
            return
        from_end = len(self._moments) - self.list.currentRow() if self.list.currentRow() > 0 else 0
        self._moments, self._now = tuple(moments[:_AT_MOST]), now
        with QSignalBlocker(self.list):
            self.list.clear()
            for moment in self._moments:
                self.list.addItem(_item(moment, now.id))
            self.list.setCurrentRow(max(0, len(self._moments) - from_end) if from_end else 0)
        self._words.setText(f"The newest {_AT_MOST} of {format.count(len(moments))} changes.")
        self._words.setVisible(len(moments) > _AT_MOST)
        self._both.show()
        self._choose(self.list.currentRow())

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        self._read_only = read_only
        self.button.setVisible(not read_only)
        self._hint.setVisible(not read_only)

    def _choose(self, row: int) -> None:
        if not 0 <= row < len(self._moments):
            return
        moment = self._moments[row]
        self._compared.ask(lambda: (moment, compared(moment.before, moment.after)))
        self.button.setText("Put this version back" if moment.undone else "Put the old version back")
        wanted = _wanted(moment)
        can = wanted is not None and wanted != self._now
        self.button.setEnabled(can)
        if can:
            self._hint.setText("In one step, which undo takes back.")
        elif wanted is None:
            self._hint.setText("There is no older version.")
        else:
            self._hint.setText("The example is like that now.")

    def _show_compared(self, answer: tuple[Moment, list[DiffSection]]) -> None:
        moment, sections = answer
        if any(moment is shown for shown in self._moments):
            self.view.set_sections(sections)

    def _put_back(self) -> None:
        wanted = _wanted(self._moments[self.list.currentRow()])
        if wanted is not None:
            self.put_back_wanted.emit(wanted)


def compared(before: Example | None, after: Example | None) -> list[DiffSection]:
    """The fields that differ, each with its words."""
    old, new = before or Example(), after or Example()
    sections = []
    for field, name in _NAMES.items():
        was, is_now = _text(old, field, blank=before is None), _text(new, field, blank=after is None)
        if was != is_now:
            pieces = differences(was, is_now) if before is not None else [Piece("same", is_now)]
            sections.append(DiffSection(name, pieces))
    return sections or [DiffSection("", [Piece("same", "Nothing in this example.")])]


def _wanted(moment: Moment) -> Example | None:
    return moment.after if moment.undone else moment.before


def _text(example: Example, field: str, *, blank: bool) -> str:
    value = getattr(example, field)
    if blank and field in ("status", "split"):
        return ""
    if field == "history":
        return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in example.history)
    if field == "tags":
        return ", ".join(example.tags)
    if field == "status":
        return STATUS_WORDS[example.status]
    if field == "split":
        return SPLIT_WORDS[example.split]
    return str(value)


def _item(moment: Moment, id: int) -> QListWidgetItem:
    label = moment.label.removesuffix(f" of example {id}") + (" (taken back)" if moment.undone else "")
    item = QListWidgetItem(label)
    item.setData(_WHEN, format.ago(moment.at))
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{label}, {format.ago(moment.at)}")
    item.setToolTip(plain_tip(f"{moment.label}\n{format.moment(moment.at)}"))
    return item


class _MomentDelegate(QStyledItemDelegate):
    """What was done, and at the right, when."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """A line with some air."""
        return QSize(super().sizeHint(option, index).width(), option.fontMetrics.height() + _AIR)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the row."""
        self.initStyleOption(option, index)
        label, when = option.text, str(index.data(_WHEN))
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        inside = option.rect.adjusted(SPACE.UNIT, 0, -SPACE.UNIT, 0)
        painter.setFont(theme.ui_font("small"))
        painter.setPen(theme.colour("secondary"))
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inside, flags | Qt.AlignmentFlag.AlignRight, when)
        inside.setRight(inside.right() - painter.fontMetrics().horizontalAdvance(when) - SPACE.CARD)
        painter.setFont(option.font)
        painter.setPen(theme.colour("text"))
        label = painter.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, flags | Qt.AlignmentFlag.AlignLeft, label)
