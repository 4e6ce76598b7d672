"""What an import will do, in figures: taken in, skipped, there twice, in the project already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE

if TYPE_CHECKING:
    from core.dataset.importing.reading import Summary

_CAPTIONS = {
    "taken": "will be imported",
    "skipped": "skipped",
    "twice": "there twice",
    "known": "in the project already",
}


class ImportCounts(QWidget):
    """Grows while the file is read; says all when it has been."""

    leaving_out_changed = Signal(bool)
    """Whether the user wants duplicates left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = {name: _Figure(caption) for name, caption in _CAPTIONS.items()}
        self._summary: Summary | None = None
        self.leave_out = QCheckBox()
        self.leave_out.toggled.connect(self._on_choice)
        self.remark = QLabel()
        self.remark.setProperty("kind", "secondary")
        self.remark.setWordWrap(True)
        figures = QHBoxLayout()
        figures.setSpacing(SPACE.UNIT)
        for figure in self.figures.values():
            figures.addWidget(figure, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.HALF)
        column.addLayout(figures)
        column.addWidget(self.remark)
        column.addWidget(self.leave_out)
        self.clear()

    @property
    def is_known(self) -> bool:
        """Whether all has been read."""
        return self._summary is not None

    @property
    def amount(self) -> int:
        """How many examples would be imported now; 0 while that is not known."""
        if self._summary is None:
            return 0
        return self._summary.examples - (self._summary.duplicates if self.leaving_out else 0)

    @property
    def leaving_out(self) -> bool:
        """Whether duplicates are to be left out."""
        return self.leave_out.isChecked() and not self.leave_out.isHidden()

    def clear(self) -> None:
        """Know nothing yet."""
        self._summary = None
        for figure in self.figures.values():
            figure.show_value(None)
        self.remark.hide()
        self.leave_out.hide()

    def show_read(self, rows: int) -> None:
        """So many rows have been read so far."""
        self._summary = None
        self.figures["taken"].show_value(rows, caption="read so far")
        for name in ("skipped", "twice", "known"):
            self.figures[name].show_value(None)
        self.remark.hide()
        self.leave_out.hide()

    def show_summary(self, summary: Summary) -> None:
        """All has been read."""
        self._summary = summary
        self.leave_out.setText(_offer(summary))
        self.leave_out.setVisible(summary.duplicates > 0)
        self._fill()

    def _on_choice(self, wanted: bool) -> None:
        self._fill()
        self.leaving_out_changed.emit(wanted)

    def _fill(self) -> None:
        summary = self._summary
        if summary is None:
            return
        self.figures["taken"].show_value(self.amount)
        self.figures["skipped"].show_value(summary.skipped, tone="warn" if summary.skipped else "")
        self.figures["twice"].show_value(summary.twice)
        self.figures["known"].show_value(summary.known)
        words = _about_incomplete(summary.incomplete)
        self.remark.setText(words)
        self.remark.setVisible(bool(words))


class _Figure(QFrame):
    """A number over what it counts."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        self.setProperty("kind", "well")
        self._usual = caption
        self._number = QLabel()
        self._number.setProperty("kind", "heading")
        self._caption = QLabel()
        self._caption.setProperty("kind", "secondary")
        for label in (self._number, self._caption):
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.FIELD, SPACE.UNIT)
        column.setSpacing(0)
        column.addWidget(self._number)
        column.addWidget(self._caption)

    def show_value(self, value: int | None, *, caption: str = "", tone: str = "") -> None:
        words = format.NOTHING if value is None else format.count(value)
        self._number.setText(words)
        self._caption.setText(caption or self._usual)
        theme.set_look(self._caption, kind="remark" if tone == "warn" else "secondary")
        self.setAccessibleName(f"{words} {self._caption.text()}")


def _offer(summary: Summary) -> str:
    if not summary.known:
        return f"Leave out {format.plural(summary.duplicates, 'duplicate')}; the first of each stays"
    if summary.known == summary.duplicates:
        whose = "that is" if summary.known == 1 else "that are"
        return f"Leave out {format.plural(summary.known, 'example')} {whose} in the project already"
    words = f"Leave out {format.plural(summary.duplicates, 'duplicate')}"
    return f"{words}: what the project has already, and all but the first of what is there twice"


def _about_incomplete(amount: int) -> str:
    if not amount:
        return ""
    whose = "has" if amount == 1 else "have"
    become = "comes in as a draft" if amount == 1 else "come in as drafts"
    return f"{format.count(amount)} {whose} no instruction or no output and {become}."
