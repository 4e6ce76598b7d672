"""Importing a file: choose or drop it, see what it holds and what is skipped, then take it in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.latest import Latest
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.drop_zone import DropZone, dropped_file
from app.widgets.import_preview import ImportPreview
from core import paths
from core.dataset.example import Example
from core.dataset.files import ReadResult
from core.errors import UserError

_FORMATS = (
    "A JSON list, JSON lines (.jsonl) or a table (.csv, .tsv) with instruction, input and output.\n"
    "Common other names, such as prompt and response, are understood."
)
FILTER = "Examples (*.json *.jsonl *.csv *.tsv);;All files (*)"
_SKELETON_MS = 300


class ImportDialog(QDialog):
    """Reads with ``read`` off the drawing thread; imports nothing itself.

    Signals:
        import_wanted(list[Example]): the user has seen the rows and wants them.
        cancelled: the window was closed, also in the middle of the import.
    """

    import_wanted = Signal(list)
    cancelled = Signal()

    def __init__(self, read: Callable[[Path], ReadResult], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import examples")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.resize(760, 600)
        self._read = read
        self._path = Path()
        self._examples: list[Example] = []
        self._latest = Latest(self._show_result, failed=self.show_problem, parent=self)
        self.banner = Banner()
        self._drop = DropZone("Drop a file here", _FORMATS, "Choose a file")
        self._drop.dropped.connect(self.open_file)
        self._drop.choose_wanted.connect(self.choose)
        self.preview = ImportPreview()
        self.preview.other_wanted.connect(self.choose)
        self._faces = QStackedWidget()
        for face in (self._drop, _reading(), self.preview):
            self._faces.addWidget(face)
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SKELETON_MS)
        self._slow.timeout.connect(lambda: self._faces.setCurrentIndex(1))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._cancel = QPushButton("Cancel")
        self._cancel.clicked.connect(self.reject)
        self.button = QPushButton("Import")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.setEnabled(False)
        self.button.clicked.connect(self._import)
        self.rejected.connect(self.cancelled)
        self._lay_out()

    def _lay_out(self) -> None:
        title = QLabel("Import examples")
        title.setProperty("kind", "title")
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self._bar, 1)
        buttons.addStretch(0)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(title)
        column.addWidget(self.banner)
        column.addWidget(self._faces, 1)
        column.addLayout(buttons)

    def choose(self) -> None:
        """Ask for a file."""
        folder = str(self._path.parent if self._path.name else paths.documents().parent)
        chosen, _filter = QFileDialog.getOpenFileName(self, "Import examples", folder, FILTER)
        if chosen:
            self.open_file(Path(chosen))

    def open_file(self, path: Path) -> None:
        """Read a file and show what is in it."""
        self._path = path
        self._examples = []
        self.banner.clear()
        self.button.setEnabled(False)
        self.button.setText("Import")
        self._slow.start()
        self._latest.ask(lambda: self._read(path))

    def show_problem(self, error: UserError) -> None:
        """The file cannot be read, or the import failed; the window stays for another try."""
        self._slow.stop()
        self._bar.hide()
        self.banner.show_problem(error)
        self._faces.setCurrentWidget(self.preview if self._examples else self._drop)
        self.button.setEnabled(bool(self._examples))

    def show_progress(self, done: int) -> None:
        """So many examples are in."""
        self._bar.setRange(0, len(self._examples))
        self._bar.setValue(done)
        self._bar.show()

    def _show_result(self, result: ReadResult) -> None:
        self._slow.stop()
        self._examples = result.examples
        self.preview.show_result(self._path, result)
        self._faces.setCurrentWidget(self.preview)
        count = len(result.examples)
        self.button.setEnabled(count > 0)
        self.button.setText(f"Import {format.plural(count, 'example')}" if count else "Nothing to import")
        self.button.setFocus()

    def _import(self) -> None:
        self.button.setEnabled(False)
        self.banner.clear()
        self.import_wanted.emit(self._examples)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file may be dropped anywhere on the window."""
        if dropped_file(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read the dropped file."""
        file = dropped_file(event.mimeData())
        if file is not None:
            event.acceptProposedAction()
            self.open_file(file)


def _reading() -> QWidget:
    """What is shown while a large file is being read."""
    face = QWidget()
    words = QLabel("Reading the file…")
    words.setAlignment(Qt.AlignmentFlag.AlignCenter)
    bar = QProgressBar()
    bar.setRange(0, 0)
    bar.setTextVisible(False)
    bar.setFixedWidth(240)
    column = QVBoxLayout(face)
    column.addStretch(1)
    column.addWidget(words)
    column.addWidget(bar, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addStretch(1)
    return face
