"""The conversation under way: asks the models, takes down what they say, keeps it with the project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app import chat_facts
from app.answers import MakeModel, model_process
from app.chat_facts import ChatFacts, Opened
from app.chat_replies import ChatReplies
from app.latest import Latest
from app.model_keeper import ModelKeeper
from app.session import Session
from core.chat import conversation as conversations
from core.chat.conversation import Column, Conversation, Part, Said
from core.dataset.example import Example, Split
from core.errors import UserError

if TYPE_CHECKING:
    from core.chat.conversation import Kind
    from core.dataset.change import Change
    from core.generation.client import Token
    from core.generation.sampling import Sampling
    from core.project import Project

SAVE_MS = 400  # after the last change


class Chatting(QObject):
    """Holds the conversation of the open project; each verb of the user is a method.

    Attributes:
        conversation: as it is now, with what is being written.
        facts: what there is to talk to.
        problems: why a column has not answered a message: (message, column) -> the error.
        replies: the answers that are being written.
        loaded: whether the project's conversation has been read.
    """

    changed = Signal()
    """Another conversation, other columns or messages."""
    facts_changed = Signal()
    """``facts`` are other ones."""
    said_changed = Signal(int, int)
    """(message, column): its answer came, ended, or cannot come."""
    written = Signal(int, int, str)
    """(message, column, some more text)"""
    state_changed = Signal()
    """The model is doing something else, or may not be asked."""
    failed = Signal(object)
    """(UserError)"""

    def __init__(self, session: Session, *, make: MakeModel = model_process, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.keeper = ModelKeeper(session, make=make, parent=self)
        self.answers = self.keeper.answers
        self.replies = ChatReplies(self.keeper, self)
        self.conversation = Conversation()
        self.facts = ChatFacts()
        self.problems: dict[tuple[int, int], UserError] = {}
        self.loaded = False
        self._project: Project | None = None
        self._unsaved = False
        self._touched = False  # the user has chosen who answers
        self._opener = Latest(self._on_opened, failed=self.failed.emit, parent=self)
        self._reader = Latest(self._on_facts, failed=self.failed.emit, parent=self)
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_MS)
        self._save.timeout.connect(self.save)
        self.keeper.changed.connect(self.state_changed)
        self.answers.state_changed.connect(lambda _: self.state_changed.emit())
        self.replies.written.connect(self._on_written)
        self.replies.ended.connect(self._on_ended)
        self.replies.refused.connect(self._on_refused)
        self.replies.over.connect(self._on_over)
        self.replies.failed.connect(self.failed)
        session.project_changed.connect(self._on_project)
        session.runs_changed.connect(self.refresh)
        session.recipe_changed.connect(lambda _: self.refresh())
        session.examples_changed.connect(self._on_examples)
        session.hand_over.connect(self.save)
        self._on_project()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self.replies.number is not None

    @property
    def may_ask(self) -> bool:
        """Whether something can be asked now."""
        return self._project is not None and self.loaded and not self.busy and not self.keeper.is_blocked

    @property
    def may_keep(self) -> bool:
        """Whether the project takes what is written here."""
        return self._project is not None and not self._project.read_only

    # What the user says

    def send(self, text: str, example: Example | None = None) -> None:
        """Say something to all columns; an ``example`` is asked as it stands, as a new conversation."""
        if self.may_ask and text.strip():
            said = self.conversation.sent_example(example) if example is not None else self.conversation.sent(text)
            self._set(said)
            self._ask(len(said.exchanges) - 1)

    def edit(self, number: int, text: str) -> None:
        """Say something else in the place of an earlier message; what came after it goes."""
        if self.may_ask and text.strip():
            self._forget_problems(number)
            self._set(self.conversation.edited(number, text))
            self._ask(number)

    def again(self, number: int, column: int | None = None) -> None:
        """Have the answers to a message, or one of them, written anew."""
        if self.may_ask:
            self._set(self.conversation.drawn_anew(number))
            self._ask(number, [column] if column is not None else ())

    def stop(self) -> None:
        """End the answers that are being written."""
        self.replies.stop()

    def clear(self) -> Conversation:
        """Forget what was said; gives what :meth:`restore` takes."""
        self.stop()
        before = self.conversation
        self.problems.clear()
        self._set(before.cleared())
        return before

    def restore(self, conversation: Conversation) -> None:
        """Go back to a conversation as it was."""
        self.stop()
        self.problems.clear()
        self._set(conversation)

    def correct(self, number: int, column: int, text: str, *, done: Callable[[list[int], bool], object]) -> None:
        """Keep a better answer as an example of the project, with the bad one as rejected.

        Args:
            number: the message.
            column: whose answer it was.
            text: what it should have said.
            done: told the numbers of the new examples (one), and whether they are held out for good.
        """
        project, example = self._project, self.conversation.corrected(number, column, text)
        if project is None or not example.output:
            return
        said = self._said(number, column)

        def kept(change: Change) -> None:
            if project is self._project:
                self._set(self.conversation.bettered(number, column, said, change.added[0]))
            self._session.apply(change)
            done(list(change.added), example.split is Split.HELDOUT)

        self._session.write(lambda: project.store.add([example], label="Correct an answer"), done=kept)

    # Settings

    def set_system(self, text: str) -> None:
        """Another system prompt, from the next message on."""
        self._keep(self.conversation.model_copy(update={"system": text}))

    def set_sampling(self, sampling: Sampling) -> None:
        """Draw the next answers like this."""
        self._keep(self.conversation.model_copy(update={"sampling": sampling}))

    def add_column(self, kind: Kind, *parts: Part) -> None:
        """One more who answers."""
        self._touched = True
        self._set(self.conversation.with_column(kind, *parts))
        self.refresh()

    def set_column(self, column: Column) -> None:
        """Have somebody else answer in a column."""
        before = self.conversation.column(column.id)
        if before is None or before == column:
            return
        self._touched = True
        self._keep(self.conversation.set_column(column))
        self.facts_changed.emit()
        if {part.run for part in before.parts} != {part.run for part in column.parts}:
            self.refresh()

    def remove_column(self, id: int) -> None:
        """One less."""
        self._touched = True
        if id in self.replies.columns:
            self.stop()
        self._set(self.conversation.without_column(id))
        self.refresh()

    def show_adapter(self, key: str) -> None:
        """Have an adapter among those who answer: in a column of its own, or in the place of the last one."""
        conversation, part = self.conversation, Part(key=key)
        if any(column.parts == (part,) for column in conversation.columns):
            return
        adapters = [column for column in conversation.columns if column.kind == "adapter"]
        if len(conversation.columns) < conversations.MOST_COLUMNS and not adapters:
            self.add_column("adapter", part)
        else:
            last = (adapters or conversation.columns)[-1]
            self.set_column(Column(id=last.id, kind="adapter", parts=(part,)))

    # Asking

    def _ask(self, number: int, columns: Sequence[int] = ()) -> None:
        project = self._project
        assert project is not None
        columns = list(columns) or [column.id for column in self.conversation.columns]
        asked = self.conversation
        for column in columns:
            self.problems.pop((number, column), None)
            self._take_down(number, column, Said(by=self._title(column)))
        self.replies.ask(project, asked, number, columns)
        self.changed.emit()
        self.state_changed.emit()

    def _on_written(self, number: int, column: int, text: str) -> None:
        said = self._said(number, column)
        text = text if said.text else text.lstrip()
        self._take_down(number, column, said.model_copy(update={"text": said.text + text}))
        self.written.emit(number, column, text)

    def _on_ended(self, number: int, column: int, token: Token | None) -> None:
        said = self._said(number, column)
        found: dict[str, object] = {"text": said.text.rstrip(), "end": "cancelled"}
        if token is not None:
            numbers = {"tokens": token.tokens, "seconds": token.seconds, "prompt_tokens": token.prompt_tokens}
            found |= {"end": token.end, **numbers}
        self._take_down(number, column, said.model_copy(update=found))
        self.said_changed.emit(number, column)

    def _on_refused(self, number: int, column: int, error: UserError) -> None:
        self.problems[number, column] = error
        self._take_down(number, column, None)
        self.said_changed.emit(number, column)

    def _on_over(self) -> None:
        self._save_soon()
        self.state_changed.emit()

    def _said(self, number: int, column: int) -> Said:
        return self.conversation.exchanges[number].answers[column]

    def _take_down(self, number: int, column: int, said: Said | None) -> None:
        self.conversation = self.conversation.answered(number, column, said)
        self._unsaved = True

    def _title(self, column: int) -> str:
        found = self.conversation.column(column)
        return self.facts.title(found) if found is not None else ""

    # The project

    def refresh(self) -> None:
        """Look again what there is to talk to."""
        project, conversation = self._project, self.conversation
        if project is not None and self.loaded:
            self._reader.ask(lambda: chat_facts.read(project, conversation))

    def _on_examples(self, *_: object) -> None:
        if self.conversation.better:
            self.refresh()  # one of these may have been removed, or be there again

    def save(self) -> None:
        """Have what was said written to the project's folder."""
        self._save.stop()
        project = self._project
        if project is not None and self._unsaved and self.may_keep:
            self._unsaved = False
            self._session.write(partial(conversations.save, project.path, self.conversation))

    def _on_project(self) -> None:
        self._opener.forget()
        self._reader.forget()
        self.replies.forget()
        self._save.stop()
        self.problems.clear()
        self.loaded = self._unsaved = False
        self.conversation, self.facts = Conversation(), ChatFacts()
        project = self._project = self._session.project
        self.changed.emit()
        self.state_changed.emit()
        if project is not None:
            self._opener.ask(lambda: chat_facts.opened(project))

    def _on_opened(self, opened: Opened) -> None:
        self.conversation, self.facts, self.loaded = opened.conversation, opened.facts, True
        self._touched = opened.conversation.columns not in (Conversation().columns, self._beginning().columns)
        self.facts_changed.emit()
        self.changed.emit()
        self.state_changed.emit()

    def _on_facts(self, facts: ChatFacts) -> None:
        if facts == self.facts:
            return
        self.facts = facts
        self.facts_changed.emit()
        if not self._touched and not self.conversation.exchanges and self._beginning() != self.conversation:
            self._set(self._beginning())  # the newest adapter is another, or the first one has come
            self.refresh()

    def _beginning(self) -> Conversation:
        """The conversation with the columns that a new one has."""
        return self.conversation.beginning_with(next(iter(self.facts.adapters), ""))

    def _set(self, conversation: Conversation) -> None:
        self._keep(conversation)
        self.changed.emit()

    def _keep(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self._save_soon()

    def _save_soon(self) -> None:
        self._unsaved = True
        if self.loaded and self.may_keep:
            self._save.start()

    def _forget_problems(self, start: int) -> None:
        self.problems = {place: error for place, error in self.problems.items() if place[0] < start}
