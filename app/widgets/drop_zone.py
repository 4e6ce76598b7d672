"""A place to drop a file or folder on, with buttons for those who would rather choose it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE


class DropZone(QFrame):
    """Signals: ``dropped(Path)`` for what was dropped here, ``choose_wanted`` when the button was clicked."""

    dropped = Signal(object)
    choose_wanted = Signal()

    def __init__(self, words: str, hint: str, button: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "drop")
        self.setAcceptDrops(True)
        title = QLabel(words)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(button)
        self.button.clicked.connect(self.choose_wanted)
        help = QLabel(hint)
        help.setProperty("kind", "secondary")
        help.setAlignment(Qt.AlignmentFlag.AlignCenter)
        help.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 32, 24, 32)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(title)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(SPACE.UNIT)
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.button)
        self._buttons.addStretch(1)
        column.addLayout(self._buttons)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(help)
        column.addStretch(1)

    def add_button(self, button: QPushButton) -> None:
        """Put another way to choose beside the first."""
        self._buttons.insertWidget(self._buttons.count() - 1, button)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one local file or folder."""
        if dropped_source(event.mimeData()) is not None:
            event.acceptProposedAction()
            self._mark(over=True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Look as before."""
        self._mark(over=False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell what it was."""
        self._mark(over=False)
        source = dropped_source(event.mimeData())
        if source is not None:
            event.acceptProposedAction()
            self.dropped.emit(source)

    def _mark(self, *, over: bool) -> None:
        self.setProperty("over", over)
        self.style().unpolish(self)
        self.style().polish(self)


def dropped_file(data: QMimeData) -> Path | None:
    """The one local file that is being dragged; None for anything else."""
    path = dropped_source(data)
    return path if path is not None and path.is_file() else None


def dropped_source(data: QMimeData) -> Path | None:
    """The one local file or folder that is being dragged; None for anything else."""
    urls = data.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.exists() else None
