"""The end of an export: where it is, what was checked, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app import format, theme
from app.export_words import checked_words, found_words
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.next_steps import NextSteps

if TYPE_CHECKING:
    from core.export.job import ExportResult


class ExportFinished(QWidget):
    """Empty until there is a result."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place, self.checked = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle), QLabel()
        self.checked.setTextFormat(Qt.TextFormat.PlainText)
        self.checked.setWordWrap(True)
        sign, heading = QLabel(), QLabel("Exported and checked")
        theme.on_change(sign, lambda: sign.setPixmap(theme.icon("good", "good").pixmap(24, 24)))
        heading.setProperty("kind", "heading")
        self._next = QVBoxLayout()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE.UNIT, 0, 0)
        grid.setHorizontalSpacing(SPACE.UNIT)
        grid.setVerticalSpacing(SPACE.HALF)
        grid.setColumnStretch(1, 1)
        grid.addWidget(sign, 0, 0)
        for row, label in enumerate((heading, self.place, self.checked)):
            grid.addWidget(label, row, 1)
        grid.setRowMinimumHeight(3, SPACE.CARD)
        grid.addLayout(self._next, 4, 1)
        grid.setRowStretch(5, 1)

    def show_result(self, result: ExportResult) -> None:
        """Say it, once."""
        self.place.setText(format.place(result.path))
        self.checked.setText("\n".join([checked_words(result), *found_words(result)]))
        if result.next_steps:
            self._next.addWidget(NextSteps(result.next_steps))
