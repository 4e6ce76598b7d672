"""One answer while it is being written and afterwards: whose it is, its text, its speed, a button to copy it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.plain_editor import PlainEditor


class TryAnswer(QWidget):
    """Stays at the end of the text while it grows, unless the reader scrolls up."""

    copied = Signal()

    def __init__(self, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = ElidedLabel(title)
        self._title.setFont(theme.ui_font(strong=True))
        self._title.setMinimumHeight(28)
        self.copy = QToolButton()
        self.copy.setIcon(theme.icon("copy", "secondary"))
        self.copy.setToolTip("Copy this answer")
        self.copy.clicked.connect(self._copy)
        self.editor = PlainEditor(placeholder=hint, lines=(2, 2))
        self.editor.setReadOnly(True)
        self.editor.setProperty("kind", "answer")
        self.editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._hint = hint
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._note = ElidedLabel()
        self._note.setProperty("kind", "secondary")
        self._note.setMinimumHeight(18)
        self._arrange()
        self.set_title(title)
        self.clear()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(self._title, 1)
        head.addWidget(self.copy)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE.UNIT)
        foot.addWidget(self._note, 1)
        foot.addWidget(self._bar, 1, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addLayout(head)
        column.addWidget(self.editor, 1)
        column.addLayout(foot)

    @property
    def text(self) -> str:
        """What has been written so far."""
        return self.editor.text()

    @property
    def note(self) -> str:
        """What is said under it."""
        return self._note.text()

    @property
    def title(self) -> str:
        """Whose answer it is."""
        return self._title.text()

    def set_title(self, title: str) -> None:
        """Say whose answer it is."""
        self._title.setText(title)
        self.editor.setAccessibleName(f"Answer of {title}")
        self.copy.setAccessibleName(f"Copy the answer of {title}")

    def clear(self) -> None:
        """No answer, as at first."""
        self.editor.load("")
        self.editor.setPlaceholderText(self._hint)
        self._say("")

    def wait(self, words: str) -> None:
        """An answer is to come; ``words`` say what it waits for."""
        self.editor.load("")
        self.editor.setPlaceholderText("")
        self._say(words, busy=True)

    def add(self, text: str) -> None:
        """Append some more."""
        if not self.editor.text():
            text = text.lstrip()
        bar = self.editor.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        cursor = QTextCursor(self.editor.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        if at_end:
            bar.setValue(bar.maximum())
        self.copy.setEnabled(bool(self.text))

    def show_text(self, text: str, words: str) -> None:
        """Show a whole text; ``words`` say where it comes from."""
        self.editor.load(text)
        self._say(words)

    def finish(self, words: str) -> None:
        """No more comes; ``words`` say why, and how fast it was."""
        self.editor.setPlaceholderText("" if self.text else "No words came.")
        self._say(words)

    def _say(self, words: str, *, busy: bool = False) -> None:
        self._note.setText(words)
        self._bar.setVisible(busy)
        self.copy.setEnabled(bool(self.text))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)
        self.copied.emit()
