"""What one rule found: how many, what it means, the first findings, and what can be done about all of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.finding_row import FindingRow, FindingWords

FIRST, STEP, MOST = 4, 20, 104
_SIGNS = {
    "error": ("problem", "bad", "Problem"),
    "warning": ("warning", "warn", "Warning"),
    "hint": ("information", "information", "Hint"),
}


class FindingGroup(Card):
    """It is told the words; it knows no rules."""

    show_wanted = Signal()
    """Show all its examples in the table."""
    finding_wanted = Signal(int)
    """Show the examples of one finding, by its place."""
    fix_wanted = Signal()
    ignore_wanted = Signal(int)
    """Ignore one finding, by its place; -1 for all of them."""
    more_wanted = Signal(int)
    """So many findings are to be shown; then :meth:`show_rows` comes."""

    def __init__(
        self,
        title: str,
        explanation: str,
        severity: str,
        fix: str,
        parent: QWidget | None = None,
        *,
        can_ignore: bool = True,
    ) -> None:
        super().__init__(title, parent)
        self._can_ignore = can_ignore
        self.title = title
        self.shown = FIRST
        self.rows: list[FindingRow] = []
        sign, colour, word = _SIGNS[severity]
        mark = QLabel()
        theme.on_change(mark, lambda: mark.setPixmap(theme.icon(sign, colour).pixmap(20, 20)))
        mark.setAccessibleName(word)
        mark.setToolTip(word)
        self._head.insertWidget(0, mark)
        self.count = _label("secondary")
        self.add_act(self.count)
        explained = _label("")
        explained.setText(explanation)
        explained.setWordWrap(True)
        self.body.addWidget(explained)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.body.addLayout(self._rows)
        self._line = QFrame()
        self._line.setProperty("kind", "line")
        self.body.addWidget(self._line)
        self._add_acts(fix)

    def _add_acts(self, fix: str) -> None:
        self.fix = QPushButton(fix)
        self.fix.setVisible(bool(fix))
        self.fix.clicked.connect(self.fix_wanted)
        self.show_all = QPushButton("Show in the table")
        self.show_all.clicked.connect(self.show_wanted)
        self.more = QPushButton()
        self.more.setProperty("kind", "link")
        self.more.setCursor(Qt.CursorShape.PointingHandCursor)
        self.more.clicked.connect(self._more)
        self.ignore = QPushButton("Ignore all")
        self.ignore.setProperty("kind", "quiet")
        self.ignore.setToolTip("Do not report these again, as long as the examples stay as they are")
        self.ignore.clicked.connect(lambda: self.ignore_wanted.emit(-1))
        acts = QHBoxLayout()
        acts.setSpacing(SPACE.UNIT)
        acts.addWidget(self.fix)
        acts.addWidget(self.show_all)
        acts.addWidget(self.ignore)
        acts.addStretch(1)
        acts.addWidget(self.more)
        self.body.addLayout(acts)
        for button, what in ((self.fix, fix), (self.show_all, "Show in the table"), (self.ignore, "Ignore all")):
            button.setAccessibleName(f"{what}: {self.title}")

    def set_writable(self, writable: bool) -> None:
        """Whether anything can be changed; without, only looking is offered."""
        self.fix.setVisible(writable and bool(self.fix.text()))
        can_ignore = writable and self._can_ignore
        self.ignore.setVisible(can_ignore)
        for row in self.rows:
            row.ignore.setVisible(can_ignore)

    def set_busy(self, busy: bool) -> None:
        """A fix is under way."""
        for button in (self.fix, self.ignore):
            button.setEnabled(not busy)

    def show_rows(self, words: Sequence[FindingWords], *, findings: int, examples: int, writable: bool) -> None:
        """Show the first findings.

        Args:
            words: of those to show.
            findings: how many there are.
            examples: in how many examples.
            writable: see :meth:`set_writable`.
        """
        self.count.setText(format.plural(examples, "example"))
        while len(self.rows) > len(words):
            row = self.rows.pop()
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(words):
            self._add_row(len(self.rows))
        for row, said in zip(self.rows, words, strict=True):
            row.show_words(said)
        left = min(findings, MOST) - len(words)
        self.more.setVisible(left > 0)
        self.more.setText(f"Show {format.count(min(left, STEP))} more")
        self.set_writable(writable)

    def _add_row(self, index: int) -> None:
        row = FindingRow()
        row.clicked.connect(lambda: self.finding_wanted.emit(index))
        row.ignored.connect(lambda: self.ignore_wanted.emit(index))
        self._rows.addWidget(row)
        self.rows.append(row)

    def _more(self) -> None:
        self.shown = min(self.shown + STEP, MOST)
        self.more_wanted.emit(self.shown)


def _label(kind: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    if kind:
        label.setProperty("kind", kind)
    return label
