"""Finds words in several text fields and marks them there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from app import theme
from app.widgets.plain_editor import PlainEditor, units

_AT_MOST = 1000  # marks; more would make typing slow, and nobody walks through them


@dataclass(frozen=True, slots=True)
class Searched:
    """A text to look into. Its field may not be made yet; ``make`` makes it when something there is to be shown."""

    text: str
    editor: PlainEditor | None
    make: Callable[[], PlainEditor] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    number: int  # of the text, in reading order
    editor: PlainEditor | None
    make: Callable[[], PlainEditor] | None
    start: int  # in UTF-16 units, as Qt counts
    end: int

    def cursor(self, editor: PlainEditor) -> QTextCursor:
        cursor = QTextCursor(editor.document())
        cursor.setPosition(self.start)
        cursor.setPosition(self.end, QTextCursor.MoveMode.KeepAnchor)
        return cursor


class FindMarks(QObject):
    """Small and capital letters are the same.

    Signals:
        found(int, int, bool): the place shown (from 1; 0 for none), how many there are, whether these are all.
        place_shown(PlainEditor): its cursor is at the place now.
    """

    found = Signal(int, int, bool)
    place_shown = Signal(object)

    def __init__(self, texts: Callable[[], list[Searched]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts = texts
        self._words = ""
        self._places: list[_Place] = []
        self._all = True
        self._shown = -1
        self._marked: list[PlainEditor] = []
        self.at: PlainEditor | None = None  # where looking goes on from
        theme.on_change(self, self._mark)

    def begin_at(self, editor: PlainEditor | None) -> None:
        """Look from the cursor of this field on."""
        self.at = editor

    def find(self, words: str) -> None:
        """Mark these words, and show the first place at or after the cursor."""
        self._words = words
        self._look()
        self._shown = self._first_from_cursor() if self._places else -1
        self._tell(go=self._shown >= 0)

    def look_again(self) -> None:
        """The texts have changed; stay where we are."""
        shown = self._shown
        self._look()
        self._shown = min(shown, len(self._places) - 1)
        self._tell(go=False)

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) place, round and round."""
        self._look()
        if self._places:
            self._shown = (self._shown + by) % len(self._places)
        self._tell(go=bool(self._places))

    def clear(self) -> None:
        """Mark nothing any more; the place shown stays selected."""
        self._words, self._places, self._shown = "", [], -1
        self._mark()

    def _look(self) -> None:
        places = self._matches() if self._words else iter(())
        self._places = [place for place, _ in zip(places, range(_AT_MOST), strict=False)]
        self._all = next(places, None) is None

    def _matches(self) -> Iterator[_Place]:
        pattern = re.compile(re.escape(self._words), re.IGNORECASE)
        for number, searched in enumerate(self._texts()):
            text, at, place = searched.text, 0, 0
            for match in pattern.finditer(text):
                start = place + units(text[at : match.start()])
                at, place = match.end(), start + units(match.group())
                yield _Place(number, searched.editor, searched.make, start, place)

    def _first_from_cursor(self) -> int:
        """The place that a person who reads on from the cursor comes to first; without one, the first in a field."""
        texts = self._texts()
        start = next((number for number, searched in enumerate(texts) if searched.editor is self.at), None)
        if self.at is None or start is None:
            return next((n for n, place in enumerate(self._places) if place.editor is not None), 0)
        cursor = (start, self.at.textCursor().selectionStart())
        return next((n for n, place in enumerate(self._places) if (place.number, place.start) >= cursor), 0)

    def _tell(self, *, go: bool) -> None:
        if go:
            place = self._places[self._shown]
            editor = place.editor
            if editor is None and place.make is not None:
                editor = place.make()
                self._look()  # it can be marked now, and perhaps others with it
            if editor is not None:
                self.at = editor
                editor.setTextCursor(place.cursor(editor))
                self.place_shown.emit(editor)
        self._mark()
        self.found.emit(self._shown + 1, len(self._places), self._all)

    def _mark(self) -> None:
        marks: dict[PlainEditor, list[QTextEdit.ExtraSelection]] = {editor: [] for editor in self._marked}
        for number, place in enumerate(self._places):
            if place.editor is None:
                continue
            mark = QTextEdit.ExtraSelection()
            mark.cursor = place.cursor(place.editor)
            mark.format = _look(current=number == self._shown)
            marks.setdefault(place.editor, []).append(mark)
        for editor, selections in marks.items():
            editor.setExtraSelections(selections)
        self._marked = [editor for editor, selections in marks.items() if selections]


def _look(*, current: bool) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setBackground(theme.colour("accent" if current else "selection"))
    form.setForeground(theme.colour("on_accent" if current else "text"))
    return form
