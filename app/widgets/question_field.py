"""A question with its answers as radio buttons, or boxes where several may be given; an answer can be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE


class QuestionField(QWidget):
    """Choices are ``{id: words}``; a click on the chosen radio button takes the answer back."""

    answered = Signal(tuple)
    """(ids): the user gave this answer."""

    def __init__(
        self, title: str, why: str, choices: dict[str, str], *, several: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._several = several
        self._given: tuple[str, ...] = ()
        self.buttons: dict[str, QAbstractButton] = {}
        head = _label(title)
        head.setFont(theme.ui_font(strong=True))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE.UNIT)
        column.setSpacing(2)
        column.addWidget(head)
        hint = f"{why} Several answers are possible." if several else why
        note = _label(hint)
        note.setProperty("kind", "secondary")
        column.addWidget(note)
        for id, words in choices.items():
            button = self.buttons[id] = QCheckBox(words) if several else QRadioButton(words)
            button.setAutoExclusive(False)
            button.setAccessibleName(f"{title} {words}")
            button.setAccessibleDescription(why)
            button.clicked.connect(lambda _checked, id=id: self._on_clicked(id))
            column.addWidget(button)

    @property
    def answer(self) -> tuple[str, ...]:
        """The ids of what is chosen, in the order shown."""
        return self._given

    def set_answer(self, ids: Sequence[str]) -> None:
        """Choose without a signal."""
        self._given = tuple(id for id in self.buttons if id in ids)
        for id, button in self.buttons.items():
            button.setChecked(id in self._given)

    def _on_clicked(self, id: str) -> None:
        if self._several:
            given = [other for other in self.buttons if (other == id) != (other in self._given)]
        else:
            given = [] if self._given == (id,) else [id]
        self.set_answer(given)
        self.answered.emit(self._given)


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
