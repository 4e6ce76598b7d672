"""Which model drafts the outputs of which examples, asked before it begins."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.integer_field import IntegerField

_MOST_TOKENS = 8192
_PROMISE = "A draft stands under the output until you accept, edit or reject it. Until then nothing is changed."


class DraftDialog(QDialog):
    """Signals: ``wanted(int, int)``: the number of the model in the list, and the longest draft in tokens."""

    wanted = Signal(int, int)

    def __init__(
        self, models: Sequence[str], count: int, *, notes: Sequence[str], longest: int, parent: QWidget | None = None
    ) -> None:
        """For ``count`` examples; ``notes`` are sentences about what is left out and what is there already."""
        super().__init__(parent)
        self.setWindowTitle("Draft with the model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        self.model = QComboBox()
        self.model.setAccessibleName("Model")
        self.model.addItems(list(models))
        self.longest = IntegerField("Longest draft in tokens", minimum=1, maximum=_MOST_TOKENS, step=32)
        self.longest.setFixedWidth(96)
        self.longest.set_value(longest)
        self.notes = QLabel(" ".join([*notes, _PROMISE]))
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setProperty("kind", "secondary")
        self.notes.setWordWrap(True)
        self.button = QPushButton("Write a draft" if count == 1 else f"Write {format.count(count)} drafts")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._accept)
        self._lay_out("Draft the output" if count == 1 else f"Draft the outputs of {format.count(count)} examples")

    def _lay_out(self, words: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.LABEL)
        title = QLabel(words)
        title.setProperty("kind", "title")
        column.addWidget(title)
        column.addWidget(self.notes)
        for name, field in (("Model", self.model), ("Longest draft in tokens", self.longest)):
            label = QLabel(name)
            label.setProperty("kind", "label")
            label.setBuddy(field)
            column.addSpacing(SPACE.FIELD)
            column.addWidget(label)
            column.addWidget(field)
        column.addStretch(1)
        column.addSpacing(SPACE.CARD)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column.addLayout(buttons)

    def _accept(self) -> None:
        self.wanted.emit(self.model.currentIndex(), self.longest.value())
        self.accept()
