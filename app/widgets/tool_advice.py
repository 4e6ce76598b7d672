"""Which tool suits what somebody wants, in a sentence, with reasons, steps and cautions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE


class ToolAdvice(QWidget):
    """It is told the words; it knows no questions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = _label("")
        self.title.setProperty("kind", "heading")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.UNIT)
        self._column.addWidget(self.title)
        self._list = QWidget()
        self._column.addWidget(self._list)
        self._shown: tuple[object, ...] = ()

    @property
    def text(self) -> str:
        """All of its words, line by line, for copying and for screen readers."""
        return "\n".join(label.text() for label in self.findChildren(QLabel) if label.text())

    def set_words(
        self,
        title: str,
        reasons: Sequence[str],
        steps: Sequence[str] = (),
        cautions: Sequence[str] = (),
        *,
        heading: str = "Why",
    ) -> None:
        """Show other advice; ``heading`` stands above the reasons."""
        shown = (title, heading, tuple(reasons), tuple(steps), tuple(cautions))
        if shown == self._shown:
            return
        self._shown = shown
        self.title.setText(title)
        self.title.setVisible(bool(title))
        old, self._list = self._list, QWidget()
        self._column.replaceWidget(old, self._list)
        old.setParent(None)
        old.deleteLater()
        grid = QGridLayout(self._list)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE.UNIT)
        grid.setVerticalSpacing(SPACE.HALF)
        grid.setColumnStretch(1, 1)
        for name, lines in ((heading, reasons), ("What to do, in order", steps), ("Mind", cautions)):
            if not lines:
                continue
            if name:
                head = _label(name)
                head.setFont(theme.ui_font(strong=True))
                head.setContentsMargins(0, SPACE.HALF, 0, 0)
                grid.addWidget(head, grid.rowCount(), 0, 1, 2)
            for number, words in enumerate(lines, start=1):
                row = grid.rowCount()
                sign = QLabel(f"{number}." if name.startswith("What") else "–")
                sign.setProperty("kind", "secondary")
                grid.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(_label(words), row, 1)
        self.setAccessibleName(f"Advice: {title}")


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
