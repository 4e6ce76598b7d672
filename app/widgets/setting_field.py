"""One setting of the recipe as a row: label, control, unit, a dot when it differs, and a line of help or a remark."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.theme import CONTROL_HEIGHT, SPACE, set_look, ui_font
from app.widgets.base_model_field import BaseModelField
from app.widgets.choice_field import ChoiceField
from app.widgets.integer_field import IntegerField
from app.widgets.modules_field import ModulesField
from app.widgets.number_field import NumberField, written
from app.widgets.reset_dot import ResetDot
from app.widgets.switch import Switch
from app.widgets.text_line import NamesLine, TextLine
from core.recipe.reference import SettingInfo

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
        self._value: Any = info.default
        self.label = QLabel(info.title)
        self.label.setBuddy(self.editor)
        self.label.setToolTip(describe(info))
        self.dot = ResetDot()
        self.dot.hide()
        self.extra = QLabel()
        self.extra.setProperty("kind", "secondary")
        self.note, self.unit = QLabel(), QLabel(info.unit)
        self._arrange()
        self._watch(self.editor)
        self._editor.value_changed.connect(lambda value: self.changed.emit(info.name, value))
        self.dot.clicked.connect(lambda: self.reset.emit(info.name))
        if isinstance(self.editor, NumberField | IntegerField):
            self.editor.problem_changed.connect(self.set_problem)
            self.editor.put_back.connect(self._on_put_back)

    def _arrange(self) -> None:
        self.label.setMinimumHeight(CONTROL_HEIGHT)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        wide = isinstance(self.editor, ModulesField | BaseModelField)
        row.addWidget(self.editor, 1000 if wide or self.info.kind in ("choice", "text", "names") else 0)
        self.unit.setProperty("kind", "secondary")
        if not (self.info.unit or self.info.share):
            self.unit.hide()
        row.addWidget(self.unit)
        if not wide:
            row.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE.HALF)
        grid.setVerticalSpacing(1)
        top = Qt.AlignmentFlag.AlignTop if isinstance(self.editor, ModulesField) else Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(self.label, 0, 0, top)
        grid.addWidget(self.dot, 0, 1, top)
        grid.addLayout(row, 0, 2)
        grid.addWidget(self.extra, 1, 2)
        grid.addWidget(self.note, 2, 0, 1, 3)
        grid.setColumnStretch(2, 1)
        self.extra.setContentsMargins(0, SPACE.HALF, 0, 0)
        self.extra.hide()
        for words in (self.extra, self.note):
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
        self.note.setMinimumHeight(QFontMetrics(ui_font("small")).height() + 2)
        self._show_note()

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self._problem = ""
        self._value = value
        self._editor.set_value(value)
        if self.info.share:
            self.unit.setText(f"= {written(round(100 * value, 4))} %")
        self._show_note()

    def confirm(self) -> None:
        """Take what is being typed, as Enter does."""
        if isinstance(self.editor, IntegerField | NumberField | TextLine):
            self.editor.confirm()

    def set_reference(self, preset: str, value: Any, *, differs: bool) -> None:
        """Say what the preset has; the dot shows when that differs."""
        self.dot.setVisible(differs)
        self.dot.say(f"{preset} has {worded(self.info, value)}. Click to go back.")

    def set_remark(self, text: str) -> None:
        """Say something of an unusual value; empty for nothing."""
        self._remark = text
        self._show_note()

    def set_extra(self, text: str, kind: str = "secondary") -> None:
        """Say under the control what its value is, whether it has the focus or not; empty for nothing."""
        self.extra.setText(text)
        self.extra.setVisible(bool(text))
        set_look(self.extra, kind=kind)

    def set_label_width(self, width: int) -> None:
        """Make room for the labels of all settings, so that the controls stand in line."""
        self.label.setFixedWidth(width)

    def refuse(self, why: str) -> None:
        """Go back to the value that is in force, and say why the other was not taken."""
        self._editor.set_value(self._value)
        self.set_problem(f"Not taken: {why[:1].lower()}{why[1:].rstrip('.')}.")

    def _on_put_back(self, typed: str, why: str) -> None:
        self.set_problem(f"{typed.strip()} was not taken: {why[:1].lower()}{why[1:]}")

    def set_problem(self, text: str) -> None:
        """Say why a value cannot be used; empty for nothing."""
        self._problem = text
        self._show_note()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the help while the control has the focus."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._focused = event.type() == QEvent.Type.FocusIn
            if self._focused:
                self._problem = ""
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
        field = ChoiceField(info.title, info.choices, first=info.first)
        field.setMaximumWidth(CHOICE_WIDTH)
    elif info.kind == "modules":
        field = ModulesField(info.title, info.choices)
        field.choice.setMaximumWidth(CHOICE_WIDTH)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    else:
        field = (NamesLine if info.kind == "names" else TextLine)(info.title, empty=info.empty)
        field.setMaximumWidth(CHOICE_WIDTH)
    return field


def worded(info: SettingInfo, value: Any) -> str:
    """A value as the form shows it, with its unit."""
    if isinstance(value, bool):
        return "On" if value else "Off"
    if info.empty and not value:
        return info.empty
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
    counts = bool(info.unit) or (info.usual is not None and info.usual[0] >= 1)
    return 1.0 if counts else 0.1
