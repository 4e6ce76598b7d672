"""A text that the user writes anew in the place where it stands, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.plain_editor import PlainEditor


class MessageEditor(PlainEditor):
    """Enter sends, Shift+Enter begins a new line."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See the class."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.entered.emit()
            return
        super().keyPressEvent(event)


class Rewriting(QWidget):
    """Ctrl+Enter (Enter in a message) does it, Escape leaves it as it was."""

    done = Signal(str)
    """The new text."""
    left = Signal()

    def __init__(self, editor: PlainEditor, act: str, hint: str, parent: QWidget | None = None) -> None:
        """``act`` are the words of the button, ``hint`` its tooltip; text that is as it was can only be sent again."""
        super().__init__(parent)
        self.editor = editor
        self._before = ""
        self._may = True
        self._hint = hint
        self.act = QPushButton(act)
        self.leave = QPushButton("Cancel")
        self.leave.setProperty("kind", "quiet")
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.act)
        buttons.addWidget(self.leave)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.HALF)
        column.addWidget(editor)
        column.addLayout(buttons)
        self.act.clicked.connect(self._on_act)
        self.leave.clicked.connect(self.left)
        editor.edited.connect(self._show)
        if isinstance(editor, MessageEditor):
            editor.entered.connect(self._on_act)
        for key in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(key), editor, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(self._on_act)

    def begin(self, text: str) -> None:
        """Let the user write, beginning with this."""
        self._before = text
        self.editor.load(text)
        self._show()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_may(self, may: bool) -> None:
        """Whether it can be done now."""
        self._may = may
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See the class."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def _show(self) -> None:
        text = self.editor.text().strip()
        is_new = isinstance(self.editor, MessageEditor) or text != self._before.strip()
        self.act.setEnabled(self._may and bool(text) and is_new)
        self.act.setToolTip(self._hint if is_new else "Change the text first")

    def _on_act(self) -> None:
        if self.act.isEnabled():
            self.done.emit(self.editor.text().strip())
