"""What can be done with several examples at once; shown while more than one is selected."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from app import format
from app.example_words import SPLIT_WORDS, STATUS_WORDS
from app.theme import SPACE
from app.widgets.menu_button import add_menu
from app.widgets.toast import keep_clear

_WIDE = 490  # pixels; below, words and buttons do not fit beside each other
_WIDEST = 640  # all of it fits


class SelectionBar(QFrame):
    """Signals, each for all that are selected.

    ``status_wanted(Status)``, ``split_wanted(Split)``, ``tags_wanted``, ``replace_wanted``, ``draft_wanted``,
    ``duplicate_wanted`` and ``delete_wanted``.
    """

    status_wanted = Signal(object)
    split_wanted = Signal(object)
    tags_wanted = Signal()
    replace_wanted = Signal()
    draft_wanted = Signal()
    duplicate_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "well")
        self._words = QLabel()
        self._status, change = self._menu_button("Mark as"), self._menu_button("Change")
        self._fill_status(self._status.menu())
        self.fill(change.menu())
        self.delete = QPushButton()
        self.delete.setProperty("kind", "danger")
        self.delete.clicked.connect(self.delete_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.UNIT, SPACE.UNIT)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._words)
        row.addStretch(1)
        for button in (self._status, change, self.delete):
            row.addWidget(button)
        self.hide()
        keep_clear(self)

    def fill(self, menu: QMenu) -> None:
        """Put all but deleting into a menu."""
        self._fill_status(menu.addMenu("Mark as"))
        splits = menu.addMenu("Split")
        for split, words in SPLIT_WORDS.items():
            splits.addAction(words).triggered.connect(lambda _=False, value=split: self.split_wanted.emit(value))
        menu.addAction("Tags…").triggered.connect(self.tags_wanted)
        menu.addAction("Find and replace…\tCtrl+H").triggered.connect(self.replace_wanted)
        menu.addAction("Draft outputs with the model…").triggered.connect(self.draft_wanted)
        menu.addAction("Duplicate\tCtrl+D").triggered.connect(self.duplicate_wanted)

    def _fill_status(self, menu: QMenu) -> None:
        for status, words in STATUS_WORDS.items():
            menu.addAction(words).triggered.connect(lambda _=False, value=status: self.status_wanted.emit(value))

    def _menu_button(self, words: str) -> QPushButton:
        button = QPushButton(words)
        add_menu(button, QMenu(button))
        button.setStyleSheet("padding-right: 26px;")
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the button that deletes says the number, and Change holds all."""
        super().resizeEvent(event)
        self._words.setVisible(event.size().width() >= _WIDE)
        self._status.setVisible(event.size().width() >= _WIDEST)

    def set_count(self, count: int) -> None:
        """How many are selected; the bar shows from two on."""
        self._words.setText(f"{format.count(count)} selected")
        self.delete.setText(f"Delete {format.count(count)} examples")
        self.setVisible(count > 1)
