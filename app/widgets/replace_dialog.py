"""Find and replace in many examples: what is wished on top, under it every change as it would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.example_words import FIELD_WORDS
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.choice_field import ChoiceField
from app.widgets.counting_bar import CountingBar
from app.widgets.diff_list import DiffList
from app.widgets.flow_layout import FlowLayout
from core.dataset.replace import TEXTS, Replacement
from core.errors import UserError

_PAUSE_MS = 300
_AT_FIRST = ("instruction", "input", "output")
_HELP = (
    "Write what to find. Every change is shown here before anything is replaced, "
    "and all of them together are one step that can be undone."
)
_NONE = "Nothing to replace: no text has these words, or they stay as they are."
_PATTERN_HELP = r"In a pattern, (…) makes a group; \1 in the replacement stands for the first, \n for a line end."


@dataclass(frozen=True)
class Where:
    """A choice of examples to look in."""

    name: str
    words: str


class ReplaceDialog(QDialog):
    """Signals.

    wish_changed: something else is to be looked for (after a pause in typing).
    replace_wanted: carry it out.
    """

    wish_changed = Signal()
    replace_wanted = Signal()

    def __init__(self, places: Sequence[Where], parent: QWidget | None = None) -> None:
        """The last of ``places`` is chosen at first."""
        super().__init__(parent)
        self.setWindowTitle("Find and replace")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 680)
        self.find_line, self.by = QLineEdit(), QLineEdit()
        self.find_line.setClearButtonEnabled(True)
        self.where = ChoiceField("Look in", {place.name: place.words for place in places})
        self.where.set_value(places[-1].name)
        self.options = {
            "match_case": QCheckBox("Match case"),
            "whole_words": QCheckBox("Whole words"),
            "regular": QCheckBox("Regular expression"),
        }
        self.fields = {name: QCheckBox(FIELD_WORDS[name]) for name in TEXTS}
        for name in _AT_FIRST:
            self.fields[name].setChecked(True)
        self._pattern_help = QLabel(_PATTERN_HELP)
        self._pattern_help.setProperty("kind", "secondary")
        self._pattern_help.setWordWrap(True)
        self._pattern_help.hide()
        self.summary = QLabel()
        self.summary.setProperty("kind", "heading")
        self.progress = CountingBar()
        self.banner = Banner()
        self.list = DiffList()
        self._quiet = QLabel(_HELP)
        self._quiet.setProperty("kind", "secondary")
        self._quiet.setWordWrap(True)
        self._quiet.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._quiet.setContentsMargins(SPACE.PAGE, 0, SPACE.PAGE, 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._quiet)
        self._stack.addWidget(self.list)
        self.button = QPushButton("Replace")
        self.button.setProperty("kind", "primary")
        self.button.setEnabled(False)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self.replace_wanted)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.wish_changed)
        self._join()
        self._lay_out()

    def _join(self) -> None:
        for line in (self.find_line, self.by):
            line.textChanged.connect(lambda _text: self._changed())
            line.returnPressed.connect(self._at_once)
        self.where.value_changed.connect(lambda _value: self._at_once())
        for box in (*self.options.values(), *self.fields.values()):
            box.toggled.connect(lambda _on: self._at_once())
        self.options["regular"].toggled.connect(self._pattern_help.setVisible)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(SPACE.FIELD)
        form.setVerticalSpacing(SPACE.UNIT)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        options = _row(list(self.options.values()))
        for words, widget in (("Find", self.find_line), ("Replace with", self.by), ("", options)):
            form.addRow(words, widget)
            if words:
                widget.setAccessibleName(words)
        form.addRow("", self._pattern_help)
        form.addRow("Fields", _row(list(self.fields.values())))
        form.addRow("Look in", self.where)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        title = QLabel("Find and replace")
        title.setProperty("kind", "title")
        column.addWidget(title)
        column.addLayout(form)
        for widget in (self.banner, self.summary, self.progress):
            column.addWidget(widget)
        column.addWidget(self._stack, 1)
        column.addLayout(buttons)
        self.summary.hide()

    # --- What is wished ---------------------------------------------------------------------------------------------

    @property
    def wish(self) -> Replacement:
        """What is to be replaced."""
        options = {name: box.isChecked() for name, box in self.options.items()}
        fields = tuple(name for name, box in self.fields.items() if box.isChecked())
        return Replacement(self.find_line.text(), self.by.text(), fields, **options)

    def _changed(self) -> None:
        self.button.setEnabled(False)  # what is shown is not what would be done
        self._pause.start()

    def _at_once(self) -> None:
        self.button.setEnabled(False)
        self._pause.stop()
        self.wish_changed.emit()

    # --- What is found ----------------------------------------------------------------------------------------------

    def show_nothing(self) -> None:
        """Nothing is looked for."""
        self._say(_HELP)

    def show_searching(self) -> None:
        """A search has begun."""
        self.banner.clear()
        self.progress.begin("Looking")

    def show_found(self, *, matches: int, examples: int, done: int, total: int) -> None:
        """So much is found so far."""
        self.progress.tell("Looking", done, total)
        self.summary.setVisible(examples > 0)
        places = f"{format.plural(matches, 'place')} in {format.plural(examples, 'example')}"
        self.summary.setText(f"{places} will change.")
        if examples:
            self._stack.setCurrentWidget(self.list)

    def show_end(self, examples: int) -> None:
        """The search is over."""
        self.progress.stop()
        if not examples:
            self._say(_NONE)
            return
        self.button.setText(f"Replace in {format.plural(examples, 'example')}")
        self.button.setEnabled(True)

    def show_problem(self, error: UserError) -> None:
        """The search or the replacing came to nothing."""
        self._say("")
        self.banner.show_problem(error)

    def show_replacing(self) -> None:
        """It is being carried out."""
        self.button.setEnabled(False)
        self.button.setText("Replacing …")

    def _say(self, words: str) -> None:
        self.progress.stop()
        self.banner.clear()
        self.summary.hide()
        self.button.setEnabled(False)
        self.button.setText("Replace")
        self._quiet.setText(words)
        self._stack.setCurrentWidget(self._quiet)


def _row(widgets: Sequence[QWidget]) -> QWidget:
    row = QWidget()
    flow = FlowLayout(row, spacing=SPACE.CARD)
    for widget in widgets:
        flow.addWidget(widget)
    return row
