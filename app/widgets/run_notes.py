"""What the user says of a run or an adapter: star, title, note. Kept soon after the last key, at once on leaving."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE
from core.runs.notes import LONGEST_TITLE, Notes

_KEEP_MS = 500
_LINES = 3


class RunNotes(QWidget):
    """Shows the notes of one run, or whatever ``what`` is, at a time; buttons may stand beside the title."""

    changed = Signal(object)
    """(Notes): the user said something else."""

    def __init__(self, parent: QWidget | None = None, *, what: str = "run") -> None:
        super().__init__(parent)
        self._what = what
        self._shown = Notes()
        self.star = QPushButton()
        self.star.setCheckable(True)
        self.star.setProperty("kind", "quiet")
        self.star.setFixedWidth(36)
        self.title = QLineEdit()
        self.title.setMaxLength(LONGEST_TITLE)
        self.title.setAccessibleName(f"Title of this {what}")
        self.note = QPlainTextEdit()
        self.note.setTabChangesFocus(True)
        self.note.setAccessibleName(f"Note on this {what}")
        self.note.setPlaceholderText("A note for yourself: what you tried, what you saw, what comes next.")
        lines = self.note.fontMetrics().lineSpacing() * _LINES
        self.note.setFixedHeight(lines + 2 * SPACE.UNIT)
        self._row = QHBoxLayout()
        self._row.setSpacing(SPACE.UNIT)
        self._row.addWidget(self.star)
        self._row.addWidget(self.title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.UNIT)
        layout.addLayout(self._row)
        layout.addWidget(self.note)
        self._clock = QTimer(self, singleShot=True, interval=_KEEP_MS)
        self._clock.timeout.connect(self.keep)
        self.star.toggled.connect(self._on_star)
        self.title.textEdited.connect(lambda _: self._clock.start())
        self.title.editingFinished.connect(self.keep)
        self.note.textChanged.connect(self._clock.start)
        self.note.installEventFilter(self)
        self.show_notes("", Notes())

    def add_button(self, button: QWidget) -> None:
        """Put a button to the right of the title."""
        self._row.addWidget(button)

    def show_notes(self, name: str, notes: Notes) -> None:
        """Show what was said of another run; ``name`` stands where no title was given.

        What is still being typed must be kept (:meth:`keep`) before.
        """
        self._shown = notes
        self.title.setPlaceholderText(name or f"A title for this {self._what}")
        self.title.setText(notes.title)
        self.note.setPlainText(notes.note)
        self.star.setChecked(notes.starred)
        self._clock.stop()
        self._show_star()

    def keep(self) -> None:
        """Announce what was typed, if it is anything new."""
        self._clock.stop()
        title = " ".join(self.title.text().split())
        typed = replace(self._shown, title=title, note=self.note.toPlainText(), starred=self.star.isChecked())
        if typed != self._shown:
            self._shown = typed
            self.changed.emit(typed)

    def set_read_only(self, read_only: bool) -> None:
        """Whether it may only be read."""
        self.star.setEnabled(not read_only)
        self.title.setReadOnly(read_only)
        self.note.setReadOnly(read_only)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leaving the note keeps it."""
        if watched is self.note and event.type() is QEvent.Type.FocusOut:
            self.keep()
        return super().eventFilter(watched, event)

    def _on_star(self) -> None:
        self._show_star()
        self.keep()

    def _show_star(self) -> None:
        starred = self.star.isChecked()
        self.star.setText("★" if starred else "☆")
        words = "Take the star away" if starred else f"Give this {self._what} a star"
        self.star.setToolTip(words)
        self.star.setAccessibleName(words)
