"""Exporting examples: which ones, and in which format; then how far the writing is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QGridLayout,
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
from app.widgets.counting_bar import CountingBar
from core.errors import UserError

_GUARD_HELP = (
    "Texts such as =1+1 or - item get an apostrophe in front, so that no spreadsheet runs them. "
    "An import into Tunesmith takes it off again; other programs do not."
)


@dataclass(frozen=True)
class Format:
    """A format to choose: its name here, the ending of its files, its words, who reads it, the form of an example."""

    name: str
    ending: str
    words: str
    help: str
    form: str = "alpaca"

    @property
    def is_text_table(self) -> bool:
        """Whether a spreadsheet would take texts in it for formulas."""
        return self.ending in (".csv", ".tsv")


FORMATS = (
    Format(".jsonl", ".jsonl", "JSON lines (.jsonl)", "One object a line; what most training tools read."),
    Format(".json", ".json", "JSON list (.json)", "One list of objects, as Alpaca's."),
    Format(
        "messages",
        ".jsonl",
        "Messages (.jsonl)",
        "Conversations for chat trainers; instruction and input become one message.",
        "messages",
    ),
    Format(".csv", ".csv", "Table (.csv)", "For spreadsheets and scripts."),
    Format(".tsv", ".tsv", "Table with tabs (.tsv)", "The same with tabs between the cells."),
    Format(".xlsx", ".xlsx", "Excel (.xlsx)", "For Excel and LibreOffice; cells of up to 32,767 letters."),
    Format(".parquet", ".parquet", "Parquet (.parquet)", "Small and typed; for datasets, pandas and the hub."),
)


@dataclass(frozen=True)
class Scope:
    """A choice of examples: what it is called here, and how many they are."""

    name: str
    words: str
    count: int


class ExportDialog(QDialog):
    """Asks; what it asks for is done elsewhere, and shown here."""

    export_wanted = Signal(object, object, bool)
    """(Scope, Format, whether to guard against formulas)"""

    def __init__(self, scopes: list[Scope], parent: QWidget | None = None) -> None:
        """``scopes``: the last one is chosen at first (the narrowest)."""
        super().__init__(parent)
        self.setWindowTitle("Export examples")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(700)
        self.banner = Banner()
        self._scopes = {scope.name: (scope, _scope_choice(scope)) for scope in scopes}
        self._formats = {each.name: (each, QRadioButton(each.words)) for each in FORMATS}
        self._groups = [
            _group(self, [choice for _, choice in choices.values()]) for choices in (self._scopes, self._formats)
        ]
        self._scopes[scopes[-1].name][1].setChecked(True)
        self._formats[".jsonl"][1].setChecked(True)
        self.guard = QCheckBox("Guard against formulas")
        self.guard.setChecked(True)
        self._guard_help = _label(_GUARD_HELP, "secondary")
        for part in (self.guard, self._guard_help):
            kept = part.sizePolicy()
            kept.setRetainSizeWhenHidden(True)  # the window stays as it is
            part.setSizePolicy(kept)
        for _, choice in self._formats.values():
            choice.toggled.connect(self._show_guard)
        self.progress = CountingBar()
        self._cancel = QPushButton("Cancel")
        self._cancel.clicked.connect(self.reject)
        self.button = QPushButton("Choose a place")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._ask)
        self._lay_out()
        self._show_guard()

    def _lay_out(self) -> None:
        self._choices = QWidget()
        column = QVBoxLayout(self._choices)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.HALF)
        column.addWidget(_label("Which ones", "heading"))
        for _, choice in self._scopes.values():
            column.addWidget(choice)
        column.addSpacing(SPACE.FIELD)
        column.addWidget(_label("Format", "heading"))
        column.addLayout(self._format_rows())
        column.addSpacing(SPACE.UNIT)
        column.addWidget(self.guard)
        self._guard_help.setContentsMargins(24, 0, 0, 0)
        column.addWidget(self._guard_help)
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.progress, 1000)
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self.button)
        around = QVBoxLayout(self)
        around.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        around.setSpacing(SPACE.FIELD)
        around.addWidget(_label("Export examples", "title"))
        around.addWidget(self.banner)
        around.addWidget(self._choices, 1)
        around.addLayout(buttons)

    def _format_rows(self) -> QGridLayout:
        rows = QGridLayout()
        rows.setHorizontalSpacing(SPACE.GAP)
        rows.setVerticalSpacing(SPACE.HALF)
        rows.setColumnStretch(1, 1)
        for row, (each, choice) in enumerate(self._formats.values()):
            rows.addWidget(choice, row, 0)
            help = _label(each.help, "secondary")
            help.setWordWrap(False)
            rows.addWidget(help, row, 1)
            choice.setAccessibleDescription(each.help)
        return rows

    @property
    def scope(self) -> str:
        """The name of the chosen scope."""
        return self._chosen_scope.name

    @property
    def format(self) -> Format:
        """The chosen format."""
        return next(each for each, choice in self._formats.values() if choice.isChecked())

    @property
    def _chosen_scope(self) -> Scope:
        return next(scope for scope, choice in self._scopes.values() if choice.isChecked())

    def choose(self, scope: str, name: str) -> None:
        """Choose a scope and a format as clicks would."""
        self._scopes[scope][1].setChecked(True)
        self._formats[name][1].setChecked(True)

    def begin(self, file: str) -> None:
        """The file is being written."""
        self.banner.clear()
        self._set_choosing(False)
        self.progress.begin(f"Writing {file}")

    def show_progress(self, done: int, total: int) -> None:
        """So many examples have been written."""
        self.progress.tell("Writing", min(done, total), total)

    def show_problem(self, error: UserError) -> None:
        """It could not be written; it can be tried again."""
        self.progress.stop()
        self._set_choosing(True)
        self.banner.show_problem(error)
        self.adjustSize()

    def _ask(self) -> None:
        self.export_wanted.emit(self._chosen_scope, self.format, self.guard.isChecked())

    def _set_choosing(self, choosing: bool) -> None:
        self._choices.setEnabled(choosing)
        self.button.setEnabled(choosing)
        self.button.setVisible(choosing)  # the room is for the progress
        self._cancel.setText("Cancel" if choosing else "Cancel the export")

    def _show_guard(self) -> None:
        """Offer it where it changes something: JSON runs nothing, and cells of Excel's are written as text."""
        for part in (self.guard, self._guard_help):
            part.setVisible(self.format.is_text_table)


def _scope_choice(scope: Scope) -> QRadioButton:
    return QRadioButton(f"{scope.words} ({format.count(scope.count)})")


def _group(parent: QDialog, choices: Iterable[QRadioButton]) -> QButtonGroup:
    group = QButtonGroup(parent)
    for choice in choices:
        group.addButton(choice)
    return group


def _label(words: str, kind: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("kind", kind)
    label.setWordWrap(kind == "secondary")
    return label
