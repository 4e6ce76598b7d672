"""One setting of a sweep with the values to try: words to tick where there are few, a line to write in otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.theme import SPACE
from app.widgets.choice_field import ChoiceField
from app.widgets.flow_layout import FlowLayout
from core.recipe.reference import SettingInfo, setting_named
from core.recipe.words import value as worded
from core.runs.sweep import parse_values, written

_SETTING_WIDTH = 216
_ON_OFF = {"true": "On", "false": "Off"}


class SweepRow(QWidget):
    """Signals: ``changed``: another setting, or other values; ``remove_wanted``."""

    changed = Signal()
    remove_wanted = Signal()

    def __init__(self, settings: dict[str, str], parent: QWidget | None = None) -> None:
        """``settings`` are those that can be swept, with their titles."""
        super().__init__(parent)
        self.setting = ChoiceField("Setting", settings)
        self.setting.setFixedWidth(_SETTING_WIDTH)
        self.line = QLineEdit()
        self.line.setAccessibleName("Values, with commas between them")
        self.boxes: dict[str, QCheckBox] = {}
        self._ticks = QWidget()
        self._flow = FlowLayout(self._ticks, spacing=SPACE.FIELD)
        self._values = QStackedWidget()
        self._values.addWidget(self.line)
        self._values.addWidget(self._ticks)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self.away = QToolButton()
        self.away.setIcon(theme.icon("close", "secondary"))
        self.away.setToolTip("Do not sweep over this setting")
        self.away.setAccessibleName("Do not sweep over this setting")
        self.away.clicked.connect(self.remove_wanted)
        self.line.textChanged.connect(lambda _: self.changed.emit())
        self.setting.value_changed.connect(lambda _: self.changed.emit())
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(self.setting, 0, top)
        row.addWidget(self._values, 1, top)
        row.addWidget(self.away, 0, top)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.HALF)
        column.addLayout(row)
        column.addWidget(self.note)
        self.note.setContentsMargins(_SETTING_WIDTH + SPACE.UNIT, 0, 0, 0)

    @property
    def info(self) -> SettingInfo:
        """The chosen setting."""
        return setting_named(self.setting.value)

    @property
    def values(self) -> list[str]:
        """The values to try, as they are written."""
        if self._ticking:
            return [value for value, box in self.boxes.items() if box.isChecked()]
        return parse_values(self.line.text())

    def show_setting(self, name: str, now: Any, values: Sequence[str]) -> None:
        """Choose a setting and propose values; ``now`` is the one in force. No signal."""
        self.setting.set_value(name)
        self._values.setCurrentIndex(1 if self._ticking else 0)
        self._make_boxes(values)
        blocked = self.line.blockSignals(True)
        self.line.setText(written(values))
        self.line.blockSignals(blocked)
        title = self.info.title
        self.line.setAccessibleName(f"{title}: values, with commas between them")
        self.line.setToolTip(f"Now {worded(self.info, now)}. {self.info.help}")
        self._ticks.setToolTip(self.info.help)

    def set_note(self, text: str, kind: str = "secondary") -> None:
        """Say under the values what they do, or what is wrong with them; empty for nothing."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
        if self.note.property("kind") != kind:
            theme.set_look(self.note, kind=kind)

    @property
    def _ticking(self) -> bool:
        return self.info.kind in ("choice", "switch")

    def _make_boxes(self, ticked: Sequence[str]) -> None:
        for box in self.boxes.values():
            self._flow.removeWidget(box)
            box.hide()
            box.deleteLater()
        choices = {"choice": self.info.choices, "switch": _ON_OFF}.get(self.info.kind, {})
        self.boxes = {value: QCheckBox(words) for value, words in choices.items()}
        for value, box in self.boxes.items():
            box.setChecked(value in ticked)
            box.toggled.connect(lambda _: self.changed.emit())
            self._flow.addWidget(box)
