"""Rows that are hard or suspicious, by kind, each with its reason and a way into the editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.advice_card import link
from app.widgets.card import Card
from app.widgets.elided_label import ElidedLabel

FIRST = 5
MOST = 100


@dataclass(frozen=True, slots=True)
class HardRowWords:
    """Examples that belong together, an excerpt, and why they are listed."""

    ids: tuple[int, ...]
    excerpt: str
    reason: str


@dataclass(frozen=True, slots=True)
class HardGroupWords:
    """A kind of hard rows: what it is called, what it means, and its rows."""

    id: str
    title: str
    explanation: str
    rows: Sequence[HardRowWords]


class HardGroup(Card):
    """The first rows of a kind, and more when asked for."""

    show_wanted = Signal(list, str)
    """(numbers, words): show these examples in the table."""

    def __init__(self, words: HardGroupWords, parent: QWidget | None = None) -> None:
        super().__init__(words.title, parent)
        self.words = words
        self.rows: list[QWidget] = []
        count = QLabel(format.plural(len(words.rows), "row"))
        count.setProperty("kind", "secondary")
        self.add_act(count)
        self.show_all = QPushButton("Show in the table")
        self.show_all.setAccessibleName(f"Show in the table: {words.title}")
        self.show_all.clicked.connect(self._show_all)
        self.add_act(self.show_all)
        explained = QLabel(words.explanation)
        explained.setWordWrap(True)
        self.body.addWidget(explained)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.body.addLayout(self._list)
        self.more = link("")
        self.more.clicked.connect(lambda: self._add(MOST))
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._add(FIRST)

    def _add(self, most: int) -> None:
        for row in self.words.rows[len(self.rows) : most]:
            entry = self._entry(row)
            self.rows.append(entry)
            self._list.addWidget(entry)
        left = min(len(self.words.rows), MOST) - len(self.rows)
        self.more.setVisible(left > 0)
        self.more.setText(f"Show {format.count(left)} more")

    def _entry(self, row: HardRowWords) -> QWidget:
        excerpt, reason = ElidedLabel(row.excerpt), QLabel(row.reason)
        reason.setTextFormat(Qt.TextFormat.PlainText)
        reason.setProperty("kind", "secondary")
        reason.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(excerpt)
        words.addWidget(reason)
        open_ = link("Open" if len(row.ids) == 1 else f"Open all {format.count(len(row.ids))}")
        open_.setAccessibleName(f"Open in the editor: {row.excerpt}")
        open_.clicked.connect(lambda: self.show_wanted.emit(list(row.ids), self.words.title))
        entry = QWidget()
        column = QVBoxLayout(entry)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        line = QFrame()
        line.setProperty("kind", "line")
        column.addWidget(line)
        across = QHBoxLayout()
        across.setSpacing(SPACE.GAP)
        across.addLayout(words, 1)
        across.addWidget(open_)
        column.addLayout(across)
        column.addSpacing(SPACE.HALF)
        return entry

    def _show_all(self) -> None:
        ids = dict.fromkeys(id for row in self.words.rows for id in row.ids)
        self.show_wanted.emit(list(ids), self.words.title)


class HardRowsList(QWidget):
    """All kinds, one under the other."""

    show_wanted = Signal(list, str)
    """(numbers, words): show these examples in the table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups: dict[str, HardGroup] = {}
        self._shown: Sequence[HardGroupWords] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.GAP)
        self._column.addStretch(1)

    def show_groups(self, groups: Sequence[HardGroupWords]) -> None:
        """Show these."""
        if groups == self._shown:
            return
        self._shown = groups
        for group in self.groups.values():
            self._column.removeWidget(group)
            group.hide()
            group.deleteLater()
        self.groups = {words.id: HardGroup(words) for words in groups}
        for place, group in enumerate(self.groups.values()):
            group.show_wanted.connect(self.show_wanted)
            self._column.insertWidget(place, group)
