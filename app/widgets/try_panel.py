"""Try it: a question on the left; beside it the answers of the base model and the adapter, and what was expected."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.integer_field import IntegerField
from app.widgets.number_field import NumberField
from app.widgets.plain_editor import PlainEditor
from app.widgets.state_mark import StateMark
from app.widgets.try_answer import TryAnswer
from app.widgets.try_heldout import TryHeldout
from core.dataset.example import Example

MAX_TOKENS = 256
_MOST_TOKENS = 8192
_HOTTEST = 2.0
_COLUMN = 270  # of the question, at least: the words over it fit
_HINT = "The answer appears here."


class TryPanel(Card):
    """Holds what is asked and shows what is answered; somebody else has it answered."""

    answer_wanted = Signal()
    stop_wanted = Signal()
    filled = Signal()
    """Another question takes the place of the one that may be being answered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Try it", parent)
        self._from = Example()  # the example that was filled in: its system prompt and earlier turns are asked too
        self._blocked = False
        self._busy = False
        self.banner = Banner()
        self.state = StateMark()
        self.max_tokens = IntegerField("Longest answer in tokens", minimum=1, maximum=_MOST_TOKENS, step=32)
        self.max_tokens.set_value(MAX_TOKENS)
        self.temperature = NumberField("Temperature", minimum=0, maximum=_HOTTEST, step=0.1)
        self.temperature.set_value(0)
        self.instruction = _editor("Instruction", "What should the model do?")
        self.input = _editor("Input", "The text that it is about, if any")
        self.heldout = TryHeldout()
        self.answer = QPushButton("Answer")
        self.answer.setIcon(theme.icon("play"))
        self.answer.setToolTip("Asks the base model and the adapter (Ctrl+Enter)")
        self.stop = QPushButton("Stop")
        self.stop.setIcon(theme.icon("stop"))
        self.stop.setToolTip("Ends the answers (Escape)")
        self.with_system = QLabel()
        self.with_system.setProperty("kind", "secondary")
        self.base = TryAnswer("Base model alone", _HINT)
        self.adapter = TryAnswer("With the adapter", _HINT)
        self.expected = TryAnswer("Expected", "")
        self._arrange()
        self._connect()
        self._show_buttons()

    def _arrange(self) -> None:
        self.max_tokens.setFixedWidth(84)
        self.temperature.setFixedWidth(56)
        self.temperature.setToolTip("0 always takes the likeliest word; higher draws more freely")
        self.max_tokens.setToolTip("A token is a short word or a piece of a long one")
        self.add_act(self.state)
        for words, field in (("Longest answer in tokens", self.max_tokens), ("Temperature", self.temperature)):
            label = QLabel(words)
            label.setProperty("kind", "secondary")
            label.setBuddy(field)
            label.setContentsMargins(SPACE.UNIT, 0, 0, 0)
            self.add_act(label)
            self.add_act(field)
        row = QHBoxLayout()
        row.setSpacing(SPACE.PAGE)
        row.addWidget(self._question_column(), 3)
        row.addLayout(self._answer_columns(), 7)
        self.body.addWidget(self.banner)
        self.body.addLayout(row, 1)

    def _question_column(self) -> QWidget:
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(_heading("Instruction"), 1)
        head.addWidget(self.heldout)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.answer)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.with_system, 1)
        part = QWidget()
        part.setMinimumWidth(_COLUMN)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addLayout(head)
        column.addWidget(self.instruction, 2)
        column.addSpacing(SPACE.HALF)
        column.addWidget(_heading("Input (optional)"))
        column.addWidget(self.input, 3)
        column.addSpacing(SPACE.HALF)
        column.addLayout(buttons)
        return part

    def _answer_columns(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE.GAP)
        for part in (self.base, self.adapter, self.expected):
            row.addWidget(part, 1)
        return row

    def _connect(self) -> None:
        self.answer.clicked.connect(self.answer_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.heldout.picked.connect(self.fill)
        for editor in (self.instruction, self.input):
            editor.textChanged.connect(self._on_text)
        self._show_expected()

    # What is asked

    @property
    def question(self) -> Example:
        """What is written in the fields, with the system prompt and earlier turns of the example filled in."""
        return replace(self._from, instruction=self.instruction.text(), input=self.input.text())

    @property
    def can_ask(self) -> bool:
        """Whether there is a question, and nothing in the way of asking it."""
        return not self._blocked and not self._busy and bool(self.question.prompt.strip())

    @property
    def can_stop(self) -> bool:
        """Whether an answer is being written."""
        return self._busy

    @property
    def shows_expected(self) -> bool:
        """Whether the question is an example's, so that its expected answer is shown."""
        return not self.expected.isHidden()

    def fill(self, example: Example) -> None:
        """Ask what an example asks, and show what it expects."""
        self.filled.emit()
        self._from = example
        self.instruction.load(example.instruction)
        self.input.load(example.input)
        self.expected.show_text(example.output, "From your examples")
        self._show_expected()
        self.clear_answers()

    def confirm(self) -> None:
        """Take what is still being typed into the small fields."""
        self.max_tokens.interpretText()
        self.temperature.editingFinished.emit()

    # What is shown

    def set_adapter(self, name: str) -> None:
        """Say which adapter answers; earlier answers go."""
        self.adapter.set_title(f"With {name}")
        self.clear_answers()

    def clear_answers(self) -> None:
        """Show no answers, unless some are being written."""
        if not self._busy:
            self.base.clear()
            self.adapter.clear()

    def set_state(self, state: str, words: str) -> None:
        """Say how the model is; ``state`` is a value of core.runs.folder.State that has the colour."""
        self.state.set(state, words)

    def set_busy(self, busy: bool) -> None:
        """Whether answers are being written."""
        self._busy = busy
        self._show_buttons()

    def set_blocked(self, blocked: bool) -> None:
        """Whether something else keeps questions from being asked."""
        self._blocked = blocked
        self._show_buttons()

    def _on_text(self) -> None:
        self._show_expected()
        self._show_buttons()

    def _show_expected(self) -> None:
        """An expected answer belongs to its own question only."""
        asked, known = self.question, self._from
        same = (asked.instruction, asked.input) == (known.instruction, known.input) and bool(known.output)
        self.expected.setVisible(same)
        extra = []
        if known.system:
            extra.append("system prompt")
        if known.history:
            extra.append(format.plural(len(known.history), "earlier turn"))
        self.with_system.setText(f"With the example's {' and '.join(extra)}" if extra else "")

    def _show_buttons(self) -> None:
        self.answer.setEnabled(self.can_ask)
        self.stop.setVisible(self._busy)


def _editor(name: str, placeholder: str) -> PlainEditor:
    editor = PlainEditor(placeholder=placeholder, lines=(2, 2))
    editor.setAccessibleName(name)
    editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    return editor


def _heading(words: str) -> QLabel:
    label = QLabel(words)
    label.setFont(theme.ui_font(strong=True))
    label.setAlignment(Qt.AlignmentFlag.AlignVCenter)
    label.setMinimumHeight(28 if words == "Instruction" else 18)
    return label
