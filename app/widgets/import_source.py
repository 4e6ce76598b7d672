"""The first face of an import: where the examples come from."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.drop_zone import DropZone
from app.widgets.hub_source import HubSource
from core import paths
from core.dataset.importing.source import FILE_ENDINGS, Source

_FORMATS = (
    "JSON, JSON lines, a table (CSV, TSV, Excel), Parquet or Arrow, or the folder of a Hugging Face dataset.\n"
    "Conversations and other names, such as prompt and response, are understood."
)
FILTER = f"Examples ({' '.join(f'*{ending}' for ending in FILE_ENDINGS)});;All files (*)"


class ImportSource(QWidget):
    """A file, a folder, what is on the clipboard, or a dataset of the hub."""

    chosen = Signal(object)
    """(Source, or the text that was pasted)"""
    nothing_to_paste = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = paths.documents().parent
        drop = DropZone("Drop a file or a folder here", _FORMATS, "Choose a file")
        drop.dropped.connect(self.take_path)
        drop.choose_wanted.connect(self.choose_file)
        self.button = drop.button
        for words, act in (("Choose a folder", self.choose_folder), ("Paste a table", self.paste)):
            button = QPushButton(words)
            button.clicked.connect(act)
            drop.add_button(button)
        self.hub = HubSource()
        self.hub.wanted.connect(lambda id: self.chosen.emit(Source(hub_id=id)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(drop, 1)
        column.addWidget(self.hub)

    def choose_file(self) -> None:
        """Ask for a file."""
        path, _filter = QFileDialog.getOpenFileName(self, "Import examples", str(self.folder), FILTER)
        if path:
            self.take_path(Path(path))

    def choose_folder(self) -> None:
        """Ask for the folder of a dataset."""
        path = QFileDialog.getExistingDirectory(self, "Import the folder of a dataset", str(self.folder))
        if path:
            self.take_path(Path(path))

    def paste(self) -> None:
        """Take the rows on the clipboard."""
        text = QGuiApplication.clipboard().text()
        if text.strip():
            self.chosen.emit(text)
        else:
            self.nothing_to_paste.emit()

    def take_path(self, path: Path) -> None:
        """Take a file or a folder."""
        self.folder = path.parent
        self.chosen.emit(Source(path))
