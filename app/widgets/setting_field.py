"""One setting of the recipe as a row: label, control, unit, a dot when it differs, and a line of help or a remark."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.theme import SPACE, set_look
from app.widgets.choice_field import ChoiceField
from app.widgets.elided_label import ElidedLabel
from app.widgets.integer_field import IntegerField
from app.widgets.modules_field import ModulesField
from app.widgets.number_field import NumberField, written
from app.widgets.reset_dot import ResetDot
from app.widgets.switch import Switch
from app.widgets.text_line import TextLine
from core.recipe.reference import SettingInfo

LABEL_WIDTH = 176
NUMBER_WIDTH, CHOICE_WIDTH = 128, 264
_WIDEST = 2**31 - 1


class Editor(Protocol):
    """What every control of a setting can do."""

    value_changed: SignalInstance

    def set_value(self, value: Any) -> None:
        """Show a value without a signal."""


class SettingField(QWidget):
    """Made from what the schema says of a setting; it knows no recipe."""

    changed = Signal(str, object)
    """(name, value): the user chose another value."""
    reset = Signal(str)
    """(name): the user wants the preset's value back."""

    def __init__(self, info: SettingInfo, editor: QWidget | None = None, parent: QWidget | None = None) -> None:
        """``editor`` takes the place of the control that belongs to the setting's kind."""
        super().__init__(parent)
        self.info = info
        self.editor = editor or make_editor(info)
        self.editor.setAccessibleDescription(info.help)
        self._editor: Editor = self.editor  # type: ignore[assignment]  # the same object, seen as what it can do
        self._remark = ""
        self._problem = ""
        self._focused = False
        self.label = QLabel(info.title)
        self.label.setBuddy(self.editor)
        self.label.setToolTip(describe(info))
        self.dot = ResetDot()
        self.dot.hide()
        self.note = ElidedLabel()
        self._arrange()
        self._watch(self.editor)
        self._editor.value_changed.connect(lambda value: self.changed.emit(info.name, value))
        self.dot.clicked.connect(lambda: self.reset.emit(info.name))
        if isinstance(self.editor, NumberField):
            self.editor.problem_changed.connect(self.set_problem)

    def _arrange(self) -> None:
        self.label.setFixedWidth(LABEL_WIDTH)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.editor)
        if self.info.unit:
            unit = QLabel(self.info.unit)
            unit.setProperty("kind", "secondary")
            row.addWidget(unit)
        row.addWidget(self.dot)
        row.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE.UNIT)
        grid.setVerticalSpacing(1)
        top = Qt.AlignmentFlag.AlignTop if isinstance(self.editor, ModulesField) else Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(self.label, 0, 0, top)
        grid.addLayout(row, 0, 1)
        grid.addWidget(self.note, 1, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        self.note.setMinimumHeight(self.note.fontMetrics().height() + 2)
        self._show_note()

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self._problem = ""
        self._editor.set_value(value)
        self._show_note()

    def set_reference(self, preset: str, value: Any, *, differs: bool) -> None:
        """Say what the preset has; the dot shows when that differs."""
        self.dot.setVisible(differs)
        self.dot.say(f"{preset} has {worded(self.info, value)}. Click to go back.")

    def set_remark(self, text: str) -> None:
        """Say something of an unusual value; empty for nothing."""
        self._remark = text
        self._show_note()

    def set_problem(self, text: str) -> None:
        """Say why a value cannot be used; empty for nothing."""
        self._problem = text
        self._show_note()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the help while the control has the focus."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._focused = event.type() == QEvent.Type.FocusIn
            self._show_note()
        return super().eventFilter(watched, event)

    def _watch(self, widget: QWidget) -> None:
        widget.installEventFilter(self)
        for child in widget.findChildren(QWidget):
            if child.focusPolicy() is not Qt.FocusPolicy.NoFocus:
                child.installEventFilter(self)

    def _show_note(self) -> None:
        if self._problem:
            text, kind = self._problem, "problem"
        elif self._remark:
            text, kind = self._remark, "remark"
        else:
            text, kind = (self.info.help if self._focused else ""), "secondary"
        self.note.setText(text)
        if self.note.property("kind") != kind:
            set_look(self.note, kind=kind)


def make_editor(info: SettingInfo) -> QWidget:
    """The control for a setting's kind."""
    if info.kind == "integer":
        low, high = int(info.minimum or 0), int(_WIDEST if info.maximum is None else info.maximum)
        field: QWidget = IntegerField(info.title, minimum=low, maximum=high, step=64 if info.unit == "tokens" else 1)
        field.setFixedWidth(NUMBER_WIDTH)
    elif info.kind == "number":
        field = NumberField(info.title, minimum=info.minimum, maximum=info.maximum, step=_step(info))
        field.setFixedWidth(NUMBER_WIDTH)
    elif info.kind == "switch":
        field = Switch(info.title)
    elif info.kind == "choice":
        field = ChoiceField(info.title, info.choices)
        field.setFixedWidth(CHOICE_WIDTH)
    elif info.kind == "modules":
        field = ModulesField(info.title, info.choices)
        field.choice.setFixedWidth(CHOICE_WIDTH)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    else:
        field = TextLine(info.title)
        field.setMinimumWidth(CHOICE_WIDTH)
    return field


def worded(info: SettingInfo, value: Any) -> str:
    """A value as the form shows it, with its unit."""
    if isinstance(value, bool):
        return "On" if value else "Off"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, str):
        return info.choices.get(value, value)
    return f"{written(value)} {info.unit}".strip()


def describe(info: SettingInfo) -> str:
    """Help, default, usual range, and what the command line and the file call it."""
    parts = [info.help, f"Default: {worded(info, info.default)}."]
    if info.usual is not None:
        parts.append(f"Usual: {written(info.usual[0])} to {written(info.usual[1])}.")
    parts.append(f"In files and on the command line: {info.name}")
    return "<p style='white-space: pre-wrap'>" + "<br>".join(parts) + "</p>"


def _step(info: SettingInfo) -> float | None:
    """How far an arrow key goes; None for the ladder that suits learning rates."""
    if info.maximum is not None and info.maximum < 0.5:
        return None
    if info.maximum is not None and info.maximum <= 1:
        return 0.01
    return 1.0 if info.unit else 0.1
