"""The Chat tab: one conversation with up to four systems side by side on one loaded base model."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import format
from app.answers import MakeModel, State, model_process
from app.chat_words import ending_words
from app.chatting import Chatting
from app.model_keeper import HELP, MARKS
from app.session import Session
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.chat_composer import ChatComposer
from app.widgets.chat_exchange import ChatExchange
from app.widgets.chat_head import ChatHead
from app.widgets.chat_list import ChatList
from app.widgets.empty_state import EmptyState
from app.widgets.toast import UNDO, keep_clear, show_toast
from core.chat.conversation import MOST_COLUMNS, Conversation, Part
from core.dataset.example import Example
from core.errors import UserError

_SCROLL_BAR = 12
_BETTER = "The better answer"
_PURPOSE = (
    "Every column answers: the base model, the base model with your best prompt, an adapter, a checkpoint or a mix. "
    "Say something below, or ask a held-out example, whose expected answer is then shown beside."
)


class ChatView(QWidget):
    """Joins the widgets to the conversation; decides nothing about it."""

    go = Signal(str)
    """Asks for another page by its id."""
    examples_wanted = Signal(list, str)
    """(numbers, words): asks to show these examples."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, make: MakeModel = model_process) -> None:
        super().__init__(parent)
        self._session = session
        self.chat = Chatting(session, make=make, parent=self)
        self._wanted = ""  # the adapter that somebody wants to talk to, until the conversation is there
        self._said_blocked = False
        self._held_out: tuple[Example, ...] = ()
        self.heads: dict[int, ChatHead] = {}
        self.add = QPushButton("Add column")
        self.add.setToolTip("One more who answers beside the others, up to four")
        self.banner = Banner()
        self.empty = EmptyState("chat", "Talk to your models", _PURPOSE)
        self.list = ChatList()
        self.composer = ChatComposer()
        keep_clear(self.composer)
        self._arrange()
        self._connect()
        self._add_verbs()
        self._on_facts()
        self._on_changed()
        self._on_state()

    def _arrange(self) -> None:
        self._heads = QHBoxLayout()
        self._heads.setSpacing(SPACE.UNIT)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, _SCROLL_BAR, 0)
        top.setSpacing(SPACE.UNIT)
        top.addLayout(self._heads, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.UNIT)
        layout.addWidget(self.banner)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.composer)

    def _connect(self) -> None:
        chat, composer = self.chat, self.composer
        self.add.clicked.connect(self.add_column)
        composer.sent.connect(self._on_sent)
        composer.stop_wanted.connect(chat.stop)
        composer.clear_wanted.connect(self.clear)
        composer.system_changed.connect(chat.set_system)
        composer.sampling_changed.connect(chat.set_sampling)
        self.list.filled.connect(self._show_answers)
        self.list.edited.connect(self._on_edited)
        self.list.again_wanted.connect(chat.again)
        self.list.corrected.connect(self._on_corrected)
        self.list.better_wanted.connect(self._on_better_wanted)
        self.list.copied.connect(lambda: show_toast(self, "Copied."))
        chat.changed.connect(self._on_changed)
        chat.facts_changed.connect(self._on_facts)
        chat.said_changed.connect(lambda number, _column: self._show_answers(number))
        chat.written.connect(self._on_written)
        chat.state_changed.connect(self._on_state)
        chat.failed.connect(self.banner.show_problem)

    def _add_verbs(self) -> None:
        """What the palette and the list of shortcuts offer while this tab is shown."""
        verbs: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("Stop answering", "Escape", self.chat.stop),
            ("Write the last answers again", "Ctrl+R", self.again),
            ("Edit the last message", "Ctrl+Up", self.edit_last),
            ("Write a message", "Ctrl+L", self.composer.message.setFocus),
            ("Next held-out example", "Alt+Down", self.composer.heldout.next),
            ("Previous held-out example", "Alt+Up", self.composer.heldout.previous),
            ("Add a column to the chat", "", self.add_column),
            ("New conversation in the chat", "", self.clear),
        )
        for words, keys, act in verbs:
            action = QAction(words, self)
            action.setShortcuts([QKeySequence(key) for key in keys.split()])
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)
            if act == self.chat.stop:
                self._stop_action = action  # Escape is others' while nothing is being answered

    # What the user wants

    def add_column(self) -> None:
        """One more who answers: an adapter that is not there yet, or the base model."""
        shown = {part.run for column in self.chat.conversation.columns for part in column.parts}
        kinds = {column.kind for column in self.chat.conversation.columns}
        adapter = next((key for key in self.chat.facts.adapters if key not in shown), "")
        if adapter:
            self.chat.add_column("adapter", Part(key=adapter))
        else:
            self.chat.add_column("prompt" if "prompt" not in kinds and self.chat.facts.prompt else "base")

    def clear(self) -> None:
        """Begin a new conversation; the one before can be brought back."""
        if self.chat.conversation.exchanges:
            before = self.chat.clear()
            self._offer_back(before, "A new conversation; the one before is gone.")

    def again(self) -> None:
        """Have the last answers written anew."""
        if self.chat.conversation.exchanges:
            self.chat.again(len(self.chat.conversation.exchanges) - 1)

    def edit_last(self) -> None:
        """Let the user change the last message."""
        if self.list.items and self.chat.may_ask:
            self.list.items[-1].begin_edit()

    def talk_to(self, key: str) -> None:
        """Have an adapter among those who answer, as soon as the conversation is there."""
        self._wanted = key
        self._show_wanted()
        self.composer.message.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_wanted(self) -> None:
        if self._wanted and self.chat.loaded:
            key, self._wanted = self._wanted, ""
            self.chat.show_adapter(key)

    def _on_sent(self, text: str, example: object) -> None:
        self.banner.clear()
        self.list.go_to_end()
        self.chat.send(text, example)  # type: ignore[arg-type]

    def _on_edited(self, number: int, text: str) -> None:
        before = self.chat.conversation
        self.chat.edit(number, text)
        gone = len(before.exchanges) - number - 1
        if gone:
            self._offer_back(before, f"{format.plural(gone, 'later message')} went.")

    def _offer_back(self, before: Conversation, words: str) -> None:
        show_toast(self, words, act=UNDO, on_act=lambda: self.chat.restore(before))

    def _on_corrected(self, number: int, column: int, text: str) -> None:
        self.chat.correct(number, column, text, done=self._on_kept)

    def _on_kept(self, ids: list[int], held_out: bool) -> None:
        kept = "your answer as the right one, the model's beside it as the worse one"
        if held_out:
            kept = "held out, as the question in this conversation is: it is measured with, and not learnt"
        words = f"Saved as example {format.count(ids[0])}: {kept}."
        show_toast(self, words, act="Open", on_act=lambda: self.examples_wanted.emit(ids, _BETTER))

    def _on_better_wanted(self, number: int, column: int) -> None:
        said = self.chat.conversation.exchanges[number].answers[column]
        self.examples_wanted.emit([said.better], _BETTER)

    # What is shown

    def _on_changed(self) -> None:
        conversation = self.chat.conversation
        self._show_heads()
        self._stack.setCurrentWidget(self.list if conversation.exchanges else self.empty)
        columns = [column.id for column in conversation.columns]
        self.list.show_exchanges(conversation.exchanges, columns)
        self.composer.set_along(conversation.going_along)
        self.composer.show_settings(conversation.system, conversation.sampling)
        self._on_state()

    def _show_heads(self) -> None:
        columns = self.chat.conversation.columns
        for gone in [id for id in self.heads if self.chat.conversation.column(id) is None]:
            head = self.heads.pop(gone)
            self._heads.removeWidget(head)
            head.deleteLater()
        for column in columns:
            head = self.heads.get(column.id) or self._make_head(column.id)
            if head.column != column:
                head.set_column(column)
            head.set_alone(len(columns) == 1)
        self.add.setEnabled(len(columns) < MOST_COLUMNS and self.chat.loaded)

    def _make_head(self, id: int) -> ChatHead:
        column = self.chat.conversation.column(id)
        assert column is not None
        head = self.heads[id] = ChatHead(column)
        head.set_choices(self.chat.facts)
        head.changed.connect(self.chat.set_column)
        head.removed.connect(self.chat.remove_column)
        self._heads.addWidget(head, 1, Qt.AlignmentFlag.AlignTop)
        return head

    def _on_facts(self) -> None:
        facts = self.chat.facts
        for id, head in self.heads.items():
            head.set_choices(facts)
            column = self.chat.conversation.column(id)
            if column is not None and column != head.column:
                head.set_column(column)
        if facts.held_out != self._held_out:
            self._held_out = facts.held_out
            self.composer.heldout.set_examples(facts.held_out)
        for item in self.list.items:
            self._show_answers(item.number)
        self._show_wanted()

    def _on_state(self) -> None:
        chat, keeper = self.chat, self.chat.keeper
        mark, words = MARKS[chat.answers.state], keeper.state_words
        self.composer.set_state(mark, words, tip=HELP, busy=chat.busy, may_send=chat.may_ask)
        self._stop_action.setEnabled(chat.busy)
        if keeper.is_blocked:
            self.banner.say(*keeper.why_blocked())
        elif self._said_blocked:
            self.banner.clear()
        self._said_blocked = keeper.is_blocked
        for item in self.list.items:
            self._show_may(item)
        if chat.replies.number is not None:
            self._show_answers(chat.replies.number)

    def _show_answers(self, number: int) -> None:
        if number >= len(self.chat.conversation.exchanges):
            return
        exchange, chat = self.chat.conversation.exchanges[number], self.chat
        for column in chat.conversation.columns:
            answer = self.list.answer(number, column.id)
            if answer is None:
                continue
            title, said = chat.facts.title(column), exchange.answers.get(column.id)
            answer.set_name(title)
            answer.set_better(said.better if said is not None and said.better in chat.facts.better else 0)
            problem = chat.problems.get((number, column.id))
            if problem is not None:
                answer.show_answer("", "", problem=_in_a_line(problem))
            elif chat.replies.is_waiting(number, column.id):
                text = said.text if said is not None else ""
                answer.show_answer(text, self._waiting_words(number, column.id), over=False)
            elif said is None:
                answer.show_answer("", "Not asked")
            else:
                whole, short = ending_words(said)
                answer.show_answer(said.text, whole, short=short, by=said.by if said.by != title else "")

    def _show_may(self, item: ChatExchange) -> None:
        item.set_may_edit(self.chat.may_ask)
        for answer in item.answers.values():
            answer.set_may(again=self.chat.may_ask, correct=self.chat.may_keep)

    def _waiting_words(self, number: int, column: int) -> str:
        if self.chat.replies.is_writing(number, column):
            return "Writing…"
        return "Loading the model…" if self.chat.answers.state is State.LOADING else "Its turn comes"

    def _on_written(self, number: int, column: int, text: str) -> None:
        answer = self.list.answer(number, column)
        if answer is not None:
            answer.add(text)

    # Events

    def enter(self) -> None:
        """Look again what there is to talk to."""
        self.chat.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """The model is wanted again."""
        super().showEvent(event)
        self.chat.keeper.set_seen(True)
        self.chat.refresh()  # the best prompt may be another

    def hideEvent(self, event: QHideEvent) -> None:
        """A model that nobody sees is let go after some minutes."""
        super().hideEvent(event)
        self.chat.keeper.set_seen(False)


def _in_a_line(error: UserError) -> str:
    return " ".join(part for part in (error.title, error.reason, error.hint) if part)
