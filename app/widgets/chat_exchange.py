"""One message of the chat, what was expected where it is an example's, and the answers side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.chat_answer import ChatAnswer
from app.widgets.flowing_text import FlowingText
from app.widgets.rewriting import MessageEditor, Rewriting
from core.chat.conversation import Exchange

_HEAD = 28  # as high as the buttons in it


class ChatExchange(QWidget):
    """Its answers are :class:`ChatAnswer`, one a column, by the column's id; ``number`` is its place among all."""

    edited = Signal(str)
    """The user says something else in the place of this message."""
    answer_made = Signal(int)
    """(column): ``answers`` has one more, whose signals can be joined."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self.exchange: Exchange | None = None
        self.answers: dict[int, ChatAnswer] = {}
        self._divider = _divider()
        self._divider_words = self._divider.findChild(QLabel)
        self._message = _Said("You")
        self.expected = _Said("Expected")
        self.edit = QToolButton()
        self.edit.setIcon(theme.icon("edit", "secondary"))
        self.edit.setToolTip("Say something else here; what came after it goes")
        self.edit.setAccessibleName("Edit this message")
        self._message.add_act(self.edit)
        self.rewriting: Rewriting | None = None
        self._may = True
        self._arrange()
        self.edit.clicked.connect(self.begin_edit)

    def _arrange(self) -> None:
        self._asked = asked = QHBoxLayout()
        asked.setSpacing(SPACE.UNIT)
        asked.addWidget(self._message, 1)
        asked.addWidget(self.expected, 1)
        self._row = QHBoxLayout()
        self._row.setSpacing(SPACE.UNIT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.UNIT)
        layout.addWidget(self._divider)
        layout.addLayout(asked)
        layout.addLayout(self._row)

    def show_exchange(self, exchange: Exchange, *, first: bool) -> None:
        """Show a message; the first one of all needs no line above it."""
        self.exchange = exchange
        self._divider.setVisible(exchange.fresh and not first)
        self._divider_words.setText(
            f"A new conversation, with example {format.count(exchange.example)}" if exchange.example else "Anew"
        )
        self._message.set(exchange.text, _extra(exchange))
        self.expected.set(exchange.expected, "From your examples")
        self.expected.setVisible(bool(exchange.expected))

    def show_columns(self, columns: Sequence[int]) -> None:
        """Have an answer for each of these, in this order."""
        if list(self.answers) == list(columns):
            return
        for gone in [id for id in self.answers if id not in columns]:
            answer = self.answers.pop(gone)
            self._row.removeWidget(answer)
            answer.deleteLater()
        for id in columns:
            if id not in self.answers:
                self.answers[id] = ChatAnswer()
                self.answer_made.emit(id)
        self.answers = {id: self.answers[id] for id in columns}
        for answer in self.answers.values():
            self._row.removeWidget(answer)
            self._row.addWidget(answer, 1)

    def set_may_edit(self, may: bool) -> None:
        """Whether messages can be sent now."""
        self.edit.setEnabled(may)
        self._may = may
        if self.rewriting is not None:
            self.rewriting.set_may(may)

    def begin_edit(self) -> None:
        """Let the user say something else."""
        if self.exchange is not None and self.rewriting is None:
            editor = MessageEditor(lines=(1, 8))
            editor.setAccessibleName("Your message")
            self.rewriting = Rewriting(editor, "Send again", "Enter; what came after this message goes")
            self.rewriting.set_may(self._may)
            self.rewriting.done.connect(self._on_edited)
            self.rewriting.left.connect(self._end_edit)
            self._message.hide()
            self._asked.insertWidget(0, self.rewriting, 1)
            self.rewriting.begin(self.exchange.text)

    def _end_edit(self) -> None:
        if self.rewriting is not None:
            self._asked.removeWidget(self.rewriting)
            self.rewriting.hide()
            self.rewriting.deleteLater()
            self.rewriting = None
            self._message.show()

    def _on_edited(self, text: str) -> None:
        self._end_edit()
        self.edited.emit(text)


class _Said(QFrame):
    """A text with who says it."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self.setProperty("kind", "well")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QLabel(who)
        head.setProperty("kind", "secondary")
        self._note = QLabel()
        self._note.setProperty("kind", "secondary")
        self._head = QHBoxLayout()
        self._head.setSpacing(SPACE.UNIT)
        self._head.addWidget(head)
        self._head.addWidget(self._note)
        self._head.addStretch(1)
        head.setMinimumHeight(_HEAD)
        self._text = FlowingText()
        self._text.setAccessibleName(who)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.FIELD, SPACE.HALF, SPACE.UNIT, SPACE.UNIT)
        layout.setSpacing(2)
        layout.addLayout(self._head)
        layout.addWidget(self._text)
        layout.addStretch(1)

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()

    def set(self, text: str, note: str) -> None:
        """Say something; ``note`` says where it is from."""
        self._text.set_text(text)
        self._note.setText(note)

    def add_act(self, button: QWidget) -> None:
        """Put a button at the right end of the head."""
        self._head.addWidget(button)


def _extra(exchange: Exchange) -> str:
    """What is asked with the message and not shown in it."""
    parts = []
    if exchange.system:
        parts.append("its system prompt")
    if exchange.before:
        parts.append(format.plural(len(exchange.before), "earlier turn"))
    return f"with {' and '.join(parts)}" if parts else ""


def _divider() -> QWidget:
    part = QWidget()
    row = QHBoxLayout(part)
    row.setContentsMargins(0, SPACE.UNIT, 0, 0)
    row.setSpacing(SPACE.UNIT)
    words = QLabel()
    words.setProperty("kind", "secondary")
    for widget, stretch in ((_line(), 1), (words, 0), (_line(), 1)):
        row.addWidget(widget, stretch)
    return part


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("kind", "line")
    return line
