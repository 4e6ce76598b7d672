"""The form of all settings, made from the recipe's schema: cards of rows, the advanced ones folded."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.base_model_field import BaseModelField
from app.widgets.card import Card
from app.widgets.setting_field import SettingField
from core.recipe.recipe import get
from core.recipe.reference import SettingInfo, settings
from core.recipe.schema import Recipe

BASE = "model.base"
TARGETS = "lora.target_modules"
START = "lora.start_from"


class RecipeForm(QWidget):
    """Shows a recipe and says what the user changes; settings that have no effect as others stand are hidden.

    The advanced fields, which are folded away at first, are made a moment after the others, so that the page opens
    without a stutter.
    """

    changed = Signal(str, object)
    """(setting's name, value)"""
    reset = Signal(str)
    """(setting's name): back to the preset's value"""

    def __init__(self, preset_card: Card, parent: QWidget | None = None) -> None:
        """``preset_card`` stands after the base model."""
        super().__init__(parent)
        self._fields: dict[str, SettingField] = {}
        self._shown: tuple[Recipe, Recipe, str, dict[str, str]] | None = None
        self.cards: dict[str, Card] = {}
        self.advanced = Card("Advanced", foldable=True)
        self._room(self.advanced)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE.GAP)
        words = QFontMetrics(theme.ui_font())
        self._label_width = max(words.horizontalAdvance(info.title) for info in settings()) + 2
        for info in settings():
            if info.level == "basic":
                if len(self.cards) == 1 and info.group not in self.cards:
                    self._layout.addWidget(preset_card)  # here, so that the Tab key finds it here
                self._add(info)
        self._layout.addWidget(self.advanced)
        self._layout.addStretch(1)
        QTimer.singleShot(0, self, self._complete)

    @property
    def fields(self) -> dict[str, SettingField]:
        """All fields by name, in the order of the schema."""
        self._complete()
        return {info.name: self._fields[info.name] for info in settings()}

    def field(self, name: str) -> SettingField:
        """The field of a setting."""
        return self._fields[name] if name in self._fields else self.fields[name]

    @property
    def base_field(self) -> BaseModelField:
        """The control that chooses the base model."""
        editor = self.field(BASE).editor
        assert isinstance(editor, BaseModelField)
        return editor

    def set_adapters(self, known: dict[str, str]) -> None:
        """Say which adapters a run can start from: ``{run: title}``."""
        editor = self.field(START).editor
        assert isinstance(editor, BaseModelField)
        editor.set_known(known)

    def show_recipe(self, recipe: Recipe, reference: Recipe, preset: str, remarks: dict[str, str]) -> None:
        """Show all values, which of them differ from the preset's, and what is unusual."""
        self._shown = (recipe, reference, preset, remarks)
        for name in self._fields:
            self._show(name)

    def _show(self, name: str) -> None:
        if self._shown is not None:
            recipe, reference, preset, remarks = self._shown
            value, usual = get(recipe, name), get(reference, name)
            field = self._fields[name]
            field.set_value(value)
            field.set_reference(preset, usual, differs=value != usual)
            field.set_remark(remarks.get(name, ""))
            field.setVisible(field.info.matters(recipe))

    def refuse(self, problems: dict[str, str]) -> None:
        """Say at their fields why values cannot be used."""
        for name, text in problems.items():
            if name in self._fields:
                self._fields[name].refuse(text)

    def confirm(self) -> None:
        """Take what is being typed in one of the fields."""
        for field in list(self._fields.values()):
            field.confirm()

    def reveal(self, name: str) -> SettingField:
        """Unfold what hides a setting, and put the focus on it."""
        field = self.field(name)
        if field.info.level == "advanced":
            self.advanced.set_folded(False)
        field.editor.setFocus(Qt.FocusReason.TabFocusReason)
        return field

    def _complete(self) -> None:
        for info in settings():
            if info.name not in self._fields:
                self._add(info)
                self._show(info.name)

    def _add(self, info: SettingInfo) -> None:
        field = SettingField(info, _chooser(info))
        field.changed.connect(self.changed)
        field.reset.connect(self.reset)
        field.set_label_width(self._label_width)
        self._fields[info.name] = field
        self._home(info).body.addWidget(field)

    def _home(self, info: SettingInfo) -> Card:
        if info.level == "advanced":
            if not self._has_heading(info.group):
                heading = QLabel(info.group_title)
                heading.setFont(theme.ui_font(strong=True))
                heading.setContentsMargins(0, SPACE.UNIT if self.advanced.body.count() else 0, 0, SPACE.HALF)
                heading.setObjectName(info.group)
                self.advanced.body.addWidget(heading)
            return self.advanced
        if info.group not in self.cards:
            card = self.cards[info.group] = Card(info.group_title)
            self._room(card)
            self._layout.addWidget(card)
        return self.cards[info.group]

    def _room(self, card: Card) -> None:
        """A field brings room for its line of words; the last one's is part of the card's margin."""
        card.body.setSpacing(2)
        card.layout().setContentsMargins(SPACE.CARD, SPACE.FIELD, SPACE.CARD, SPACE.UNIT)

    def _has_heading(self, group: str) -> bool:
        return self.advanced.findChild(QLabel, group) is not None


def _chooser(info: SettingInfo) -> BaseModelField | None:
    """The control for a setting that names something on this machine; None for all others."""
    if info.name == BASE:
        return BaseModelField(info.title)
    return BaseModelField(info.title, what="adapter", none=info.empty) if info.name == START else None
