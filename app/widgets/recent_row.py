"""One recent project in a list: name, folder, when it was opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.plain_tip import plain_tip


class RecentRow(QPushButton):
    """Enter or a click opens it; Delete or the cross takes it off the list (the folder stays)."""

    chosen = Signal(Path)
    forgotten = Signal(Path)

    def __init__(self, name: str, path: Path, opened: float, *, exists: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "row")
        self.path = path
        self.name = name
        title = ElidedLabel(name)
        title.setFont(theme.ui_font(strong=True))
        place = ElidedLabel(
            format.place(path) if exists else f"Not found: {format.place(path)}", mode=Qt.TextElideMode.ElideMiddle
        )
        place.setProperty("kind", "secondary" if exists else "remark")
        when = QLabel(format.ago(opened))
        when.setProperty("kind", "secondary")
        self.forget_button = QToolButton()
        self.forget_button.setIcon(theme.icon("close", "secondary"))
        self.forget_button.setToolTip("Take off this list; the folder stays")
        self.forget_button.setAccessibleName(f"Take {name} off this list")
        self.forget_button.clicked.connect(lambda: self.forgotten.emit(self.path))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(title)
        words.addWidget(place)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.UNIT, SPACE.HALF, SPACE.HALF, SPACE.HALF)
        row.setSpacing(SPACE.CARD)
        row.addLayout(words, 1)
        row.addWidget(when)
        row.addWidget(self.forget_button)
        for child in (title, place, when):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setToolTip(plain_tip(f"{path}\nOpened {format.moment(opened)}"))
        self.setAccessibleName(f"Open {name}" if exists else f"{name}, not found")
        if exists:
            self.clicked.connect(lambda: self.chosen.emit(self.path))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Delete takes it off the list."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() == Qt.Key.Key_Delete:
            self.forgotten.emit(self.path)
        else:
            super().keyPressEvent(event)
