"""What the Train page shows before the first run: what will happen, in three steps, and the button."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE

_WIDTH = 560


class FirstRun(QWidget):
    """Three numbered steps in the middle of the page."""

    start_wanted = Signal()
    other_wanted = Signal()
    """The second button: what has to be done before training is possible, or the settings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel("What will happen")
        title.setProperty("kind", "heading")
        self._steps = [_Step(number) for number in (1, 2, 3)]
        self._ready = False
        self._note = QLabel()
        self._note.setProperty("kind", "secondary")
        self._note.setWordWrap(True)
        self.start = QPushButton("Train")
        self.start.setProperty("kind", "primary")
        self.start.clicked.connect(self.start_wanted)
        self.other = QPushButton("Look at the settings")
        self.other.clicked.connect(self.other_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.start)
        buttons.addWidget(self.other, 0, Qt.AlignmentFlag.AlignVCenter)
        buttons.addStretch(1)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        words = QVBoxLayout(column)
        words.setSpacing(SPACE.CARD)
        words.addWidget(title)
        for step in self._steps:
            words.addWidget(step)
        words.addWidget(self._note)
        words.addLayout(buttons)
        middle = QHBoxLayout()  # an alignment would not ask the words how high they are at this width
        middle.addStretch(1)
        middle.addWidget(column)
        middle.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(middle)
        layout.addStretch(3)

    def set_words(self, steps: tuple[tuple[str, str], ...], *, note: str, other: str, ready: bool) -> None:
        """Say what will happen.

        Args:
            steps: three times a title and a sentence.
            note: over the buttons; why training is not possible yet, if it is not.
            other: the words of the second button.
            ready: whether training can start.
        """
        for step, (title, text) in zip(self._steps, steps, strict=True):
            step.set_words(title, text)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self._ready = ready
        self.start.setEnabled(ready)
        self.other.setText(other)
        theme.set_kind(self.start, "primary" if ready else "")
        theme.set_kind(self.other, "" if ready else "primary")

    def set_starting(self, starting: bool) -> None:
        """Whether a run is being prepared now."""
        self.start.setEnabled(self._ready and not starting)
        self.start.setText("Preparing the run…" if starting else "Train")


class _Step(QWidget):
    """A number, a title, a sentence."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._title, self._text = QLabel(), QLabel()
        self._title.setFont(theme.ui_font(strong=True))
        self._text.setWordWrap(True)
        self._text.setProperty("kind", "secondary")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.CARD)
        row.addWidget(_Number(number), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def set_words(self, title: str, text: str) -> None:
        self._title.setText(title)
        self._text.setText(text)


class _Number(QWidget):
    """A number in a ring."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = str(number)
        self.setFixedSize(QSize(28, 28))
        theme.on_change(self, self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("selection"))
        painter.drawEllipse(self.rect())
        painter.setPen(theme.colour("accent"))
        painter.setFont(theme.ui_font(strong=True))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._number)
