"""The chosen adapter: what it is, what it was made of, its files, and the button that takes it away."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QWidget

from app import format
from app.theme import SPACE
from app.widgets.card import Card


class AdapterCard(Card):
    """It is told words; it knows no run."""

    export_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Adapter", parent, elided=True)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, SPACE.UNIT, 0)
        self._grid.setHorizontalSpacing(SPACE.FIELD)
        self._grid.setVerticalSpacing(SPACE.UNIT)
        self._grid.setColumnStretch(1, 1)
        content = QWidget()
        content.setProperty("kind", "scrolled")
        content.setLayout(self._grid)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        self.folder = QPushButton("Show folder")
        self.folder.setToolTip("Shows the adapter's files in the file manager")
        self.folder.clicked.connect(self.folder_wanted)
        self.export = QPushButton("Export…")
        self.export.setProperty("kind", "primary")
        self.export.setToolTip("Takes a checked copy to a folder or a zip file (Ctrl+E)")
        self.export.clicked.connect(self.export_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.folder)
        buttons.addStretch(1)
        buttons.addWidget(self.export)
        self.body.addWidget(scroll, 1)
        self.body.addLayout(buttons)
        self._facts: list[tuple[str, str]] = []

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is shown: (label, words)."""
        return list(self._facts)

    def show_adapter(self, title: str, facts: Sequence[tuple[str, str]], files: Sequence[tuple[str, int]]) -> None:
        """Show an adapter; ``files`` are (name, bytes)."""
        self.set_title(title)
        self.setAccessibleName(title)
        rows = list(facts)
        if files:
            size = format.size(sum(bytes for _, bytes in files))
            lines = [f"{format.plural(len(files), 'file')}, {size}"]
            lines += [f"{name}  ·  {format.size(bytes)}" for name, bytes in files]
            rows.append(("Files", "\n".join(lines)))
        self._facts = rows
        self._clear()
        for number, (label, words) in enumerate(rows):
            self._grid.addWidget(_label(label), number, 0)
            self._grid.addWidget(_words(words), number, 1)
        self._grid.setRowStretch(len(rows), 1)

    def _clear(self) -> None:
        self._grid.setRowStretch(self._grid.rowCount() - 1, 0)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "secondary")
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setContentsMargins(0, 1, 0, 0)
    return label


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    return label
