"""The chosen adapter: what the user says of it, what it is and was made of, and the buttons that make use of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.fact_grid import FactGrid
from app.widgets.menu_button import add_menu
from app.widgets.run_notes import RunNotes
from app.widgets.tag_editor import TagEditor
from core.runs.notes import Notes


class AdapterCard(Card):
    """It is told words; it knows no run."""

    export_wanted = Signal()
    chat_wanted = Signal()
    compare_wanted = Signal()
    folder_wanted = Signal()
    difference_wanted = Signal()
    trash_wanted = Signal()
    noted = Signal(object)
    """(Notes): the user says something else of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Adapter", parent, elided=True)
        self._notes = Notes()
        self.notes = RunNotes(what="adapter")
        self.notes.changed.connect(self._on_notes)
        self.tags = TagEditor()
        self.tags.changed.connect(self._on_tags)
        self._facts = FactGrid()
        self.body.addWidget(self._scrolled(), 1)
        self._add_buttons()

    def _scrolled(self) -> QScrollArea:
        content = QWidget()
        content.setProperty("kind", "scrolled")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, SPACE.UNIT, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self.notes)
        column.addWidget(self.tags)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(self._facts)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        return scroll

    def _add_buttons(self) -> None:
        self.export = _button("Export…", "Takes a checked copy away for other programs (Ctrl+E)", self.export_wanted)
        self.export.setProperty("kind", "primary")
        self.chat = _button("Chat with it", "Talk to the model with this adapter", self.chat_wanted)
        self.compare = _button(
            "Compare", "See on held-out examples whether it is better than the base model", self.compare_wanted
        )
        self.more = QPushButton("More")
        menu = QMenu(self.more)
        self.difference = menu.addAction("What differs from another…", self.difference_wanted.emit)
        self.folder = menu.addAction("Show its folder", self.folder_wanted.emit)
        menu.addSeparator()
        self.trash = menu.addAction("Delete", self.trash_wanted.emit)
        add_menu(self.more, menu)
        uses, rest = QHBoxLayout(), QHBoxLayout()
        for row in (uses, rest):
            row.setSpacing(SPACE.UNIT)
        uses.addWidget(self.chat, 1)
        uses.addWidget(self.compare, 1)
        rest.addWidget(self.more)
        rest.addStretch(1)
        rest.addWidget(self.export)
        rows = QVBoxLayout()
        rows.setSpacing(SPACE.UNIT)
        rows.addLayout(uses)
        rows.addLayout(rest)
        self.body.addLayout(rows)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is shown: (label, words)."""
        return self._facts.rows

    def show_adapter(self, title: str, facts: Sequence[tuple[str, str]], files: Sequence[tuple[str, int]]) -> None:
        """Show an adapter; ``files`` are (name, bytes)."""
        self.set_title(title)
        self.setAccessibleName(title)
        rows = list(facts)
        if files:
            size = format.size(sum(bytes for _, bytes in files))
            lines = [f"{format.plural(len(files), 'file')}, {size}"]
            lines += [f"{name}  ·  {format.size(bytes)}" for name, bytes in files]
            rows.append(("Files", "\n".join(lines)))
        self._facts.set_rows(rows)

    def show_notes(self, name: str, notes: Notes, *, known: Sequence[str], read_only: bool) -> None:
        """Show what was said of another adapter.

        What is still being typed must be kept (:meth:`keep`) before.

        Args:
            name: stands where no title was given.
            notes: what was said.
            known: the tags that are proposed.
            read_only: whether nothing may be changed.
        """
        self._notes = notes
        self.notes.show_notes(name, notes)
        self.notes.set_read_only(read_only)
        self.tags.set_known(known)
        self.tags.set_tags(notes.tags)
        self.tags.setEnabled(not read_only)
        self.trash.setEnabled(not read_only)

    def keep(self) -> None:
        """Announce what was typed, if it is anything new."""
        self.notes.keep()

    def set_usable(self, usable: bool) -> None:
        """Whether there is an adapter to do something with."""
        for widget in (self.export, self.chat, self.compare, self.more):
            widget.setEnabled(usable)

    def _on_notes(self, notes: Notes) -> None:
        self._say(replace(notes, tags=self._notes.tags))

    def _on_tags(self, tags: tuple[str, ...]) -> None:
        self.notes.keep()
        self._say(replace(self._notes, tags=tags))

    def _say(self, notes: Notes) -> None:
        if notes != self._notes:
            self._notes = notes
            self.noted.emit(notes)


def _button(words: str, tip: str, wanted: Signal) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.clicked.connect(wanted)
    return button
