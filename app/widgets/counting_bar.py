"""One line that says what is being counted, how far it is and how long it will take."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from app import format
from app.theme import SPACE

_PATIENCE_MS = 300  # shorter work needs no words
_SURE_SECONDS = 2.0  # before this, a time left is a guess


class CountingBar(QWidget):
    """Takes no room while nothing is counted; appears only when that takes a moment."""

    cancelled = Signal()
    """The user wants it to end."""

    def __init__(self, parent: QWidget | None = None, *, cancel: str = "") -> None:
        """``cancel`` is what the button that ends the work says; without it there is none."""
        super().__init__(parent)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)  # names of files stand in it
        self._words.setProperty("kind", "secondary")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._bar.setMaximumWidth(320)
        self._began = 0.0
        self._first = 0
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(lambda: self.setVisible(True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._words)
        row.addWidget(self._bar, 1)
        self.cancel = QPushButton(cancel)
        self.cancel.setVisible(bool(cancel))
        self.cancel.clicked.connect(self.cancelled)
        row.addWidget(self.cancel)
        row.addStretch(1)
        self.hide()

    @property
    def words(self) -> str:
        """What it says."""
        return self._words.text()

    def begin(self, words: str) -> None:
        """Work has begun; nobody knows yet how much there is."""
        self._began = 0.0
        self._words.setText(f"{words} …")
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(words)
        if self.isHidden():
            self._patience.start()

    def tell(self, words: str, done: int, total: int, *, amount: str = "") -> None:
        """Say how far it is; ``amount`` says how much that is where ``done`` counts what nobody wants to know (bytes).

        Where nobody knows the end, ``total`` is 0.
        """
        now = time.monotonic()
        if not self._began:
            self._began, self._first = now, done
        said = f"{words}: {amount or f'{format.count(done)} of {format.count(total)}'}"
        spent, made = now - self._began, done - self._first
        if spent > _SURE_SECONDS and made > 0 and total:
            said += f", {format.duration(spent / made * (total - done))} left"
        self._words.setText(said)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setAccessibleName(said)

    def stop(self) -> None:
        """Nothing is counted any more."""
        self._patience.stop()
        self.hide()
