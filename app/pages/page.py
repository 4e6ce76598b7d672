"""What every page has: a title, one line of summary, room for its main acts and for problems."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.session import Session
from app.theme import SPACE
from app.widgets.banner import Banner
from core.errors import UserError


class Page(QWidget):
    """A station of the window. Subclasses put their content into ``self.body``.

    The window makes a page at its first visit and calls :meth:`enter` each time it is shown.
    """

    title: ClassVar[str] = ""

    go = Signal(str)
    """Asks the window to show another page by its id ("home", "examples", "settings", "train", "compare" …)."""
    examples_wanted = Signal(list, str)
    """(numbers, words): asks the window to show these examples in the table, under these words."""

    compare_wanted = Signal(str)
    """(key): asks the window whether this adapter helped: its newest comparison, or the dialog for the first one."""
    chat_wanted = Signal(str)
    """(key): asks the window to show the chat with this adapter among those who answer."""
    state_told = Signal(str, str)
    """(tone, words): what the side bar shows of work under way on this page; both empty when there is none."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._title = QLabel(self.title)
        self._title.setProperty("kind", "title")
        self._summary = QLabel()
        self._summary.setProperty("kind", "secondary")
        self._summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._summary.hide()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._summary)
        self._acts = QHBoxLayout()
        self._acts.setSpacing(SPACE.UNIT)
        head = QHBoxLayout()
        head.addLayout(words, 1)
        head.addLayout(self._acts)
        self.banner = Banner()
        self.body = QVBoxLayout()
        self.body.setSpacing(SPACE.GAP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.CARD, SPACE.PAGE, SPACE.PAGE)
        layout.setSpacing(SPACE.GAP)
        layout.addLayout(head)
        layout.addWidget(self.banner)
        layout.addLayout(self.body, 1)

    def enter(self) -> None:
        """Called by the window whenever the page is shown."""

    @property
    def unsaved(self) -> bool:
        """Whether something the user wrote could not be put on disk and would be lost now."""
        return False

    @property
    def paused_by_closing(self) -> str:
        """What closing the window would pause, as a sentence; empty when there is nothing."""
        return ""

    def set_summary(self, text: str) -> None:
        """Say in one line what is here; nothing hides the line."""
        self._summary.setText(text)
        self._summary.setVisible(bool(text))

    def add_act(self, widget: QWidget) -> None:
        """Put a button to the right of the title; the primary one comes last."""
        self._acts.addWidget(widget)

    def show_problem(self, error: UserError) -> None:
        """Say on this page what went wrong, why, and what to do."""
        self.banner.show_problem(error)
