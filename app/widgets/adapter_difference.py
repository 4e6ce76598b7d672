"""What differs between two adapters: the settings side by side, and how many examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.choice_field import ChoiceField
from app.widgets.empty_state import EmptyState
from app.widgets.plain_table import PlainTable


class AdapterDifference(QDialog):
    """Signals.

    wanted(key): the one to compare with is to be another.
    examples_wanted: show the examples that differ.
    """

    wanted = Signal(str)
    examples_wanted = Signal()

    def __init__(self, title: str, others: Mapping[str, str], parent: QWidget | None = None) -> None:
        """For the adapter of this title; ``others`` are ``{key: title}``."""
        super().__init__(parent)
        self.setWindowTitle("What differs")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 480)
        self._title = title
        self.other = ChoiceField("The other adapter", dict(others))
        self.other.value_changed.connect(self.wanted)
        self.banner = Banner()
        self.settings = PlainTable("Settings that differ")
        self.same = EmptyState("good", "The same settings", "Both were trained with the same settings.")
        self.examples = QLabel()
        self.examples.setTextFormat(Qt.TextFormat.PlainText)
        self.show_them = QPushButton("Show them in the table")
        self.show_them.setProperty("kind", "link")
        self.show_them.setAutoDefault(False)
        self.show_them.clicked.connect(self.examples_wanted)
        self.show_them.hide()
        self._stack = QStackedWidget()
        for face in (QWidget(), self.settings, self.same):
            self._stack.addWidget(face)
        self._lay_out()

    def _lay_out(self) -> None:
        title = QLabel(f"{self._title} and")
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("kind", "heading")
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(title)
        head.addWidget(self.other, 1)
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE.UNIT)
        foot.addWidget(self.examples)
        foot.addWidget(self.show_them)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)

    def clear(self) -> None:
        """Show nothing while another pair is read."""
        self.banner.clear()
        self.show_examples("")
        self._stack.setCurrentIndex(0)

    def show_settings(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """(setting, of the first, of the other) each."""
        heads = ("Setting", self._title, self.other.currentText())
        self.settings.fill(heads, rows, widths=(200, 0, 0))
        self._stack.setCurrentWidget(self.settings if rows else self.same)

    def show_examples(self, words: str, *, some: bool = False) -> None:
        """Say what differs between the examples; with ``some``, they can be shown."""
        self.examples.setText(words)
        self.show_them.setVisible(some)
