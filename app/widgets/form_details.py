"""What the chosen form of export is, for whom, what of it can be chosen, or why it cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QRadioButton, QVBoxLayout, QWidget

from app.theme import SPACE, set_look

if TYPE_CHECKING:
    from core.export.form import Choice


class FormDetails(QWidget):
    """Title, words, a remark where there is one, and the choices."""

    changed = Signal()
    """Something else was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.about, self.readers, self.remark = QLabel(), QLabel(), QLabel(), QLabel()
        self.title.setProperty("kind", "heading")
        self.readers.setProperty("kind", "secondary")
        for label in (self.title, self.about, self.readers, self.remark):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.choices: dict[str, dict[str, QRadioButton]] = {}
        self._area = QWidget()
        self._inside = QVBoxLayout(self._area)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(SPACE.LABEL)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        for widget in (self.title, self.about, self.readers, self.remark, self._area):
            column.addWidget(widget)

    @property
    def chosen(self) -> dict[str, str]:
        """The chosen value of each choice."""
        return {
            name: next(key for key, button in buttons.items() if button.isChecked())
            for name, buttons in self.choices.items()
        }

    def show_form(
        self, title: str, about: str, readers: str, *, refusal: str, remark: str, choices: Sequence[Choice]
    ) -> None:
        """Say all of it; a choice with a single value is said and not asked."""
        self.title.setText(title)
        self.about.setText(about)
        self.readers.setText(f"For {readers}.")
        self.remark.setText(refusal or remark)
        self.remark.setVisible(bool(refusal or remark))
        set_look(self.remark, kind="problem" if refusal else "")
        self._clear()
        for choice in choices if not refusal else ():
            self._add(choice)
        self._area.setVisible(bool(self.choices))

    def _clear(self) -> None:
        self.choices = {}
        while (item := self._inside.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _add(self, choice: Choice) -> None:
        if len(choice.values) < 2:
            return
        heading = QLabel(choice.title)
        heading.setProperty("kind", "heading")
        heading.setContentsMargins(0, SPACE.UNIT, 0, 0)
        self._inside.addWidget(heading)
        group = QButtonGroup(heading)
        buttons = self.choices[choice.name] = {}
        for value in choice.values:
            button = buttons[value.key] = QRadioButton(value.words.replace("&", "&&"))
            button.setAccessibleDescription(value.help)
            group.addButton(button)
            self._inside.addWidget(button)
            if value.help:
                help = QLabel(value.help)
                help.setTextFormat(Qt.TextFormat.PlainText)
                help.setProperty("kind", "secondary")
                help.setWordWrap(True)
                help.setContentsMargins(24, 0, 0, SPACE.HALF)
                self._inside.addWidget(help)
        next(iter(buttons.values())).setChecked(True)
        group.buttonToggled.connect(lambda _button, checked: checked and self.changed.emit())
