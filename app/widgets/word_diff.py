"""Shows what changed between texts: what is gone struck through after a minus, what is new underlined after a plus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app import theme
from app.theme import SPACE
from core.dataset.word_diff import Piece

_SIGNS = {"gone": "\u2212", "new": "+"}
_MOST_SPOKEN = 400  # characters that a screen reader gets of the changes
_SEEN = str.maketrans({" ": "\u00b7", "\t": "\u2192", "\n": "\u21b5\n"})  # a change of nothing but white space shows it


@dataclass(frozen=True)
class DiffSection:
    """One text: a heading (may be empty) and its pieces (:func:`core.dataset.word_diff.differences`)."""

    heading: str
    pieces: Sequence[Piece]


class WordDiffView(QTextEdit):
    """Read only; text is text, nothing is read as HTML."""

    def __init__(self, name: str = "What changed", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections: Sequence[DiffSection] = ()
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setProperty("kind", "answer")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(name)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        option = self.document().defaultTextOption()
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self.document().setDefaultTextOption(option)
        theme.on_change(self, self._write)

    def set_sections(self, sections: Sequence[DiffSection]) -> None:
        """Show these texts, one under the other."""
        self._sections = sections
        self._write()

    def _write(self) -> None:
        self.clear()
        self.setFont(theme.ui_font("body"))
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for number, section in enumerate(self._sections):
            if section.heading:
                if number:
                    cursor.insertBlock()
                cursor.setBlockFormat(_spaced(SPACE.GAP if number else 0))
                cursor.insertText(section.heading, _heading_look())
                cursor.insertBlock()
                cursor.setBlockFormat(_spaced(SPACE.HALF))
            elif number:
                cursor.insertBlock(_spaced(SPACE.GAP))
            write_pieces(cursor, section.pieces)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.setAccessibleDescription(spoken([piece for section in self._sections for piece in section.pieces]))


def write_pieces(cursor: QTextCursor, pieces: Sequence[Piece]) -> None:
    """Insert pieces at a cursor of any document, marked."""
    for piece in pieces:
        text = piece.text.replace("\r\n", "\n").replace("\r", "\n")
        look = _piece_look(piece.kind)
        if piece.kind == "same":
            _write_lines(cursor, text, look)
            continue
        if not text.strip():
            text = text.translate(_SEEN)
        rest = text.lstrip()
        _write_lines(cursor, text[: len(text) - len(rest)], _sign_look(piece.kind))  # a struck space looks like a minus
        cursor.insertText(_SIGNS[piece.kind], _sign_look(piece.kind))
        _write_lines(cursor, rest, look)


def _write_lines(cursor: QTextCursor, text: str, look: QTextCharFormat) -> None:
    for number, line in enumerate(text.split("\n")):
        if number:
            cursor.insertBlock(_spaced(0), look)
        cursor.insertText(line, look)


def spoken(pieces: Sequence[Piece]) -> str:
    """The changes as a sentence."""
    words = []
    for piece in pieces:
        if piece.kind != "same":
            what = "Removed" if piece.kind == "gone" else "Added"
            words.append(f"{what}: {piece.text.strip() or 'spaces or line ends'}")
    text = ". ".join(words)
    return text if len(text) <= _MOST_SPOKEN else text[: _MOST_SPOKEN - 1] + "…"


def _piece_look(kind: str) -> QTextCharFormat:
    look = QTextCharFormat()
    look.setForeground(theme.colour("text"))
    if kind != "same":
        look = _sign_look(kind)
        look.setFontStrikeOut(kind == "gone")
        look.setFontUnderline(kind == "new")
    return look


def _sign_look(kind: str) -> QTextCharFormat:
    """The sign is neither struck through nor underlined, so that it can be read."""
    name = "bad" if kind == "gone" else "good"
    look = QTextCharFormat()
    look.setForeground(theme.colour(name))
    look.setBackground(theme.colour(f"{name}_soft"))
    return look


def _heading_look() -> QTextCharFormat:
    look = QTextCharFormat()
    look.setForeground(theme.colour("secondary"))
    look.setFont(theme.ui_font("small"), QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesSpecifiedOnly)
    look.setFontWeight(QFont.Weight.Normal)
    return look


def _spaced(above: int) -> QTextBlockFormat:
    form = QTextBlockFormat()
    form.setTopMargin(above)
    return form
