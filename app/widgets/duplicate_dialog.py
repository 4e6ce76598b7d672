"""A run once more with other settings: all settings of the earlier run, and a dot at each that is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.elided_label import ElidedLabel
from app.widgets.recipe_form import RecipeForm
from core.errors import RecipeError
from core.recipe import words
from core.recipe.recipe import differences, get, remarks, with_settings
from core.recipe.reference import setting_named
from core.recipe.schema import Recipe

_HELP = (
    "The new run has the same examples, held-out ones included, so that only what you change here makes a difference."
)
_LONGEST_NAME = 80


class DuplicateDialog(QDialog):
    """Signals: ``wanted(Recipe, str)``: the settings of the new run, and its name."""

    wanted = Signal(object, str)

    def __init__(self, title: str, name: str, recipe: Recipe, parent: QWidget | None = None) -> None:
        """``title`` and ``recipe`` are the earlier run's; ``name`` is proposed for the new one."""
        super().__init__(parent)
        self.setWindowTitle("Duplicate and change")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 720)
        self._before = self.recipe = recipe
        self.name = QLineEdit(name)
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setAccessibleName("Name of the new run")
        card = Card("The new run")
        label = QLabel("Name")
        label.setProperty("kind", "label")
        label.setBuddy(self.name)
        card.body.setSpacing(SPACE.LABEL)
        card.body.addWidget(label)
        card.body.addWidget(self.name)
        self.form = RecipeForm(card)
        self.form.changed.connect(self._change)
        self.form.reset.connect(lambda name: self._change(name, get(self._before, name)))
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.summary.setProperty("kind", "secondary")
        self.button = QPushButton("Add to queue")
        self.button.setProperty("kind", "primary")
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._accept)
        self._lay_out(title)
        self._show()
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)
        self.name.selectAll()

    def _lay_out(self, title: str) -> None:
        head = ElidedLabel(f"{title}, once more")
        head.setProperty("kind", "title")
        help = QLabel(_HELP)
        help.setProperty("kind", "secondary")
        help.setWordWrap(True)
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, SPACE.UNIT, 0)
        row.addWidget(self.form)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.summary, 1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(head)
        column.addWidget(help)
        column.addWidget(area, 1)
        column.addLayout(buttons)

    def set_known_models(self, models: Mapping[str, str]) -> None:
        """Offer these base models, with their titles."""
        self.form.base_field.set_known(dict(models))

    def _change(self, name: str, value: Any) -> None:
        try:
            self.recipe = with_settings(self.recipe, {name: value})
        except RecipeError as error:
            self.form.refuse(error.problems)
            return
        self._show()

    def _show(self) -> None:
        changed = differences(self._before, self.recipe)
        unusual = {name: text for name, text in remarks(self.recipe).items() if name in changed}
        self.form.show_recipe(self.recipe, self._before, "The earlier run", unusual)
        said = words.difference(self._before, self.recipe)
        if not said:
            self.summary.setText("Nothing is changed yet.")
            return
        text = f"Changed: {', '.join(said)}."
        if "heldout.share" in changed:
            title = setting_named("heldout.share").title.lower()
            text += f" With another {title}, the same examples are divided anew."
        self.summary.setText(text)

    def _accept(self) -> None:
        self.form.confirm()
        self.wanted.emit(self.recipe, self.name.text().strip())
        self.accept()


def proposed_name(title: str) -> str:
    """What a duplicate of a run with this title is called at first: its words without the number."""
    return title.partition(" · ")[2] or title
