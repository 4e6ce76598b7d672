"""Asks for a dataset of the Hugging Face Hub, and says before anything is contacted what will be."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE, set_look

_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.)?huggingface\.co/datasets/")
_ID = re.compile(r"^[\w.-]{1,96}(/[\w.-]{1,96})?$", re.ASCII)
_NOTE = "This contacts huggingface.co and downloads the dataset. Nothing of your project is sent."
_WRONG = "A dataset there is called owner/name; its address in a browser is understood, too."


class HubSource(QFrame):
    """A line for the dataset's id and a button that names the place."""

    wanted = Signal(str)
    """The id of the dataset that the user wants to look up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        title = QLabel("Or a dataset of the Hugging Face Hub")
        self.field = _Line()
        self.field.setPlaceholderText("owner/name")
        self.field.setAccessibleName("Dataset on the Hugging Face Hub")
        self.field.setMaxLength(300)
        self.field.textChanged.connect(self._on_text)
        self.button = QPushButton("Look it up on huggingface.co")
        self.button.setEnabled(False)
        self.button.clicked.connect(self.ask)
        self.field.entered.connect(self.ask)
        self._note = QLabel(_NOTE)
        self._note.setProperty("kind", "secondary")
        self._note.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.field, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.CARD, SPACE.FIELD, SPACE.CARD, SPACE.FIELD)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(title)
        column.addLayout(row)
        column.addWidget(self._note)

    def ask(self) -> None:
        """Look the dataset up, if what is written can be one."""
        if not self.field.text().strip():
            return
        id = hub_id(self.field.text())
        if id:
            self.wanted.emit(id)
        else:
            self._say(wrong=True)

    def _on_text(self, text: str) -> None:
        self.button.setEnabled(bool(text.strip()))
        self._say(wrong=False)

    def _say(self, *, wrong: bool) -> None:
        set_look(self.field, wrong=wrong)
        set_look(self._note, kind="problem" if wrong else "secondary")
        self._note.setText(_WRONG if wrong else _NOTE)


class _Line(QLineEdit):
    """Keeps Enter for itself; a dialog would click its first button as well."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
            event.accept()
        else:
            super().keyPressEvent(event)


def hub_id(text: str) -> str:
    """The dataset's id in what somebody typed or copied from a browser; empty when there is none."""
    rest = _ADDRESS.sub("", text.strip())
    if rest != text.strip():
        rest = "/".join(re.split(r"[?#]", rest)[0].strip("/").split("/")[:2])
    return rest if _ID.match(rest) and ".." not in rest else ""
