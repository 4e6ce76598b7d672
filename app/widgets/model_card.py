"""The chosen base model: what it is, what it needs of memory, how it reads a conversation, and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.fact_grid import FactGrid
from app.widgets.menu_button import add_menu
from app.widgets.scrolled import scrolled
from core.errors import UserError


class ModelCard(Card):
    """It is told words; it knows no model."""

    use_wanted = Signal()
    folder_wanted = Signal()
    remove_wanted = Signal()
    template_wanted = Signal()
    """Another chat template is to be chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Base model", parent, elided=True)
        self.banner = Banner()
        self.facts, self.needs = FactGrid(), FactGrid()
        self.memory, self.template = QLabel(), QLabel("Chat template")
        self.template_note, self.sample_problem = QLabel(), QLabel()
        self.needs_note, self.why_not = QLabel(), QLabel()
        self.sample = QPlainTextEdit()
        self.choose = QPushButton("Choose another…")
        self.choose.setAccessibleName("Choose another chat template")
        self.choose.clicked.connect(self.template_wanted)
        self.use, self.more = QPushButton("Use in this project"), QPushButton("More")
        self._arrange()
        self._add_buttons()

    def _arrange(self) -> None:
        for heading in (self.memory, self.template):
            heading.setProperty("kind", "heading")
            heading.setContentsMargins(0, SPACE.UNIT, 0, 0)
            heading.setWordWrap(True)
        self.sample_problem.setProperty("kind", "problem")
        for label in (self.template_note, self.needs_note, self.why_not):
            label.setProperty("kind", "secondary")
        for label in (self.template_note, self.needs_note, self.why_not, self.sample_problem):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.sample.setProperty("kind", "log")
        self.sample.setReadOnly(True)
        self.sample.setTabChangesFocus(True)
        self.sample.setMinimumHeight(150)
        self.sample.setAccessibleName("An example as the model reads it")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, SPACE.UNIT, 0)
        column.setSpacing(SPACE.UNIT)
        for widget in (self.banner, self.facts, self.memory, self.needs, self.needs_note, self.template):
            column.addWidget(widget)
        column.addWidget(self.template_note)
        beside = QHBoxLayout()
        beside.setSpacing(SPACE.UNIT)
        beside.addWidget(self.choose)
        beside.addWidget(self.why_not, 1)
        column.addLayout(beside)
        column.addWidget(self.sample_problem)
        column.addWidget(self.sample, 1)
        column.addStretch(0)
        self.body.addWidget(scrolled(content), 1)

    def _add_buttons(self) -> None:
        self.use.setProperty("kind", "primary")
        self.use.clicked.connect(self.use_wanted)
        menu = QMenu(self.more)
        self.folder = menu.addAction("Show its folder", self.folder_wanted.emit)
        menu.addSeparator()
        self.remove = menu.addAction("Remove…", self.remove_wanted.emit)
        add_menu(self.more, menu)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.more)
        row.addStretch(1)
        row.addWidget(self.use)
        self.body.addLayout(row)

    def show_model(
        self,
        title: str,
        facts: Sequence[tuple[str, str]],
        *,
        memory: str,
        needs: Sequence[tuple[str, str]],
        needs_note: str,
        problem: UserError | None,
    ) -> None:
        """Show a model.

        Args:
            title: what it is called.
            facts: (label, words).
            memory: heading over ``needs``.
            needs: what each use takes: (label, words).
            needs_note: under which conditions.
            problem: why it cannot be used.
        """
        self.set_title(title)
        self.setAccessibleName(title)
        self.facts.set_rows(facts)
        self.memory.setText(memory)
        self.needs.set_rows(needs)
        if problem is None:
            self.banner.clear()
        else:
            self.banner.show_problem(problem)
        self.needs_note.setText(needs_note)
        for widget in (self.memory, self.needs, self.needs_note):
            widget.setVisible(bool(needs))
        for widget in (self.template, self.template_note, self.choose, self.why_not, self.sample):
            widget.setVisible(problem is None)
        if problem is not None:
            self.sample_problem.hide()

    def show_template(self, note: str, *, why_not: str) -> None:
        """Say which chat template is used, and why no other may be chosen now (empty: it may)."""
        self.template_note.setText(note)
        self.choose.setEnabled(not why_not)
        self.choose.setAccessibleDescription(why_not)
        self.why_not.setText(why_not)

    def show_sample(self, text: str) -> None:
        """Show an example as the model reads it."""
        self.sample_problem.hide()
        if self.sample.toPlainText() != text:
            self.sample.setPlainText(text)
        self.sample.show()

    def show_sample_problem(self, error: UserError) -> None:
        """Say why no example can be shown as the model reads it."""
        self.sample.hide()
        self.sample_problem.setText(str(error))
        self.sample_problem.show()
