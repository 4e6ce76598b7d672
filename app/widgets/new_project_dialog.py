"""Asks for a new project's name and place."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.latest import Latest
from app.theme import SPACE, set_look
from app.widgets.elided_label import ElidedLabel


class NewProjectDialog(QDialog):
    """Says where the folder will be while the name is typed; emits ``chosen`` with (path, name)."""

    chosen = Signal(Path, str)

    def __init__(
        self,
        folder: Path,
        parent: QWidget | None = None,
        *,
        name: str = "My project",
        title: str = "New project",
        text: str = "A project is a folder with your examples, settings and runs. Nothing leaves this machine.",
        asks: bool = False,
    ) -> None:
        """With ``asks`` it offers to ask afterwards whether fine-tuning is right for this."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(520)
        self._free = False
        self._checker = Latest(self._on_checked, parent=self)
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name")
        self.name.setMaxLength(80)
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Location")
        self._browse = QPushButton("Choose…")
        self._browse.setAccessibleName("Choose the location")
        self._browse.clicked.connect(self._choose_folder)
        self.note = ElidedLabel()
        self.note.setProperty("kind", "secondary")
        self.ask = QCheckBox("Then ask me whether fine-tuning is right for this (two minutes)")
        self.ask.setChecked(asks)
        self.ask.setVisible(asks)
        self.create_button = QPushButton("Create project")
        self.create_button.setProperty("kind", "primary")
        self.create_button.setDefault(True)
        self._arrange(text)
        self.name.textChanged.connect(self._check)
        self.folder.textChanged.connect(self._check)
        self.name.selectAll()
        self._check()

    def _arrange(self, text: str) -> None:
        words = QLabel(text)
        words.setWordWrap(True)
        place = QHBoxLayout()
        place.setSpacing(SPACE.UNIT)
        place.addWidget(self.folder, 1)
        place.addWidget(self._browse)
        heading = QLabel(self.windowTitle())
        heading.setProperty("kind", "title")
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.create_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.create_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.LABEL)
        layout.addWidget(heading)
        layout.addWidget(words)
        for label, field in (("Name", self.name), ("Location", place)):
            layout.addSpacing(SPACE.UNIT)
            layout.addWidget(QLabel(label))
            if isinstance(field, QWidget):
                layout.addWidget(field)
            else:
                layout.addLayout(field)
        layout.addWidget(self.note)
        layout.addSpacing(SPACE.UNIT)
        layout.addWidget(self.ask)
        layout.addSpacing(SPACE.UNIT)
        layout.addLayout(buttons)

    @property
    def asks(self) -> bool:
        """Whether the user wants to be asked what the project is for."""
        return self.ask.isChecked()

    @property
    def path(self) -> Path:
        """The folder that will be made."""
        return Path(self.folder.text()).expanduser() / folder_name(self.name.text())

    def accept(self) -> None:
        """Say what was chosen, if it can be used."""
        if self._free:
            self.chosen.emit(self.path, self.name.text().strip())
            super().accept()

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Where should the project folder be?", self.folder.text())
        if found:
            self.folder.setText(found)

    def _check(self) -> None:
        self._free = False
        self.create_button.setEnabled(False)
        problem = self._problem()
        if problem:
            self._checker.forget()
            self._say(problem, wrong=True)
            return
        path = self.path
        self._checker.ask(lambda: (path, is_free(path)))

    def _problem(self) -> str:
        if not folder_name(self.name.text()):
            return "Give the project a name."
        if not self.folder.text().strip():
            return "Choose where its folder should be."
        return "" if self.path.is_absolute() else "The location must be a full path."

    def _on_checked(self, result: tuple[Path, bool]) -> None:
        path, free = result
        self._free = free
        self.create_button.setEnabled(free)
        self._say(f"Will be made as {path}" if free else f"{path} exists already. Choose another name.", wrong=not free)

    def _say(self, text: str, *, wrong: bool) -> None:
        self.note.setText(text)
        set_look(self.note, kind="problem" if wrong else "secondary")


def folder_name(name: str) -> str:
    """A folder's name that every system takes, made from a project's name."""
    kept = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', " ", name)
    return re.sub(r"\s+", "-", kept.strip(" .")).strip("-").lower()


def is_free(path: Path) -> bool:
    """Whether a project can be made there: nothing is there yet, or an empty folder."""
    try:
        return not path.exists() or (path.is_dir() and not any(path.iterdir()))
    except OSError:
        return False


def free_name(folder: Path, name: str) -> str:
    """The name, or the name with the first number that makes it free in the folder."""
    proposals = (name, *(f"{name} {number}" for number in range(2, 1000)))
    return next((proposed for proposed in proposals if is_free(folder / folder_name(proposed))), name)
