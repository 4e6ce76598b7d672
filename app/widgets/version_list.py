"""The saved versions of the examples: save one, and what can be done with the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.plain_tip import plain_tip
from app.widgets.toast import keep_clear

LONGEST_NAME = 80


@dataclass(frozen=True)
class VersionWords:
    """A version as a row."""

    key: str
    name: str
    at: float
    examples: int


class VersionList(Card):
    """Signals.

    save_wanted(str): keep the examples as they are now under this name (may be empty).
    chosen(str): another version is chosen, by its key.
    restore_wanted(str), rename_wanted(str), delete_wanted(str): of the chosen version.
    """

    save_wanted = Signal(str)
    chosen = Signal(str)
    restore_wanted = Signal(str)
    rename_wanted = Signal(str)
    delete_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Versions", parent)
        self._versions: Sequence[VersionWords] = ()
        self._writable = True
        self.name = QLineEdit()
        self.name.setPlaceholderText("Its name")
        self.name.setAccessibleName("Name of the version")
        self.name.setMaxLength(LONGEST_NAME)
        self.save = QPushButton("Save a version")
        self.name.returnPressed.connect(self.save.click)
        self.save.clicked.connect(self._save)
        self.banner = Banner()
        self.list = _List()
        self.list.setAccessibleName("Versions, newest first")
        self.list.setUniformItemSizes(True)
        self.list.setSpacing(2)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.currentRowChanged.connect(self._choose)
        self.list.delete_wanted.connect(lambda: self.delete_wanted.emit(self.key))
        self.restore = QPushButton("Go back to this version")
        self.restore.setToolTip("All examples become what they were then, in one step that can be undone")
        self.restore.clicked.connect(lambda: self.restore_wanted.emit(self.key))
        self.rename = QPushButton("Rename…")
        self.rename.clicked.connect(lambda: self.rename_wanted.emit(self.key))
        self.delete = QPushButton("Delete")
        self.delete.setProperty("kind", "danger")
        self.delete.clicked.connect(lambda: self.delete_wanted.emit(self.key))
        self._lay_out()

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(SPACE.UNIT)
        above.addWidget(self.name, 1)
        above.addWidget(self.save)
        self._acts = QWidget()
        acts = QVBoxLayout(self._acts)
        acts.setContentsMargins(0, 0, 0, 0)
        acts.setSpacing(SPACE.UNIT)
        acts.addWidget(self.restore)
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self.rename, 1)
        row.addWidget(self.delete, 1)
        acts.addLayout(row)
        self.body.addLayout(above)
        self.body.addWidget(self.banner)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self._acts)
        keep_clear(self._acts)

    @property
    def key(self) -> str:
        """Of the chosen version; empty for none."""
        row = self.list.currentRow()
        return self._versions[row].key if 0 <= row < len(self._versions) else ""

    def set_versions(self, versions: Sequence[VersionWords]) -> None:
        """Show these, newest first; the chosen one stays chosen. No signal."""
        key = self.key
        self._versions = tuple(versions)
        with QSignalBlocker(self.list):
            self.list.clear()
            for version in versions:
                when = format.ago(version.at)
                item = QListWidgetItem(f"{version.name}\n{when}, {format.plural(version.examples, 'example')}")
                item.setToolTip(plain_tip(f"{version.name}\n{format.moment(version.at)}"))
                self.list.addItem(item)
            self.choose(key)
        self._acts.setVisible(bool(versions))
        self._allow()

    def choose(self, key: str) -> None:
        """Choose a version, or none. No signal."""
        rows = [row for row, version in enumerate(self._versions) if version.key == key]
        with QSignalBlocker(self.list):
            self.list.setCurrentRow(rows[0] if rows else -1)
        self._allow()

    def set_writable(self, writable: bool) -> None:
        """Whether anything can be saved, put back or deleted."""
        self._writable = writable
        self._allow()

    def set_saving(self, saving: bool) -> None:
        """A version is being written."""
        self.save.setEnabled(self._writable and not saving)
        self.save.setText("Saving …" if saving else "Save a version")
        if not saving:
            self.name.clear()

    def _choose(self, _row: int) -> None:
        self._allow()
        self.chosen.emit(self.key)

    def _allow(self) -> None:
        for widget in (self.name, self.save):
            widget.setEnabled(self._writable)
        for widget in (self.restore, self.rename, self.delete):
            widget.setEnabled(self._writable and bool(self.key))

    def _save(self) -> None:
        self.save_wanted.emit(self.name.text().strip())


class _List(QListWidget):
    delete_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes."""
        if event.key() == Qt.Key.Key_Delete and self.currentRow() >= 0:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)
