"""What to do next with something that was exported: words, each with a command that can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.plain_editor import PlainEditor

if TYPE_CHECKING:
    from core.export.form import Step

_MOST_LINES = 12


class NextSteps(QWidget):
    """Made anew for each export."""

    def __init__(self, steps: Sequence[Step], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.commands: list[PlainEditor] = []
        self.buttons: list[QPushButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        heading = QLabel("What next")
        heading.setProperty("kind", "heading")
        column.addWidget(heading)
        for step in steps:
            words = QLabel(step.words)
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
            column.addWidget(words)
            if step.command:
                column.addLayout(self._command(step))

    def _command(self, step: Step) -> QHBoxLayout:
        field = PlainEditor(lines=(1, _MOST_LINES))
        field.setReadOnly(True)
        theme.on_change(field, lambda: field.setFont(theme.mono_font()))
        field.load(step.command)
        field.setAccessibleName(step.words.rstrip(":"))
        button = QPushButton("Copy")
        button.setAutoDefault(False)
        button.setAccessibleName(f"Copy: {step.words.rstrip(':')}")
        button.clicked.connect(lambda: self._copy(button, step.command))
        self.commands.append(field)
        self.buttons.append(button)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.setContentsMargins(0, 0, 0, SPACE.HALF)
        row.addWidget(field, 1)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _copy(self, button: QPushButton, command: str) -> None:
        QGuiApplication.clipboard().setText(command)
        for other in self.buttons:
            other.setText("Copied" if other is button else "Copy")
