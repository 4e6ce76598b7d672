"""A line to find words in the texts beside it: what to find, how many there are, next and previous."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from app import format, theme
from app.theme import SPACE


class FindBar(QWidget):
    """Enter goes to the next place, Shift+Enter to the one before, Escape closes.

    Signals:
        changed(str): other words are looked for.
        next_wanted, previous_wanted, closed: what the user asked for.
    """

    changed = Signal(str)
    next_wanted = Signal()
    previous_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit()
        self.line.setPlaceholderText("Find in this example")
        self.line.setAccessibleName("Find in this example")
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.changed)
        self.line.installEventFilter(self)
        self._count = QLabel()
        self._count.setProperty("kind", "secondary")
        self._count.setTextFormat(Qt.TextFormat.PlainText)
        self._previous = _button("chevron-up", "Previous place (Shift+Enter)", self.previous_wanted)
        self._next = _button("chevron-down", "Next place (Enter)", self.next_wanted)
        close = _button("close", "Close (Esc)", self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.HALF)
        row.addWidget(self.line, 1)
        row.addWidget(self._count)
        for button in (self._previous, self._next, close):
            row.addWidget(button)
        self.set_found(0, 0, all=True)

    def open(self, words: str) -> None:
        """Look for these words, or for the same as before where there are none."""
        if words:
            self.line.setText(words)
        self.line.selectAll()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_found(self, place: int, count: int, *, all: bool) -> None:
        """Say which of how many places is shown.

        Args:
            place: counted from 1; 0 for none.
            count: how many there are.
            all: whether that is all; False where looking was ended early.
        """
        many = f"{format.count(count)}{'' if all else '+'}"
        words = f"{format.count(place)} of {many}" if place else many
        self._count.setText(words if count else "Not found" if self.line.text() else "")
        for button in (self._previous, self._next):
            button.setEnabled(count > 0)

    def words(self) -> str:
        """What the bar says about how much was found."""
        return self._count.text()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the line."""
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.closed.emit()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                (self.previous_wanted if back else self.next_wanted).emit()
                return True
        return super().eventFilter(watched, event)


def _button(icon: str, words: str, clicked: object) -> QToolButton:
    button = QToolButton()
    button.setProperty("kind", "quiet")
    button.setIcon(theme.icon(icon))
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.clicked.connect(clicked)
    return button
