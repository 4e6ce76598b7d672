"""A plain-text field of several lines that grows with what is written and leaves undo of stored text to its owner."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from app import theme

_PARAGRAPH = "\u2029"
_LINE_HEIGHT = 1.5  # of the font size; a script that needs more gets more
_MARGIN = 3  # besides the padding of the style sheet


class PlainEditor(QTextEdit):
    """Text is text: nothing pasted or shown is read as HTML, and no character is changed on the way.

    Signals:
        edited: the user changed the text (not sent for text set by the program).
        left: the keyboard focus has gone elsewhere.
        undo_wanted, redo_wanted: the user asked for undo or redo and all local changes are stored already.
    """

    edited = Signal()
    left = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(
        self, *, placeholder: str = "", lines: tuple[int, int] = (2, 8), parent: QWidget | None = None
    ) -> None:
        """``lines`` are the fewest and the most lines shown before the field scrolls inside itself."""
        super().__init__(parent)
        self._lines = lines
        self._stored = ""
        self._loading = False
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setPlaceholderText(placeholder)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        option = self.document().defaultTextOption()
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self.document().setDefaultTextOption(option)
        self.document().setDocumentMargin(_MARGIN)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        theme.on_change(self, self._set_font)
        self._write("")
        self.textChanged.connect(self._text_changed)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self.updateGeometry())

    # --- Text -----------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """What is written, exactly: ``toPlainText`` would turn non-breaking spaces into plain ones."""
        return self.document().toRawText().replace(_PARAGRAPH, "\n")

    def load(self, text: str) -> None:
        """Show another text from its beginning; nothing is unsaved afterwards."""
        self._write(text)
        self._stored = self.text()

    def replace(self, text: str) -> None:
        """Show a newer state of the same text; the cursor and the scroll position stay where they can."""
        old = self.text()
        new = text.replace("\r\n", "\n").replace("\r", "\n")
        if new != old:
            start, end_old, end_new = _difference(old, new)
            self._loading = True
            cursor = QTextCursor(self.document())
            cursor.setPosition(units(old[:start]))
            cursor.setPosition(units(old[:end_old]), QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(new[start:end_new])
            self._loading = False
        self.document().clearUndoRedoStacks()
        self._stored = self.text()

    def set_lines(self, fewest: int, most: int) -> None:
        """Show other numbers of lines before the field scrolls inside itself."""
        self._lines = (fewest, most)
        self.updateGeometry()

    @property
    def unsaved(self) -> bool:
        """Whether the text differs from what was last loaded or marked as stored."""
        return self.text() != self._stored

    def mark_stored(self) -> None:
        """What is written now is stored; from here on, undo is the owner's."""
        self._stored = self.text()
        self.document().clearUndoRedoStacks()

    def _write(self, text: str) -> None:
        self._loading = True
        self.setPlainText("")
        cursor = QTextCursor(self.document())
        cursor.setBlockFormat(self._spacing())  # every later paragraph takes it over from this one
        cursor.insertText(text)
        self.document().clearUndoRedoStacks()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self._loading = False
        self.updateGeometry()

    def _text_changed(self) -> None:
        if not self._loading:
            self.edited.emit()

    # --- What the keyboard and the clipboard do ----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Undo and redo typing that is not stored yet; ask the owner for the rest."""
        if event.matches(QKeySequence.StandardKey.Undo):
            if self.unsaved and self.document().isUndoAvailable():
                self.undo()
            else:
                self.undo_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Redo) or _is_redo(event):
            if self.document().isRedoAvailable():
                self.redo()
            else:
                self.redo_wanted.emit()
        elif _is_line_end(event) and not self.isReadOnly():
            # Qt would take Return in an empty paragraph for "back to the plain format", and Shift+Return for U+2028.
            self.textCursor().insertText("\n")
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Say that the field was left; a context menu of this field does not count."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Take text; files dropped here are the page's to import."""
        return source.hasText() and not source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Insert plain text, whatever else the clipboard offers."""
        if source.hasText():
            self.textCursor().insertText(source.text())
            self.ensureCursorVisible()

    # --- Size -----------------------------------------------------------------------------------------------------

    def _set_font(self) -> None:
        self.setFont(theme.ui_font("editor"))
        self._loading = True
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setBlockFormat(self._spacing())
        self._loading = False
        self.updateGeometry()

    def _spacing(self) -> QTextBlockFormat:
        form = QTextBlockFormat()
        least = QTextBlockFormat.LineHeightTypes.MinimumHeight
        form.setLineHeight(self._line(), least.value)
        return form

    def _line(self) -> float:
        return max(_LINE_HEIGHT * self.font().pixelSize(), QFontMetricsF(self.font()).height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Measure again: another width breaks the lines elsewhere."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As high as the text, within the fewest and most lines."""
        wanted = self.document().size().height() + self._around()
        return QSize(240, int(min(max(wanted, self._height(self._lines[0])), self._height(self._lines[1]))))

    def minimumSizeHint(self) -> QSize:
        """Never lower than the text asks for, up to the limit: the form scrolls, not each field."""
        return QSize(120, self.sizeHint().height())

    def _height(self, lines: int) -> float:
        return round(lines * self._line()) + 2 * _MARGIN + self._around()

    def _around(self) -> int:
        """What border and padding take of the height."""
        return max(self.height() - self.viewport().height(), 2 * self.frameWidth())


def _is_line_end(event: QKeyEvent) -> bool:
    keys = QKeySequence.StandardKey
    return event.matches(keys.InsertParagraphSeparator) or event.matches(keys.InsertLineSeparator)


def _is_redo(event: QKeyEvent) -> bool:
    """Ctrl+Y and Ctrl+Shift+Z both, on every system."""
    control = Qt.KeyboardModifier.ControlModifier
    shift = Qt.KeyboardModifier.ShiftModifier
    return (event.key() == Qt.Key.Key_Y and event.modifiers() == control) or (
        event.key() == Qt.Key.Key_Z and event.modifiers() == control | shift
    )


def _difference(old: str, new: str) -> tuple[int, int, int]:
    """Where the two texts part: the common start, and the ends of the differing middle in ``old`` and in ``new``."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)
    return start, len(old) - tail, len(new) - tail


def units(text: str) -> int:
    """The length of a text as Qt counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
