"""Packing a run for another machine: whether the base model comes along, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.theme import SPACE
from app.widgets.save_place import ask_where_to_save

_STEPS = 1000
_ABOUT = (
    "One zip file holds the settings, the examples, what was trained so far, and the program's core. Its README says "
    "how to train there, on one GPU or on several, with Slurm or in a cloud, and how to bring the result back."
)


@dataclass(frozen=True, slots=True)
class PackFacts:
    """The run's title, its base model, and what that takes on the disk; None when it is not on this machine."""

    title: str
    model: str
    model_bytes: int | None
    is_starter: bool


class PackDialog(QDialog):
    """Signals: ``wanted(Path, bool)``: pack into this file, with the base model or without; ``given_up()``."""

    wanted = Signal(object, bool)
    given_up = Signal()

    def __init__(self, facts: PackFacts, proposed: Path, parent: QWidget | None = None) -> None:
        """Propose a file."""
        super().__init__(parent)
        self.setWindowTitle("Pack for another machine")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._proposed = proposed
        self.with_model = QCheckBox("Take the base model along: " + facts.model.replace("&", "&&"))
        self.with_model.setEnabled(facts.model_bytes is not None)
        self.with_model.setVisible(not facts.is_starter)
        self.note = _secondary(_about_model(facts))
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Packing")
        self.bar.hide()
        self.cancel = QPushButton("Cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self.button = QPushButton("Choose a file…")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._choose)
        self._arrange(facts.title)

    def _arrange(self, title: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        head = QLabel(f"Pack {title}", textFormat=Qt.TextFormat.PlainText)
        head.setProperty("kind", "title")
        head.setWordWrap(True)
        column.addWidget(head)
        column.addWidget(_secondary(_ABOUT))
        column.addSpacing(SPACE.HALF)
        column.addWidget(self.with_model)
        column.addWidget(self.note)
        column.addWidget(self.bar)
        column.addSpacing(SPACE.HALF)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.cancel)
        row.addWidget(self.button)
        column.addLayout(row)

    def show_progress(self, done: int, total: int) -> None:
        """How many of how many bytes are packed."""
        self.bar.setValue(round(_STEPS * done / max(1, total)))

    def reject(self) -> None:
        """Leave; packing that is under way is given up."""
        self.given_up.emit()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The same with the window's own button."""
        self.given_up.emit()
        super().closeEvent(event)

    def _choose(self) -> None:
        title = "Pack for another machine"
        path = ask_where_to_save(self, title, self._proposed, "Zip (*.zip)", ending=".zip")
        if path is None:
            return
        self.button.setEnabled(False)
        self.with_model.setEnabled(False)
        self.bar.show()
        self.wanted.emit(path, self.with_model.isChecked())


def _about_model(facts: PackFacts) -> str:
    if facts.is_starter:
        return "The starter model comes along."
    if facts.model_bytes is None:
        return "It is not on this machine; the README says how to get it there."
    return f"It takes {format.size(facts.model_bytes)}. Without it, the README says how to get it there."


def _secondary(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "secondary")
    label.setWordWrap(True)
    return label
