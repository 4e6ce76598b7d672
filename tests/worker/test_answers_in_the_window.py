"""The window's questions, answered by a real model process."""

from __future__ import annotations

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app import answer_thread
from app.answer_thread import ADAPTER, BASE, Question, Side
from app.answers import Answers, State
from core.generation.client import ModelProcess
from core.generation.sampling import Sampling


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
