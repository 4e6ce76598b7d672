"""Whatever is clicked in whatever order in the chat: the screen shows the conversation, and the disk has it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_model import FakeModels
from library_bench import checkpoint_of, run_of
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import answer_thread
from app.pages.chat_view import ChatView
from app.session import Session
from core.chat import conversation as conversations
from core.chat.conversation import Column, Conversation, Part
from core.dataset.example import Example, Split
from core.errors import ModelError
from core.project import Project


class Monkey:
    """Does one of the things that a person can do."""

    def __init__(self, view: ChatView, models: FakeModels, keys: list[str], seed: int) -> None:
        self._view, self._models, self._keys = view, models, keys
        self._dice = random.Random(seed)
        self._earlier: list[Conversation] = []

    def act(self) -> None:
        acts: list[Callable[[], object]] = [
            *[self._send] * 3,
            self._view.chat.stop,
            self._edit,
            self._again,
            self._view.add_column,
            self._remove,
            self._clear_or_restore,
            *[self._set] * 2,
            self._view.composer.heldout.next,
            self._trouble,
            self._correct,
        ]
        self._dice.choice(acts)()

    def _send(self) -> None:
        self._view.composer.message.setPlainText(self._dice.choice(["Hello", "<b>x</b>", "two\nlines"]))
        self._view.composer.send.click()

    def _edit(self) -> None:
        if self._view.list.items:
            self._view.list.edited.emit(self._dice.choice(self._view.list.items).number, "Otherwise")

    def _again(self) -> None:
        if self._view.list.items:
            self._view.list.again_wanted.emit(self._dice.choice(self._view.list.items).number, self._column())

    def _remove(self) -> None:
        self._view.chat.remove_column(self._column())

    def _clear_or_restore(self) -> None:
        if self._earlier and self._dice.random() < 0.5:
            self._view.chat.restore(self._earlier.pop())
        elif self._dice.random() < 0.4:
            self._earlier.append(self._view.chat.clear())

    def _set(self) -> None:
        kind = self._dice.choice(["base", "prompt", "adapter", "adapter"])
        keys = self._dice.sample(self._keys, self._dice.randint(1, 3)) if kind == "adapter" else []
        parts = tuple(Part(key=key, weight=self._dice.choice([0, 0.5, 1])) for key in keys)
        column = self._column()
        self._view.heads[column].changed.emit(Column(id=column, kind=kind, parts=parts))

    def _trouble(self) -> None:
        if self._models.made:
            model = self._models.made[-1]
            kind = self._dice.randrange(4)
            if kind == 0:
                model.die()
            elif kind == 1:
                model.problem = ModelError("It is damaged.")
            else:
                (model.may_write.clear if kind == 2 else model.may_write.set)()

    def _correct(self) -> None:
        if self._view.list.items:
            for answer in self._dice.choice(self._view.list.items).answers.values():
                answer.begin_correction()

    def _column(self) -> int:
        return self._dice.choice(self._view.chat.conversation.columns).id


@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_clicks(qtbot: QtBot, tmp_path: Path, seed: int) -> None:
    project = Project.create(tmp_path / "project")
    project.store.add([Example(instruction=f"Q{n}", input="x", output="A", split=Split.HELDOUT) for n in range(3)])
    project.store.add([Example(instruction=f"T{n}", output="A", split=Split.TRAIN) for n in range(3)])
    first, second = run_of(project, "one"), run_of(project, "two")
    checkpoint_of(first, 100)
    models, session = FakeModels(), Session()
    session.use(project)
    view = ChatView(session, make=models)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    qtbot.waitUntil(lambda: view.chat.loaded)
    monkey = Monkey(view, models, [first.name, second.name, f"{first.name}@100", "0099-gone"], seed)
    for _ in range(200):
        monkey.act()
        QApplication.processEvents()
        talk = view.chat.conversation
        assert set(view.heads) == {column.id for column in talk.columns}
        assert view.list.first + len(view.list.items) == len(talk.exchanges)
        assert all(list(item.answers) == [column.id for column in talk.columns] for item in view.list.items)
    for model in models.made:
        model.may_write.set()
    qtbot.waitUntil(lambda: not view.chat.busy)
    session.hand_over.emit()
    session.wait()
    assert conversations.load(project.path) == view.chat.conversation
    view.chat.keeper.answers.release()
    session.close()
    qtbot.waitUntil(lambda: not answer_thread._living)
