"""What differs between two states of the examples: choose both, and see what was changed, added and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.choice_field import ChoiceField
from app.widgets.counting_bar import CountingBar
from app.widgets.diff_list import DiffList
from app.widgets.empty_state import EmptyState
from app.widgets.segments import Segments
from app.widgets.word_diff import DiffSection

KINDS = {"changed": "Changed", "added": "Added", "removed": "Removed"}


@dataclass(frozen=True)
class Counts:
    """How many examples are of each kind."""

    changed: int
    added: int
    removed: int
    same: int


class StateCompare(Card):
    """Signals.

    wanted: another pair is to be compared.
    kind_chosen(str): the examples of another kind are to be shown: changed, added or removed.
    more_wanted: more of the same kind.
    table_wanted: show those of this kind in the table.
    """

    wanted = Signal()
    kind_chosen = Signal(str)
    more_wanted = Signal()
    table_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("What changed", parent)
        self.old, self.new = ChoiceField("From", {}), ChoiceField("To", {})
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.kind = Segments(KINDS, "Show")
        self.to_table = QPushButton("Show in the table")
        self.to_table.setProperty("kind", "link")
        self.progress = CountingBar()
        self.banner = Banner()
        self.list = DiffList("What changed")
        self.equal = EmptyState("good", "No difference", "Both have the same examples.")
        self._stack = QStackedWidget()
        for face in (QWidget(), self.list, self.equal):
            self._stack.addWidget(face)
        for field in (self.old, self.new):
            field.value_changed.connect(lambda _value: self.wanted.emit())
        self.kind.chosen.connect(self.kind_chosen)
        self.list.more_wanted.connect(self.more_wanted)
        self.to_table.clicked.connect(self.table_wanted)
        self._lay_out()
        self.clear()

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(SPACE.UNIT)
        for words, field in (("From", self.old), ("to", self.new)):
            choices.addWidget(QLabel(words))
            choices.addWidget(field, 1)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.FIELD)
        row.addWidget(self.kind)
        row.addStretch(1)
        row.addWidget(self.to_table)
        column = QVBoxLayout()
        column.setSpacing(SPACE.FIELD)
        column.addLayout(choices)
        for widget in (self.banner, self.progress, self.summary, self._row):
            column.addWidget(widget)
        column.addWidget(self._stack, 1)
        self.body.addLayout(column)

    def set_states(self, states: dict[str, str], old: str, new: str) -> None:
        """What can be compared, ``{key: words}``, and the pair that is chosen now. No signal."""
        for field, value in ((self.old, old), (self.new, new)):
            field.clear()
            for key, words in states.items():
                field.addItem(words, key)
            field.set_value(value)

    @property
    def pair(self) -> tuple[str, str]:
        """The keys of the states to be compared."""
        return self.old.value, self.new.value

    def clear(self) -> None:
        """Show no comparison."""
        self.banner.clear()
        self.progress.stop()
        self.summary.hide()
        self._row.hide()
        self._stack.setCurrentIndex(0)

    def show_counts(self, counts: Counts) -> str:
        """Say how many there are of each kind; returns the kind to show (the chosen one if there are any)."""
        self.progress.stop()
        amounts = {"changed": counts.changed, "added": counts.added, "removed": counts.removed}
        for kind, amount in amounts.items():
            self.kind.set_words(kind, f"{KINDS[kind]} {format.count(amount)}")
            self.kind.button(kind).setEnabled(amount > 0)
        chosen = self.kind.value
        if not amounts.get(chosen):
            chosen = next((kind for kind, amount in amounts.items() if amount), "changed")
            self.kind.set_value(chosen)
        different = any(amounts.values())
        self.summary.setText(f"{format.plural(counts.same, 'example')} the same in both.")
        self.summary.setVisible(different)
        self._row.setVisible(different)
        self._stack.setCurrentWidget(self.list if different else self.equal)
        return chosen

    def show_sections(
        self, sections: Sequence[DiffSection], *, shown: int, total: int, stay: bool, in_table: bool
    ) -> None:
        """Show examples of the chosen kind; ``in_table``: they are among the examples of today."""
        self.list.show_sections(sections, shown=shown, total=total, stay=stay)
        self.to_table.setVisible(in_table)
