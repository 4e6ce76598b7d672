"""Shows a UserError: what happened, why, what to do, and details to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from core.errors import UserError


class ProblemDialog(QDialog):
    """For what blocks the whole app; everything else belongs into a banner where its cause is."""

    def __init__(self, error: UserError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.error = error
        self.setWindowTitle("Tunesmith")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.FIELD)
        layout.addLayout(self._words())
        self._details = QPlainTextEdit(error.details)
        self._details.setProperty("kind", "log")
        self._details.setReadOnly(True)
        self._details.setMinimumSize(560, 200)
        self._details.setAccessibleName("Details")
        self._details.hide()
        layout.addWidget(self._details)
        layout.addLayout(self._buttons())

    def _words(self) -> QHBoxLayout:
        sign = QLabel()
        sign.setPixmap(theme.icon("problem", "bad").pixmap(28, 28))
        words = QVBoxLayout()
        words.setSpacing(SPACE.UNIT)
        for text, kind in ((self.error.title, "heading"), (self.error.reason, "label"), (self.error.hint, "label")):
            if text:
                label = QLabel(text)
                label.setProperty("kind", kind)
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                label.setWordWrap(True)
                words.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(SPACE.FIELD)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        if self.error.details:
            show = QPushButton("Show details")
            show.setProperty("kind", "quiet")
            show.setCheckable(True)
            show.toggled.connect(self._show_details)
            copy = QPushButton("Copy details")
            copy.setProperty("kind", "quiet")
            copy.clicked.connect(self._copy)
            row.addWidget(show)
            row.addWidget(copy)
        row.addStretch(1)
        close = QPushButton("Close")
        close.setProperty("kind", "primary")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        row.addWidget(close)
        return row

    def _show_details(self, shown: bool) -> None:
        self._details.setVisible(shown)
        self.adjustSize()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.error}\n\n{self.error.details}")


def show(parent: QWidget | None, error: UserError) -> ProblemDialog:
    """Tell of a problem that blocks the app; returns at once."""
    dialog = ProblemDialog(error, parent)
    dialog.open()
    return dialog
