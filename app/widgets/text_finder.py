"""Finding in several text fields: the line to type into and the marks, joined."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.widgets.find_bar import FindBar
from app.widgets.find_marks import FindMarks, Searched
from app.widgets.plain_editor import PlainEditor

_PAUSE_MS = 150  # after typing in a field; the marks move along with the text meanwhile


class TextFinder(QObject):
    """``bar`` is to be placed over the fields.

    Signals:
        place_shown(PlainEditor): its cursor is at a place found.
    """

    place_shown = Signal(object)

    def __init__(self, texts: Callable[[], list[Searched]], parent: QObject | None = None) -> None:
        """``texts`` gives what to look into, in reading order."""
        super().__init__(parent)
        self.bar = FindBar()
        self.bar.hide()
        self._marks = FindMarks(texts, self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._marks.look_again)
        self._marks.found.connect(lambda place, count, all: self.bar.set_found(place, count, all=all))
        self._marks.place_shown.connect(self.place_shown)
        self.bar.changed.connect(self._marks.find)
        self.bar.next_wanted.connect(lambda: self._marks.step(1))
        self.bar.previous_wanted.connect(lambda: self._marks.step(-1))
        self.bar.closed.connect(self.close)

    def open(self, editor: PlainEditor | None) -> None:
        """Open the line; look from the cursor of ``editor`` on, for what is selected there."""
        self._marks.begin_at(editor)
        selected = editor.textCursor().selectedText() if editor is not None else ""
        self.bar.show()
        self.bar.open("" if "\u2029" in selected else selected)
        self._marks.find(self.bar.line.text())

    def close(self) -> None:
        """Close the line; the place found last stays selected, with the cursor there."""
        self._pause.stop()
        self._marks.clear()
        self.bar.hide()
        if self._marks.at is not None:
            self._marks.at.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def texts_changed(self) -> None:
        """Look again in a moment, where anything is looked for."""
        if not self.bar.isHidden():
            self._pause.start()
