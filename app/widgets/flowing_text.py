"""Plain text to read and copy that is as high as it needs to be, and stays quick while it grows."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QTextCursor, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from app import theme


class FlowingText(QTextEdit):
    """Text is text: nothing in it is read as anything else.

    A label that wraps its words is laid out anew, as a whole and several times, whenever one word comes; this adds to
    what is there, and tells its height only when that is another.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "plain")
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # by keyboard, its owner's buttons do
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
        option = self.document().defaultTextOption()
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self.document().setDefaultTextOption(option)
        self.document().setDocumentMargin(0)
        self.document().setUndoRedoEnabled(False)
        self._text = ""
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())
        theme.on_change(self, self._set_font)

    def text(self) -> str:
        """All that it says."""
        return self._text

    def set_text(self, text: str) -> None:
        """Say something else."""
        if text.startswith(self._text) and self._text:
            self.add(text[len(self._text) :])
        elif text != self._text:
            self._text = text
            self.setPlainText(text)

    def add(self, text: str) -> None:
        """Say some more; what the reader has marked stays marked."""
        if text:
            self._text += text
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the lines elsewhere."""
        super().resizeEvent(event)
        self._fit()

    def _set_font(self) -> None:
        self.setFont(theme.ui_font("editor"))
        self._fit()

    def _fit(self) -> None:
        height = max(math.ceil(self.document().size().height()), self.fontMetrics().height())
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)
