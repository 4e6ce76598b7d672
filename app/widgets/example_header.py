"""The line over the form: which example this is, its neighbours, its status, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.example_words import STATUS_WORDS, shown_status
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.menu_button import add_menu
from core.dataset.example import Example, Status

_STATUS_HELP = {
    Status.DRAFT: "A draft is not trained on yet.",
    Status.READY: "Training takes it.",
    Status.EXCLUDED: "Kept, and never trained on.",
}


class ExampleHeader(QWidget):
    """Signals: what is wanted of the buttons, and ``status_chosen(Status)``."""

    previous_wanted = Signal()
    next_wanted = Signal()
    duplicate_wanted = Signal()
    delete_wanted = Signal()
    continue_wanted = Signal()
    draft_wanted = Signal()
    status_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._writable = True
        self._title = ElidedLabel()
        self._title.setProperty("kind", "heading")
        self._place = ElidedLabel()
        self._place.setProperty("kind", "secondary")
        self._previous = _button("chevron-left", "Previous example (Alt+Up)", self.previous_wanted)
        self._next = _button("chevron-right", "Next example (Alt+Down)", self.next_wanted)
        self._status = QComboBox()
        self._status.setAccessibleName("Status")
        for status, words in STATUS_WORDS.items():
            self._status.addItem(words, status)
        self._status.activated.connect(lambda _row: self.status_chosen.emit(self.status()))
        self._more = _button("more", "Continue, draft, duplicate or delete this example", None)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._more)
        self._continue = _action(menu, "Continue the conversation", "", self.continue_wanted)
        self._continue.setToolTip("Instruction and output become earlier turns; you write what follows")
        menu.setToolTipsVisible(True)
        self._draft = _action(menu, "Draft the output with the model…", "", self.draft_wanted)
        self._draft.setToolTip("A model proposes an output; you accept, edit or reject it")
        self._duplicate = _action(menu, "Duplicate", "Ctrl+D", self.duplicate_wanted)
        self._delete = _action(menu, "Delete", "", self.delete_wanted)
        add_menu(self._more, menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._place)
        row.addLayout(words, 1)
        for widget in (self._previous, self._next, self._status, self._more):
            row.addWidget(widget)

    def set_position(self, id: int, place: int, count: int) -> None:
        """Say which example it is.

        Args:
            id: its number; negative while it is new.
            place: its row in the list shown, counted from 1; 0 where the list does not have it.
            count: how many rows the list has.
        """
        self._title.setText(f"Example {format.count(id)}" if id > 0 else "New example")
        if id <= 0:
            words = "Saved as you write"
        else:
            words = f"{format.count(place)} of {format.count(count)}" if place else "Not in this list"
        self._place.setText(words)
        self._previous.setEnabled(place > 1 or (id <= 0 and count > 0))
        self._next.setEnabled(id > 0 and place < count)
        self._duplicate.setEnabled(id > 0 and self._writable)

    def title(self) -> str:
        """The words that say which example it is, and where in the list."""
        return f"{self._title.text()}: {self._place.text()}"

    def show_status(self, example: Example) -> None:
        """Show the status that counts: an incomplete example is a draft by nature."""
        self._continue.setEnabled(example.is_complete and self._writable)
        status = shown_status(example)
        with QSignalBlocker(self._status):
            self._status.setCurrentIndex(self._status.findData(status))
        by_nature = status is Status.DRAFT and example.status is Status.READY
        self._status.setToolTip(
            "A draft until it has an instruction and an output." if by_nature else _STATUS_HELP[status]
        )

    def status(self) -> Status:
        """The status shown."""
        return Status(self._status.currentData())

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        self._writable = not read_only
        for part in (self._status, self._draft, self._duplicate, self._delete):
            part.setEnabled(not read_only)


def _button(icon: str, words: str, clicked: object) -> QToolButton:
    button = QToolButton()
    button.setProperty("kind", "quiet")
    button.setIcon(theme.icon(icon))
    button.setToolTip(words)
    button.setAccessibleName(words)
    if clicked is not None:
        button.clicked.connect(clicked)
    return button


def _action(menu: QMenu, words: str, keys: str, triggered: object) -> QAction:
    action = menu.addAction(f"{words}\t{keys}" if keys else words)
    action.triggered.connect(triggered)
    return action
