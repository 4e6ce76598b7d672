"""One line for long work in another process: what it does, how far it is, how long it takes, and how to stop it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from app import format
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel

_FINE = 1000


class WorkBar(QWidget):
    """Takes no room while nothing is done."""

    stopped = Signal()
    """The user wants it to end."""

    def __init__(self, stop: str, parent: QWidget | None = None) -> None:
        """``stop`` is what the button says."""
        super().__init__(parent)
        self._words = ElidedLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximumWidth(320)
        self.stop = QPushButton(stop)
        self.stop.clicked.connect(self.stopped)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        row.addWidget(self._words, 3)
        row.addWidget(self._bar, 2)
        row.addWidget(self.stop)
        self.hide()

    @property
    def words(self) -> str:
        """What it says."""
        return self._words.text()

    def tell(self, words: str, share: float | None = None, seconds_left: float | None = None) -> None:
        """Say what is done, which share (0 to 1) of it is, and how long the rest takes; None where nobody knows."""
        left = "" if seconds_left is None else f", {format.duration(seconds_left)} left"
        said = f"{words}{left}"
        self._words.setText(said)
        self._bar.setAccessibleName(said)
        self._bar.setRange(0, 0 if share is None else _FINE)
        if share is not None:
            self._bar.setValue(round(_FINE * share))
        self.show()

    def finish(self) -> None:
        """Nothing is done any more."""
        self.hide()
