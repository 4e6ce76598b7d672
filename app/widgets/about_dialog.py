"""What this program is, which version, and under which licences."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import SPACE
from core import paths


class AboutDialog(QDialog):
    """Sign, name, versions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Tunesmith")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sign = QLabel()
        sign.setPixmap(QIcon(str(paths.resources() / "icons" / "tunesmith.svg")).pixmap(QSize(72, 72)))
        name = QLabel("Tunesmith")
        name.setProperty("kind", "title")
        words = QLabel("Teaches a language model a voice or a task on your own machine. Nothing leaves it.")
        words.setWordWrap(True)
        versions = QLabel(f"Version {app_version()} · Python {platform.python_version()} · Qt {qVersion()}")
        versions.setProperty("kind", "secondary")
        versions.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        licence = QLabel("Apache License 2.0. Qt is used under the LGPL; see THIRD_PARTY_NOTICES.md.")
        licence.setProperty("kind", "secondary")
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACE.PAGE, SPACE.PAGE, 2 * SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.UNIT)
        for label in (sign, name, words, versions, licence):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        layout.addSpacing(SPACE.UNIT)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignHCenter)


def app_version() -> str:
    """The version of the installed app; "from source" in a checkout that was never installed."""
    try:
        return version("tunesmith")
    except PackageNotFoundError:
        return "from source"
