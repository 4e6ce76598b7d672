"""Asks before a downloaded model is deleted from the hub cache, which other programs use too."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from app import format


class DeleteModelDialog(QMessageBox):
    """Emits ``agreed`` when the user wants it; closing it in any other way keeps the model."""

    agreed = Signal()

    def __init__(self, title: str, size: int, parent: QWidget) -> None:
        """``size`` is in bytes."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Delete a model")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(f"Delete {title} from this machine?")
        self.setInformativeText(
            f"That frees about {format.size(size)}. It lies in the hub cache, so other programs that use it there lose "
            "it as well. Adapters trained on it are kept, but need it again to be used."
        )
        self.keep = self.addButton("Keep it", QMessageBox.ButtonRole.RejectRole)
        self.delete = self.addButton("Delete the model", QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.keep)
        self.setEscapeButton(self.keep)
        self.buttonClicked.connect(lambda button: self.agreed.emit() if button is self.delete else None)
