"""Chooses a part of a source that has several: a sheet of a workbook, a configuration and split of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.theme import SPACE
from app.widgets.choice_field import ChoiceField

if TYPE_CHECKING:
    from core.dataset.importing.reading import Shape

_WORDS = {"sheet": "Sheet", "config": "Configuration", "split": "Split"}


class PartChoice(QWidget):
    """Shows only the choices that there are."""

    wanted = Signal(dict)
    """({"sheet", "config" or "split": name}): everything that is chosen now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices = {name: ChoiceField(words, {}) for name, words in _WORDS.items()}
        self._labels = {name: QLabel(words) for name, words in _WORDS.items()}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        for name, choice in self.choices.items():
            choice.value_changed.connect(lambda _value, name=name: self._on_choice(name))
            self._labels[name].setBuddy(choice)
            row.addWidget(self._labels[name])
            row.addWidget(choice)
        self.clear()

    def clear(self) -> None:
        """There is nothing to choose."""
        for name, choice in self.choices.items():
            choice.clear()
            choice.hide()
            self._labels[name].hide()

    def show_shape(self, shape: Shape) -> None:
        """Offer the parts of a source; the one that was read is chosen."""
        offered = (shape.sheets, shape.configs, shape.splits)
        for (name, choice), names, chosen in zip(self.choices.items(), offered, shape.chosen, strict=True):
            choice.clear()
            for part in names:
                choice.addItem(part, part)
            choice.set_value(chosen)
            for widget in (choice, self._labels[name]):
                widget.setVisible(len(names) > 1)

    def _on_choice(self, name: str) -> None:
        chosen = {part: choice.value for part, choice in self.choices.items() if not choice.isHidden()}
        if name == "config":
            chosen["split"] = ""  # each configuration has splits of its own
        self.wanted.emit(chosen)
