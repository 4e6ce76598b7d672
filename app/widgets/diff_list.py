"""Many changed texts, one under the other, the first of them at first and more when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.word_diff import DiffSection, WordDiffView

AT_ONCE = 100  # examples


class DiffList(QWidget):
    """Signals: ``more_wanted``: the user wants to see the next ones too."""

    more_wanted = Signal()

    def __init__(self, name: str = "What changes", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = WordDiffView(name)
        self.more = QPushButton()
        self.more.setProperty("kind", "link")
        self.more.setCursor(Qt.CursorShape.PointingHandCursor)
        self.more.setAutoDefault(False)
        self.more.clicked.connect(self.more_wanted)
        self.more.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.HALF)
        column.addWidget(self.view, 1)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)

    def show_sections(self, sections: Sequence[DiffSection], *, shown: int, total: int, stay: bool = False) -> None:
        """Show these texts.

        Args:
            sections: of the first ``shown`` examples.
            shown: examples.
            total: examples that could be shown.
            stay: more of the same: what is in sight stays there.
        """
        bar = self.view.verticalScrollBar()
        place = bar.value()
        self.view.set_sections(sections)
        if stay:
            bar.setValue(place)
        left = total - shown
        self.more.setVisible(left > 0)
        self.more.setText(f"Show {format.count(min(left, AT_ONCE))} more of {format.count(left)}")
