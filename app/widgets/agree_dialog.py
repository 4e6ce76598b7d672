"""Asks before something is deleted that cannot come back; the buttons say what they do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class AgreeDialog(QMessageBox):
    """Emits ``agreed`` when the user wants it; closing it in any other way keeps everything."""

    agreed = Signal()

    def __init__(self, question: str, text: str, parent: QWidget, *, act: str, keep: str) -> None:
        """``act`` and ``keep`` are the words of the buttons."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Tunesmith")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(question)
        self.setInformativeText(text)
        self.keep = self.addButton(keep, QMessageBox.ButtonRole.RejectRole)
        self.act = self.addButton(act, QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.keep)
        self.setEscapeButton(self.keep)
        self.buttonClicked.connect(lambda button: self.agreed.emit() if button is self.act else None)
