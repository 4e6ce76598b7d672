"""The window's questions, answered by a real model process."""

from __future__ import annotations

import shutil

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app import answer_thread
from app.answer_thread import ADAPTER, BASE, Question, Side
from app.answers import Answers, State
from app.chatting import Chatting
from app.session import Session
from core.chat.conversation import Part
from core.dataset.example import Example
from core.errors import UserError
from core.evaluation.answers import answer
from core.generation.client import ModelProcess
from core.generation.sampling import Sampling
from core.project import Project


@pytest.mark.slow
def test_base_and_adapter_answer_from_a_process_of_their_own(qtbot: QtBot, trained_run, tiny_examples) -> None:
    made: list[ModelProcess] = []

    def make(settings):
        made.append(ModelProcess(settings.base, settings))
        return made[0]

    answers = Answers(make)
    texts = {BASE: "", ADAPTER: ""}
    ends, failures = {}, []
    answers.written.connect(lambda side, text: texts.update({side: texts[side] + text}))
    answers.answered.connect(lambda side, token: ends.update({side: token}))
    answers.failed.connect(failures.append)
    asked, sampling = tiny_examples[0], Sampling(max_new_tokens=24)
    question = Question((Side(BASE, asked), Side(ADAPTER, asked, ((trained_run.adapter, 1.0),))), sampling)
    answers.ask(trained_run.recipe().model, question)
    qtbot.waitUntil(lambda: not answers.busy, timeout=60_000)
    assert failures == []
    assert texts[ADAPTER]
    assert texts[BASE] != texts[ADAPTER]
    assert all(0 < token.tokens <= 24 for token in ends.values())
    assert answers.state is State.READY
    process = psutil.Process(made[0].pid)
    answers.release()
    qtbot.waitUntil(lambda: not answer_thread._living, timeout=10_000)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_chat_of_base_adapter_and_mix_on_one_model(
    qtbot: QtBot, tmp_path, monkeypatch, make_trained, trained_run, tiny_examples
) -> None:
    """Each answers as it does alone, whatever was on the base model before; a weak mix lies near the base model."""
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    model = trained_run.recipe().model
    with Project.create(tmp_path / "project", recipe=trained_run.recipe()) as project:
        runs = (trained_run, make_trained(seed=88))
        for number, run in enumerate(runs, start=1):
            shutil.copytree(run.path, project.runs_folder / f"{number:04d}-animals")
        session = Session()
        session.use(project)
        chat = Chatting(session)
        qtbot.waitUntil(lambda: chat.loaded)
        assert [column.kind for column in chat.conversation.columns] == ["base", "adapter"]
        chat.add_column("adapter", Part(key="0002-animals"))
        mix = (Part(key="0001-animals", weight=0.5), Part(key="0002-animals", weight=0.5))
        chat.add_column("adapter", *mix)
        chat.set_sampling(Sampling(max_new_tokens=24))
        problems: list[UserError] = []
        chat.failed.connect(problems.append)
        chat.send(tiny_examples[0].prompt)
        qtbot.waitUntil(lambda: not chat.busy or bool(problems), timeout=60_000)
        assert problems == []
        assert chat.problems == {}
        said = {column: one.text for column, one in chat.conversation.exchanges[0].answers.items()}
        chat.keeper.answers.release()
        session.close()
        qtbot.waitUntil(lambda: not answer_thread._living, timeout=10_000)
    asked = Example(instruction=tiny_examples[0].prompt)
    with ModelProcess(model.base, model) as process:

        def alone(*adapters) -> str:
            return answer(process, asked, adapters=adapters, sampling=Sampling(max_new_tokens=24)).text

        one, two = (run.adapter for run in runs)
        assert said[1] == alone()
        assert said[3] == alone((two, 1.0))
        assert said[4] == alone((one, 0.5), (two, 0.5))
        assert said[2] in (alone((one, 1.0)), alone((two, 1.0))), "the newest one"
    assert len(set(said.values())) >= 3
