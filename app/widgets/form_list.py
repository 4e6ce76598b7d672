"""The forms that an adapter can be exported in, one a row: its name, its size or that it cannot be had, its readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app.widgets.two_lines import TwoLines, two_line_item

_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class FormWords:
    """A form as a row; ``is_open`` says whether the adapter can have it."""

    id: str
    title: str
    readers: str
    size: str
    is_open: bool


class FormList(QListWidget):
    """One of the forms is chosen, also one that cannot be had: what it says is why."""

    chosen = Signal(str)
    """(id)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Form of the export")
        self.setProperty("kind", "boxed")
        self.setItemDelegate(TwoLines(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.currentItemChanged.connect(self._on_current)

    @property
    def value(self) -> str:
        """The id of the chosen form; empty when there is none."""
        item = self.currentItem()
        return item.data(_ROLE).id if item is not None else ""

    def show_forms(self, forms: Sequence[FormWords]) -> None:
        """Offer these; the first that can be had is chosen."""
        self.clear()
        for words in forms:
            shown = words.size if words.is_open else "not for this one"
            item = two_line_item(words.title, words.readers, state=shown, muted=not words.is_open)
            item.setData(_ROLE, words)
            state = words.size if words.is_open else "not for this adapter"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{words.title}, {state}. For {words.readers}.")
            self.addItem(item)
        first = next((row for row, words in enumerate(forms) if words.is_open), 0)
        self.setCurrentRow(first)

    def _on_current(self, current: QListWidgetItem | None) -> None:
        if current is not None:
            self.chosen.emit(current.data(_ROLE).id)
