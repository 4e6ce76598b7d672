"""Cards of one width side by side, in as many columns as there is room for and as even rows as can be."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.theme import SPACE

NARROWEST = 220  # of a card, in pixels


class CardGrid(QWidget):
    """Takes its width from outside and arranges the cards anew when that changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE.GAP)

    def add_card(self, card: QWidget) -> None:
        """Put a card behind the others."""
        self._cards.append(card)
        self._columns = 0
        self._arrange()

    def cards(self) -> list[QWidget]:
        """All cards in reading order."""
        return list(self._cards)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the new width."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = even_columns(len(self._cards), self.width())
        if columns == self._columns:
            return
        for column in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._columns = columns
        for place, card in enumerate(self._cards):
            self._grid.addWidget(card, place // columns, place % columns)


def even_columns(cards: int, width: int) -> int:
    """How many columns: as many as fit, but no more than the rows need (four cards are 2 + 2, not 3 + 1)."""
    if not cards:
        return 0
    fitting = min(max((width + SPACE.GAP) // (NARROWEST + SPACE.GAP), 1), cards)
    rows = -(-cards // fitting)
    return -(-cards // rows)
