"""Looking for models on the hub: good starting points first; what is typed is asked for on Enter or a click alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.model_list import ModelList, ModelRow

_ADDRESS = re.compile(r"^(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/)?")
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


class HubFinder(QWidget):
    """A line to search in, a list, and words on what the list holds."""

    searched = Signal(str)
    """What the user wants to look for: words, or a model's id."""
    cleared = Signal()
    """The line is empty again."""

    def __init__(self, host: str, parent: QWidget | None = None) -> None:
        """``host`` is who is asked."""
        super().__init__(parent)
        self._host = host
        self.field = QLineEdit()
        self.field.setPlaceholderText("Name of a model, or owner/name")
        self.field.setAccessibleName("Search for models on the hub")
        self.field.setClearButtonEnabled(True)
        self.field.setMaxLength(300)
        self.button = QPushButton("Search")
        self.note, self.heading = QLabel(), QLabel()
        self.note.setText(
            f"A search asks {host}, once you press Enter: only what you typed goes there, and nothing of your project."
        )
        self.note.setProperty("kind", "secondary")
        self.heading.setFont(theme.ui_font(strong=True))
        self.list = ModelList("Models on the hub")
        self.nothing = QLabel()
        self.nothing.setProperty("kind", "secondary")
        for label in (self.note, self.heading, self.nothing):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self._arrange()
        self.field.returnPressed.connect(self.search)
        self.field.textChanged.connect(lambda text: None if text else self.cleared.emit())
        self.button.clicked.connect(self.search)

    def _arrange(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SPACE.UNIT)
        line.addWidget(self.field, 1)
        line.addWidget(self.button)
        above = QVBoxLayout()
        above.setContentsMargins(SPACE.UNIT, 0, SPACE.UNIT, 0)
        above.setSpacing(SPACE.UNIT)
        above.addLayout(line)
        for widget in (self.note, self.heading, self.nothing):
            above.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addLayout(above)
        column.addWidget(self.list, 1)
        self.nothing.hide()

    def search(self) -> None:
        """Look for what is typed."""
        text = wanted(self.field.text())
        if text:
            self.searched.emit(text)
        else:
            self.field.setFocus()

    def show_rows(self, heading: str, rows: Sequence[ModelRow], *, nothing: str = "") -> None:
        """Show models under a heading; ``nothing`` is what is said where there are none."""
        self.heading.setText(heading)
        self.list.set_rows(rows)
        self.nothing.setText("" if rows else nothing)
        self.nothing.setVisible(not rows and bool(nothing))

    def show_searching(self, text: str) -> None:
        """The hub is being asked."""
        self.show_rows(f"Asking {self._host} for {text} …", ())


def wanted(text: str) -> str:
    """What to look for in what somebody typed, or copied from a browser."""
    rest = _ADDRESS.sub("", text.strip())
    if rest != text.strip():
        rest = "/".join(re.split(r"[?#]", rest)[0].strip("/").split("/")[:2])
    return rest


def is_id(text: str) -> bool:
    """Whether it may be a model's id, owner/name."""
    return bool(_ID.fullmatch(text))
