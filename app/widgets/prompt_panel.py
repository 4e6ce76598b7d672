"""The best prompt: what is said to the base model instead of training it, and the button that tries it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.widgets.card import Card
from app.widgets.integer_field import IntegerField
from app.widgets.plain_editor import PlainEditor

_TYPED_MS = 500


class PromptPanel(Card):
    """There is no Save button: what is written is told half a second after the last key, and on leaving the field."""

    changed = Signal(str, int)
    """(system prompt, examples shown with it): the user wrote another one."""
    try_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, most_examples: int, longest: int, parent: QWidget | None = None) -> None:
        super().__init__("Your best prompt", parent)
        self._longest = longest
        self.system = PlainEditor(
            placeholder="Say what the model should do, and how.",
            lines=(8, 18),
        )
        self.system.setAccessibleName("System prompt")
        self.examples = IntegerField("Examples shown with it", minimum=0, maximum=most_examples)
        self._problem = _words("", "problem")
        self._problem.hide()
        self.button = QPushButton("")
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(self._try)
        self.stop = QPushButton("Stop")
        self.stop.clicked.connect(self.stop_wanted)
        self._note = _words("", "secondary")
        self._told: tuple[str, int] = ("", 0)
        self._typed = QTimer(self, interval=_TYPED_MS, singleShot=True)
        self._typed.timeout.connect(self.hand_over)
        self.system.edited.connect(self._typed.start)
        self.system.left.connect(self.hand_over)
        self.examples.value_changed.connect(lambda _: self.hand_over())
        self.body.addWidget(
            _words("Said to the base model before every question. This is what an adapter has to beat.", "secondary")
        )
        self.body.addWidget(self.system, 1)
        row = QHBoxLayout()
        row.addWidget(QLabel("Examples shown with it"), 1)
        row.addWidget(self.examples)
        self.body.addLayout(row)
        self.body.addWidget(_words("Taken from your training examples, never from those held out.", "secondary"))
        self.body.addWidget(self._problem)
        self.body.addWidget(self._note)
        for button in (self.button, self.stop):
            self.body.addWidget(button)
        self.set_busy(False)

    def load(self, system: str, examples: int, *, read_only: bool) -> None:
        """Show the prompt of a project."""
        self._typed.stop()
        self._told = (system, examples)
        self.system.load(system)
        self.system.setReadOnly(read_only)
        self.examples.set_value(examples)
        self.examples.setEnabled(not read_only)
        self._check()

    def set_busy(self, busy: bool) -> None:
        """Whether it is being tried."""
        self.button.setVisible(not busy)
        self.stop.setVisible(busy)

    def set_act(self, words: str, *, enabled: bool, note: str = "") -> None:
        """What the button says, and why it cannot be used."""
        self.button.setText(words)
        self.button.setEnabled(enabled)
        self._note.setText(note)
        self._note.setVisible(bool(note))

    def hand_over(self) -> None:
        """Tell what is written and was not told yet."""
        self._typed.stop()
        written = self.system.text(), self.examples.value()
        if written != self._told and self._check():
            self._told = written
            self.changed.emit(*written)

    def _check(self) -> bool:
        too_long = len(self.system.text()) - self._longest
        self._problem.setText(f"{too_long:,} characters too long; it is not kept like this." if too_long > 0 else "")
        self._problem.setVisible(too_long > 0)
        return too_long <= 0

    def _try(self) -> None:
        self.hand_over()
        self.try_wanted.emit()


def _words(text: str, kind: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("kind", kind)
    return label
