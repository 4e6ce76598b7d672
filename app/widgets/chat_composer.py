"""Where a message is written: the text, a held-out example to ask, the system prompt, how answers are drawn."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.heldout_stepper import HeldoutStepper
from app.widgets.plain_editor import PlainEditor
from app.widgets.rewriting import MessageEditor
from app.widgets.sampling_fields import SamplingFields, SamplingPresets
from app.widgets.state_mark import StateMark
from core.dataset.example import Example
from core.generation.sampling import Sampling


class ChatComposer(QFrame):
    """Enter sends; what is sent is the owner's to answer."""

    sent = Signal(str, object)
    """(text, Example or None): the user says this; an example when it is asked as it stands."""
    stop_wanted = Signal()
    clear_wanted = Signal()
    system_changed = Signal(str)
    sampling_changed = Signal(object)
    """(Sampling)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._example: Example | None = None
        self._along = 0
        self._may_send = False
        self._busy = False
        self.message = MessageEditor(
            placeholder="Say something. Enter sends, Shift+Enter begins a new line.", lines=(2, 8)
        )
        self.message.setAccessibleName("Your message")
        self.send = QPushButton("Send")
        self.send.setProperty("kind", "primary")
        self.send.setToolTip("Sends it to all columns (Enter)")
        self.stop = QPushButton("Stop")
        self.stop.setIcon(theme.icon("stop"))
        self.stop.setToolTip("Ends the answers (Escape)")
        self.note = ElidedLabel()
        self.note.setProperty("kind", "secondary")
        self.note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # the button follows the words
        self.heldout = HeldoutStepper()
        self.presets = SamplingPresets()
        self.fields = SamplingFields()
        self.more = _toggle("settings", "All settings of how answers are drawn")
        self.show_system = _toggle("chat", "System prompt")
        self.show_system.setText("System prompt")
        self.show_system.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.system = PlainEditor(placeholder="What the model is told before everything else", lines=(1, 4))
        self.system.setAccessibleName("System prompt")
        self.state = StateMark()
        self.clear = QPushButton("New conversation")
        self.clear.setProperty("kind", "link")
        self.clear.setToolTip(
            "Asks your next question by itself, as an adapter that learnt from single questions expects it; "
            "what was said here goes, and can be brought back"
        )
        self.wording = QLabel("Wording")
        self.wording.setProperty("kind", "secondary")
        self.wording.setToolTip("How the words of an answer are chosen: always the likeliest ones, or drawn")
        self._arrange()
        self._connect()
        self._show()

    def _arrange(self) -> None:
        writing = QHBoxLayout()
        writing.setSpacing(SPACE.UNIT)
        writing.addWidget(self.message, 1)
        buttons = QVBoxLayout()
        buttons.addWidget(self.send)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        writing.addLayout(buttons)
        going_on = QHBoxLayout()
        going_on.setSpacing(SPACE.UNIT)
        going_on.addWidget(self.note)
        going_on.addWidget(self.clear)
        going_on.addStretch(1)
        going_on.addWidget(self.state)
        tools = QHBoxLayout()
        tools.setSpacing(SPACE.UNIT)
        for widget in (self.heldout, self.show_system):
            tools.addWidget(widget)
        tools.addStretch(1)
        tools.addWidget(self.wording)
        tools.addWidget(self.presets)
        tools.addWidget(self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.FIELD, SPACE.FIELD, SPACE.FIELD, SPACE.UNIT)
        layout.setSpacing(SPACE.UNIT)
        layout.addWidget(self.system)
        layout.addWidget(self.fields)
        layout.addLayout(writing)
        layout.addLayout(going_on)
        layout.addLayout(tools)

    def _connect(self) -> None:
        self.message.entered.connect(self._on_send)
        self.send.clicked.connect(self._on_send)
        self.stop.clicked.connect(self.stop_wanted)
        self.clear.clicked.connect(self.clear_wanted)
        self.message.textChanged.connect(self._show)
        self.heldout.picked.connect(self.fill)
        self.more.toggled.connect(self._show)
        self.show_system.toggled.connect(self._on_show_system)
        self.system.edited.connect(lambda: self.system_changed.emit(self.system.text()))
        self.presets.chosen.connect(self.fields.use_preset)
        self.fields.changed.connect(self._on_sampling)

    @property
    def example(self) -> Example | None:
        """The example that is asked as it stands, unless its text was changed."""
        example = self._example
        return example if example is not None and self.message.text() == example.prompt else None

    def fill(self, example: Example) -> None:
        """Have an example ready to be sent."""
        self._example = example
        self.message.load(example.prompt)
        self.message.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show()

    def show_settings(self, system: str, sampling: Sampling) -> None:
        """Show a conversation's system prompt, and how its answers are drawn."""
        if system != self.system.text():
            self.system.load(system)
        self.show_system.setChecked(self.show_system.isChecked() or bool(system))
        self.fields.show_sampling(sampling)
        self.presets.set_value(self.fields.preset)
        self._show()

    def set_state(self, state: str, words: str, *, tip: str, busy: bool, may_send: bool) -> None:
        """Say how the model is (``tip`` explains it), whether answers are being written, and whether one can send."""
        self.state.set(state, words)
        self.state.setToolTip(tip)
        self._busy, self._may_send = busy, may_send
        self._show()

    def set_along(self, messages: int) -> None:
        """Say how many messages the next one goes on with; 0 when nothing has been said."""
        self._along = messages
        self._show()

    def _show(self) -> None:
        self.fields.setVisible(self.more.isChecked())
        self.system.setVisible(self.show_system.isChecked())
        self.send.setVisible(not self._busy)
        self.stop.setVisible(self._busy)
        self.send.setEnabled(self._may_send and bool(self.message.text().strip()))
        example = self.example
        words = f"Your next message goes on from here: {_along(self._along)}." if self._along else ""
        if example is not None:
            words = f"Example {format.count(example.id)} is asked as it stands, as a new conversation{_with(example)}."
        self.note.setText(words)
        self.note.setVisible(bool(words))
        self.clear.setVisible(bool(self._along) and example is None)

    def _on_show_system(self, shown: bool) -> None:
        self._show()
        if shown and self.show_system.hasFocus():
            self.system.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_sampling(self, sampling: Sampling) -> None:
        self.presets.set_value(self.fields.preset)
        self.sampling_changed.emit(sampling)

    def _on_send(self) -> None:
        text, example = self.message.text(), self.example
        if self._may_send and not self._busy and text.strip():
            if self.more.isChecked():
                self.fields.confirm()
            self._example = None
            self.message.load("")
            self._show()
            self.sent.emit(text, example)


def _along(messages: int) -> str:
    return "the earlier message goes along" if messages == 1 else f"{format.count(messages)} earlier messages go along"


def _with(example: Example) -> str:
    parts = []
    if example.system:
        parts.append("its system prompt")
    if example.history:
        parts.append(format.plural(len(example.history), "earlier turn"))
    return f", with {' and '.join(parts)}" if parts else ""


def _toggle(icon: str, words: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon, "secondary"))
    button.setCheckable(True)
    button.setToolTip(words)
    button.setAccessibleName(words)
    return button
