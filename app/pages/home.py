"""Where a person begins: recent projects, something new, a sample, and whether fine-tuning is the right tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import tasks, theme
from app.latest import Latest
from app.pages.page import Page
from app.session import Session
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.card_grid import CardGrid
from app.widgets.empty_state import EmptyState
from app.widgets.recent_row import RecentRow
from app.widgets.sample_card import SampleCard

if TYPE_CHECKING:
    from core.recent import RecentProject
    from core.samples import Sample

SHOWN = 6
RIGHT_TOOL = (
    (
        "Try a better prompt first",
        "Many tasks need no training. Tell the model what you want, show it two or three examples, and look again.",
    ),
    (
        "For knowledge, give it the text",
        "Facts, prices and documents that change belong into the prompt (retrieval). Training on them makes a model "
        "sound sure, not right.",
    ),
    (
        "For behaviour and tone, fine-tune",
        "A voice, a format, a task done the same way every time: that is what examples teach well. Fifty good ones "
        "are a start, a few hundred are better.",
    ),
)


class HomePage(Page):
    """Recent projects and samples on the left, advice on the right."""

    title = "Home"

    new_project = Signal()
    """The user wants a new, empty project."""
    open_project = Signal()
    """The user wants to choose a project folder."""
    sample_chosen = Signal(str, str)
    """(sample id, title): the user wants a project with this sample."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._rows: list[RecentRow] = []
        self._found: list[tuple[RecentProject, bool]] | None = None
        self._recent = Latest(self._show_recent, failed=self.show_problem, parent=self)
        open_button = QPushButton("Open project…")
        open_button.clicked.connect(self.open_project)
        new_button = QPushButton("New project")
        new_button.setProperty("kind", "primary")
        new_button.clicked.connect(self.new_project)
        self.add_act(open_button)
        self.add_act(new_button)
        self.welcome = EmptyState(
            "adapters",
            "Teach a model your voice",
            "Write a few examples of a question and the answer you would give. Train for some minutes. "
            "Then compare, and take the adapter away. Everything stays on this machine.",
        )
        self.recent_card = Card("Recent projects")
        self.recent_card.body.setSpacing(2)
        self.samples = CardGrid()
        self.body.addWidget(self._scrolled())
        session.project_changed.connect(self._load_recent)
        tasks.run(_all_samples, done=self._show_samples, failed=self.show_problem)

    def _scrolled(self) -> QScrollArea:
        content = QWidget()
        content.setProperty("kind", "scrolled")
        left = QVBoxLayout()
        left.setSpacing(SPACE.GAP)
        self.welcome.setMinimumHeight(220)
        left.addWidget(self.welcome)
        left.addWidget(self.recent_card)
        self._samples_heading = QLabel("Start with a sample")
        self._samples_heading.setProperty("kind", "heading")
        self._samples_heading.hide()
        left.addSpacing(SPACE.UNIT)
        left.addWidget(self._samples_heading)
        left.addWidget(self.samples)
        left.addStretch(1)
        column = QWidget()
        column.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        column.setMaximumWidth(theme.TEXT_COLUMN)
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.GAP)
        row.addWidget(column, 300)
        right = QVBoxLayout()
        right.addWidget(self._advice())
        right.addStretch(1)
        row.addLayout(right, 100)
        row.addStretch(1)
        self.welcome.hide()
        self.recent_card.hide()
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setAccessibleName("Projects and samples")
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def _advice(self) -> Card:
        card = Card("Is fine-tuning right for this?")
        card.setMinimumWidth(280)
        card.setMaximumWidth(420)
        for title, text in RIGHT_TOOL:
            head = QLabel(title)
            head.setWordWrap(True)
            head.setFont(theme.ui_font(strong=True))
            words = QLabel(text)
            words.setWordWrap(True)
            group = QVBoxLayout()
            group.setSpacing(2)
            group.addWidget(head)
            group.addWidget(words)
            card.body.addLayout(group)
        self.guide = QPushButton("Answer eight questions…")
        self.guide.setToolTip("Advice with its reasons: a better prompt, retrieval, or fine-tuning")
        self.guide.clicked.connect(self.session.guidance_wanted)
        card.body.addWidget(self.guide, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    def enter(self) -> None:
        """Read the list of recent projects again."""
        self._load_recent()

    def _load_recent(self) -> None:
        self._recent.ask(_recent)

    def _show_recent(self, found: list[tuple[RecentProject, bool]]) -> None:
        if found == self._found:
            return  # rows that somebody may be about to click stay
        self._found = found
        for row in self._rows:
            row.setParent(None)
            row.deleteLater()
        self._rows = []
        for project, exists in found[:SHOWN]:
            row = RecentRow(project.name, project.path, project.opened, exists=exists)
            row.chosen.connect(self.session.open_soon)
            row.forgotten.connect(self._forget)
            self.recent_card.body.addWidget(row)
            self._rows.append(row)
        self.recent_card.setVisible(bool(found))
        self.welcome.setVisible(not found)

    def _forget(self, path: Path) -> None:
        tasks.run(lambda: _forget(path), done=lambda _: self._load_recent(), failed=self.show_problem)

    def _show_samples(self, samples: list[Sample]) -> None:
        self._samples_heading.setVisible(bool(samples))
        for sample in samples:
            card = SampleCard(sample.title, sample.description, sample.style_words)
            card.chosen.connect(lambda sample=sample: self.sample_chosen.emit(sample.id, sample.title))
            self.samples.add_card(card)


def _all_samples() -> list[Sample]:
    from core import samples

    return samples.all_samples()


def _recent() -> list[tuple[RecentProject, bool]]:
    from core import recent

    return [(project, project.path.is_dir()) for project in recent.recent()]


def _forget(path: Path) -> None:
    from core import recent

    recent.forget(path)
