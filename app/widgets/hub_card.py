"""A model on the hub: what is known of it before it is downloaded, and the way to look closer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.fact_grid import FactGrid
from app.widgets.scrolled import scrolled

_NEXT = "Download… asks the hub which files it consists of, and shows them with their sizes before anything is fetched."


class HubCard(Card):
    """It is told words; it knows no hub."""

    download_wanted = Signal()
    page_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Model on the hub", parent, elided=True)
        self.banner, self.facts, self.note = Banner(), FactGrid(), QLabel()
        self.note.setProperty("kind", "secondary")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, SPACE.UNIT, 0)
        column.setSpacing(SPACE.FIELD)
        for widget in (self.banner, self.facts, self.note):
            column.addWidget(widget)
        column.addStretch(1)
        self.body.addWidget(scrolled(content), 1)
        self.page, self.download = QPushButton("Open its page"), QPushButton("Download…")
        self.page.setToolTip("In your browser")
        self.page.clicked.connect(self.page_wanted)
        self.download.setProperty("kind", "primary")
        self.download.clicked.connect(self.download_wanted)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.page)
        row.addStretch(1)
        row.addWidget(self.download)
        self.body.addLayout(row)

    def show_offer(
        self, title: str, facts: Sequence[tuple[str, str]], *, problem: str, is_here: bool, busy: bool
    ) -> None:
        """Show a model.

        Args:
            title: what it is called.
            facts: (label, words).
            problem: what speaks against training it here.
            is_here: whether it is on this machine already.
            busy: whether another one is being downloaded.
        """
        self.set_title(title)
        self.setAccessibleName(title)
        self.facts.set_rows(facts)
        if problem:
            self.banner.say("Not for training here.", problem, tone="warn")
        elif is_here:
            self.banner.say("It is on this machine already.", tone="good")
        else:
            self.banner.clear()
        self.download.setText("Show it" if is_here else "Download…")
        self.download.setEnabled(is_here or (not problem and not busy))
        self.note.setText("One model is downloaded at a time; another one is under way." if busy else _NEXT)
        self.note.setVisible(not is_here and not problem)
