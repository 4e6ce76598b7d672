"""Advice on the settings, each piece with its reason and a button that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.card import Card

_CONTENT = "The settings suit your examples."


@dataclass(frozen=True, slots=True)
class AdviceWords:
    """A piece of advice: what to change, and why."""

    id: str
    title: str
    reason: str


class AdviceCard(Card):
    """It is told the words; it knows no settings."""

    apply_wanted = Signal(str)
    """(id of a piece of advice)"""
    apply_all_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Advice", parent)
        self.apply_all = link("Apply all")
        self.apply_all.clicked.connect(self.apply_all_wanted)
        self.add_act(self.apply_all)
        self.words = _label("", "secondary")
        self.body.addWidget(self.words)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE.FIELD)
        self.body.addLayout(self._list)
        self._shown: list[AdviceWords] | None = None
        self.buttons: dict[str, QPushButton] = {}
        self.hide()

    @property
    def shown(self) -> list[AdviceWords]:
        """What it says."""
        return list(self._shown or [])

    def say_nothing(self) -> None:
        """Nothing is known yet."""
        self._shown = None
        self.hide()

    def set_advice(self, advice: Sequence[AdviceWords], *, can_apply: bool) -> None:
        """Show these; none says that all is well."""
        self.apply_all.setVisible(len(advice) > 1)
        self.apply_all.setEnabled(can_apply)
        self.words.setText("" if advice else _CONTENT)
        self.words.setVisible(not advice)
        if list(advice) != self._shown:
            self._shown = list(advice)
            self._fill()
        for button in self.buttons.values():
            button.setEnabled(can_apply)
        self.show()

    def _fill(self) -> None:
        while item := self._list.takeAt(0):
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.buttons.clear()
        for advice in self._shown or []:
            self._list.addWidget(self._entry(advice))

    def _entry(self, advice: AdviceWords) -> QWidget:
        title = _label(advice.title)
        title.setFont(theme.ui_font(strong=True))
        button = self.buttons[advice.id] = link("Apply")
        button.setAccessibleName(f"Apply: {advice.title}")
        button.setAccessibleDescription(advice.reason)
        button.clicked.connect(lambda: self.apply_wanted.emit(advice.id))
        entry = QWidget()
        column = QVBoxLayout(entry)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(title)
        column.addWidget(_label(advice.reason, "secondary"))
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        return entry


def _label(text: str, kind: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if kind:
        label.setProperty("kind", kind)
    return label


def link(words: str) -> QPushButton:
    """A button that looks like a link."""
    button = QPushButton(words)
    button.setProperty("kind", "link")
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button
