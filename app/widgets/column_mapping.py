"""Which column of a file is which field of an example, with a value of each to see that it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.choice_field import ChoiceField
from app.widgets.elided_label import ElidedLabel
from app.widgets.plain_tip import plain_tip

if TYPE_CHECKING:
    from core.dataset.importing.reading import SourceColumn

CONVERSATION = "messages"
FIELDS = {
    "instruction": "Instruction",
    "input": "Input",
    "output": "Output",
    CONVERSATION: "Conversation",
    "system": "System prompt",
    "history": "Earlier turns",
    "tags": "Tags",
    "note": "Note",
    "status": "Status",
    "split": "Split",
    "rejected": "Rejected answer",
}
_ALWAYS = ("instruction", "input", "output")
_NOWHERE = "No column"
_NAME_WIDTH = 176  # of a column's name; a list cuts what is longer off without a sign


class ColumnMapping(QWidget):
    """One choice a field; the fields that files seldom have are behind "More fields" until one of them is found."""

    changed = Signal(dict)
    """The mapping that the user wants: a column, or "" for none, by field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = QStandardItemModel(self)
        self._samples: dict[str, tuple[str, ...]] = {}
        self._more_shown = False
        self.fields = {field: _Field(field, words, self._columns) for field, words in FIELDS.items()}
        self.missing = QLabel()
        self.missing.setProperty("kind", "remark")
        self.missing.setWordWrap(True)
        self.more = QPushButton("More fields")
        self.more.setProperty("kind", "link")
        self.more.clicked.connect(self._show_more)
        inside = QFrame()
        inside.setProperty("kind", "scrolled")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, SPACE.UNIT, 0)
        column.setSpacing(SPACE.FIELD)
        for part in self.fields.values():
            part.choice.value_changed.connect(self._on_choice)
            column.addWidget(part)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.setSpacing(SPACE.UNIT)
        around.addWidget(self.missing)
        around.addWidget(area, 1)

    @property
    def mapping(self) -> dict[str, str]:
        """The column of every field, "" where there is none."""
        return {field: part.choice.value for field, part in self.fields.items()}

    def set_columns(self, columns: Sequence[SourceColumn], mapping: Mapping[str, str]) -> None:
        """Offer the columns of a file, chosen as in ``mapping``."""
        self._samples = {column.name: column.samples for column in columns}
        self._columns.clear()
        metrics = QFontMetrics(theme.ui_font())
        for value in ("", *self._samples):
            words = _one_line(value) or ("(no name)" if value else _NOWHERE)
            words = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)
            item = QStandardItem(words)
            item.setData(value, Qt.ItemDataRole.UserRole)
            item.setData(plain_tip(value) if words != value else "", Qt.ItemDataRole.ToolTipRole)
            self._columns.appendRow(item)
        self._more_shown = False
        for field, part in self.fields.items():
            part.choice.set_value(mapping.get(field, ""))
        self._arrange()

    def _on_choice(self, _value: str) -> None:
        self._arrange()
        self.changed.emit(self.mapping)

    def _show_more(self) -> None:
        self._more_shown = True
        self._arrange()
        self.fields[CONVERSATION].choice.setFocus(Qt.FocusReason.OtherFocusReason)

    def _arrange(self) -> None:
        used = self.mapping
        for field, part in self.fields.items():
            samples = self._samples.get(used[field], ())
            part.choice.setToolTip(plain_tip(used[field]))
            part.sample.setText(next((line for line in map(_one_line, samples) if line), ""))
            part.sample.setVisible(bool(used[field]))
            # A field that was just set to no column stays where the hand is.
            stays = part.isVisibleTo(self) and part.choice.hasFocus()
            part.setVisible(field in _ALWAYS or bool(used[field]) or self._more_shown or stays)
        self.more.setVisible(not self._more_shown)
        words = missing(used)
        self.missing.setText(words)
        self.missing.setVisible(bool(words))


class _Field(QWidget):
    """The name of a field, its column, and the first value there is in it."""

    def __init__(self, field: str, words: str, columns: QStandardItemModel) -> None:
        super().__init__()
        title = QLabel(words)
        self.choice = ChoiceField(f"Column of {words.lower()}", {})
        self.choice.setModel(columns)
        self.sample = ElidedLabel()
        self.sample.setProperty("kind", "secondary")
        title.setBuddy(self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        for widget in (title, self.choice, self.sample):
            column.addWidget(widget)


def missing(mapping: Mapping[str, str]) -> str:
    """What still has to be chosen before rows can be examples; empty when nothing is."""
    if mapping.get(CONVERSATION):
        return ""
    wanted = [] if mapping.get("instruction") or mapping.get("input") else ["instruction"]
    wanted += [] if mapping.get("output") else ["output"]
    return f"Choose the column that holds the {' and the one that holds the '.join(wanted)}." if wanted else ""


def _one_line(text: str) -> str:
    return " ".join(text[:400].split())
