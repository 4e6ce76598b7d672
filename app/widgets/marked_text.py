"""A text as high as it needs to be, in which some words are marked; text is text, nothing is read as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextCharFormat, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from app import theme

Span = tuple[str, bool]
"""A stretch of text, and whether it is marked."""


class MarkedText(QTextEdit):
    """Read only. Marked words are underlined on a tinted ground, so that the colour says nothing alone.

    Args:
        name: what it is, for those who cannot see it.
        colour: "good" or "bad", the colour of the marks.
    """

    def __init__(self, name: str, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour
        self._spans: Sequence[Span] = ()
        self.setAccessibleName(name)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("kind", "plain")
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        option = self.document().defaultTextOption()
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self.document().setDefaultTextOption(option)
        theme.on_change(self, self._write)

    def set_spans(self, spans: Sequence[Span]) -> None:
        """Show this text."""
        if spans != self._spans:
            self._spans = spans
            self._write()

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(text for text, _ in self._spans)

    @property
    def marked(self) -> list[str]:
        """What of it is marked."""
        return [text for text, marked in self._spans if marked]

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(super().sizeHint().width(), self._needed())

    def minimumSizeHint(self) -> QSize:
        """All of it is to be seen."""
        return QSize(0, self._needed())

    def _needed(self) -> int:
        return int(self.document().size().height()) + 1

    def _write(self) -> None:
        self.clear()
        self.setFont(theme.ui_font("body"))
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for text, marked in self._spans:
            cursor.insertText(text, self._look(marked=marked))
        cursor.endEditBlock()
        said = "; ".join(text.strip() for text in self.marked if text.strip())
        self.setAccessibleDescription(f"Marked: {said}" if said else "")
        self.updateGeometry()

    def _look(self, *, marked: bool) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(theme.colour("text"))
        if marked:
            look.setForeground(theme.colour(self._colour))
            look.setBackground(theme.colour(f"{self._colour}_soft"))
            look.setFontUnderline(True)
        return look

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has other lines."""
        super().resizeEvent(event)
        self.updateGeometry()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """It never scrolls; what it stands in does."""
        event.ignore()
