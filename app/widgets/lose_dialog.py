"""Asks before words are lost that could not be put on disk."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class LoseDialog(QMessageBox):
    """Emits ``lost`` when the user goes on without them; closing it in any other way keeps everything."""

    lost = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Not saved")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setText("The last words you wrote could not be saved.")
        self.setInformativeText(
            "The disk may be full, or the project's folder is no longer there. Mend that and type on: "
            "everything is saved with the next key. If you go on now, those words are lost."
        )
        self.keep = self.addButton("Keep the project open", QMessageBox.ButtonRole.RejectRole)
        self.lose = self.addButton("Lose the last words", QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.keep)
        self.setEscapeButton(self.keep)
        self.buttonClicked.connect(lambda button: self.lost.emit() if button is self.lose else None)
