"""The form of all settings, made from the recipe's schema: cards of rows, the advanced ones folded."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
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


class RecipeForm(QWidget):
    """Shows a recipe and says what the user changes; ``fields`` are in the order of the schema."""

    changed = Signal(str, object)
    """(setting's name, value)"""
    reset = Signal(str)
    """(setting's name): back to the preset's value"""

    def __init__(self, preset_card: Card, parent: QWidget | None = None) -> None:
        """``preset_card`` stands after the base model."""
        super().__init__(parent)
        self.fields: dict[str, SettingField] = {}
        self.cards: dict[str, Card] = {}
        self.advanced = Card("Advanced", foldable=True)
        self._room(self.advanced)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE.GAP)
        words = QFontMetrics(theme.ui_font())
        label_width = max(words.horizontalAdvance(info.title) for info in settings()) + 2
        for info in settings():
            self._add(info)
            self.fields[info.name].set_label_width(label_width)
        self._layout.insertWidget(1, preset_card)
        self._layout.addWidget(self.advanced)
        self._layout.addStretch(1)

    @property
    def base_field(self) -> BaseModelField:
        """The control that chooses the base model."""
        editor = self.fields[BASE].editor
        assert isinstance(editor, BaseModelField)
        return editor

    def show_recipe(self, recipe: Recipe, reference: Recipe, preset: str, remarks: dict[str, str]) -> None:
        """Show all values, which of them differ from the preset's, and what is unusual."""
        for name, field in self.fields.items():
            value, usual = get(recipe, name), get(reference, name)
            field.set_value(value)
            field.set_reference(preset, usual, differs=value != usual)
            field.set_remark(remarks.get(name, ""))

    def refuse(self, problems: dict[str, str]) -> None:
        """Say at their fields why values cannot be used."""
        for name, text in problems.items():
            if name in self.fields:
                self.fields[name].refuse(text)

    def confirm(self) -> None:
        """Take what is being typed in one of the fields."""
        for field in self.fields.values():
            field.confirm()

    def reveal(self, name: str) -> SettingField:
        """Unfold what hides a setting, and put the focus on it."""
        field = self.fields[name]
        if field.info.level == "advanced":
            self.advanced.set_folded(False)
        field.editor.setFocus(Qt.FocusReason.TabFocusReason)
        return field

    def _add(self, info: SettingInfo) -> None:
        field = SettingField(info, BaseModelField(info.title) if info.name == BASE else None)
        field.changed.connect(self.changed)
        field.reset.connect(self.reset)
        self.fields[info.name] = field
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
