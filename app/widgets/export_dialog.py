"""Exporting examples: which ones, and in which format."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.theme import SPACE
from app.widgets.banner import Banner

FORMATS = {
    ".json": ("JSON list (.json)", "One list of objects; the format this app and many tools began with."),
    ".jsonl": ("JSON lines (.jsonl)", "One object a line; what most training tools read."),
    ".csv": ("Table (.csv)", "For a spreadsheet."),
}


@dataclass(frozen=True)
class Scope:
    """A choice of examples: what it is called here, and how many they are."""

    name: str
    words: str
    count: int


class ExportDialog(QDialog):
    """Signals: ``export_wanted(str, str)``: the name of the scope and the file ending."""

    export_wanted = Signal(str, str)

    def __init__(self, scopes: list[Scope], parent: QWidget | None = None) -> None:
        """``scopes`` without examples are left out; the last one is chosen at first (the narrowest)."""
        super().__init__(parent)
        self.setWindowTitle("Export examples")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self.banner = Banner()
        self._scopes = {scope.name: _choice(f"{scope.words} ({format.count(scope.count)})") for scope in scopes}
        self._formats = {ending: _choice(words) for ending, (words, _help) in FORMATS.items()}
        self._groups = [_group(self, self._scopes.values()), _group(self, self._formats.values())]
        self._scopes[scopes[-1].name].setChecked(True)
        self._formats[".jsonl"].setChecked(True)
        self.button = QPushButton("Choose a place")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(lambda: self.export_wanted.emit(self.scope, self.ending))
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.HALF)
        column.addWidget(_label("Export examples", "title"))
        column.addWidget(self.banner)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(_label("Which ones", "heading"))
        for choice in self._scopes.values():
            column.addWidget(choice)
        column.addSpacing(SPACE.FIELD)
        column.addWidget(_label("Format", "heading"))
        for ending, choice in self._formats.items():
            column.addWidget(choice)
            help = _label(FORMATS[ending][1], "secondary")
            help.setContentsMargins(24, 0, 0, SPACE.HALF)
            column.addWidget(help)
        column.addSpacing(SPACE.FIELD)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column.addLayout(buttons)

    @property
    def scope(self) -> str:
        """The name of the chosen scope."""
        return next(name for name, choice in self._scopes.items() if choice.isChecked())

    @property
    def ending(self) -> str:
        """The ending of the chosen format."""
        return next(ending for ending, choice in self._formats.items() if choice.isChecked())

    def choose(self, scope: str, ending: str) -> None:
        """Choose as a click would."""
        self._scopes[scope].setChecked(True)
        self._formats[ending].setChecked(True)


def _choice(words: str) -> QRadioButton:
    return QRadioButton(words)


def _group(parent: QDialog, choices: object) -> QButtonGroup:
    group = QButtonGroup(parent)
    for choice in choices:  # type: ignore[attr-defined]
        group.addButton(choice)
    return group


def _label(words: str, kind: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("kind", kind)
    label.setWordWrap(kind == "secondary")
    return label
