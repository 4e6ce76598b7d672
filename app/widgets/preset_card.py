"""Ready-made settings to start from, and how far the present ones are from them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from app import format
from app.theme import SPACE
from app.widgets.card import Card
from app.widgets.segments import Segments
from core.recipe.presets import Preset


class PresetCard(Card):
    """One preset is always marked: the one that the settings are nearest to."""

    chosen = Signal(str)
    """(preset id): the user wants its settings."""

    def __init__(self, presets: Sequence[Preset], parent: QWidget | None = None) -> None:
        super().__init__("Preset", parent)
        self.body.setSpacing(SPACE.UNIT)
        self._presets = {preset.id: preset for preset in presets}
        self.segments = Segments({preset.id: preset.title for preset in presets}, "Preset")
        self.segments.chosen.connect(self.chosen)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.difference = QLabel()
        self.difference.setProperty("kind", "secondary")
        self.back_button = QPushButton()
        self.back_button.setProperty("kind", "link")
        self.back_button.clicked.connect(lambda: self.chosen.emit(self.segments.value))
        self.add_act(self.difference)
        self.add_act(self.back_button)
        self.body.addWidget(self.segments)
        self.body.addWidget(self.words)

    def show_preset(self, id: str, changed: Sequence[str]) -> None:
        """Mark a preset and say in how many settings the present ones differ; ``changed`` are their titles."""
        preset = self._presets[id]
        self.segments.set_value(id)
        self.words.setText(preset.description)
        self.difference.setText(f"{format.plural(len(changed), 'setting')} changed" if changed else "")
        self.difference.setToolTip(", ".join(changed))
        self.back_button.setText(f"Back to {preset.title}")
        self.back_button.setVisible(bool(changed))
