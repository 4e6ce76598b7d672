"""Questions reach the model, answers come back piece by piece, and no thread or process is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_model import ADAPTER_WORDS, BASE_WORDS, FakeModel, FakeModels
from pytestqt.qtbot import QtBot

from app import answer_thread
from app.answer_thread import ADAPTER, BASE, Question, Side
from app.answers import Answers, State
from core.dataset.example import Example
from core.errors import ModelError, UserError
from core.generation.client import Token
from core.generation.sampling import EXACT
from core.recipe.schema import ModelSettings

STARTER = ModelSettings()
OTHER = ModelSettings(base="other/model")
ASKED = Example(instruction="Say it.")
QUESTION = Question(
    (Side(BASE, ASKED), Side(ADAPTER, ASKED, ((Path("adapter"), 1.0),))), EXACT.with_(max_new_tokens=20)
)


class Heard:
    """An ``Answers`` and all that it said."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.states: list[State] = []
        self.texts: dict[str, str] = {BASE: "", ADAPTER: ""}
        self.pieces = 0
        self.ends: list[tuple[str, Token]] = []
        self.failures: list[UserError] = []
        answers.state_changed.connect(self.states.append)
        answers.written.connect(self._on_written)
        answers.answered.connect(lambda side, token: self.ends.append((side, token)))
        answers.failed.connect(self.failures.append)

    def _on_written(self, side: str, text: str) -> None:
        self.texts[side] += text
        self.pieces += 1


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def heard(qtbot: QtBot, models: FakeModels) -> Iterator[Heard]:
    answers = Answers(models)
    yield Heard(answers)
    answers.release()
    qtbot.waitUntil(lambda: not answer_thread._living)
    assert all(model.closed.is_set() for model in models.made)


def only(models: FakeModels) -> FakeModel:
    assert len(models.made) == 1
    return models.made[0]


def answered(qtbot: QtBot, heard: Heard) -> None:
    qtbot.waitUntil(lambda: not heard.answers.busy)


def test_both_sides_answer_one_after_the_other(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    heard.answers.ask(STARTER, QUESTION)
    assert heard.answers.busy
    answered(qtbot, heard)
    assert heard.texts == {BASE: BASE_WORDS, ADAPTER: ADAPTER_WORDS}
    assert heard.states == [State.LOADING, State.ANSWERING, State.READY]
    assert [(side, token.end, token.tokens) for side, token in heard.ends] == [
        (BASE, "end", 4),
        (ADAPTER, "end", 8),
    ]
    assert [adapter for _, adapter, _ in only(models).asked] == [None, Path("adapter")]
    assert only(models).asked[0][2] == {"max_new_tokens": 20}
    assert heard.answers.device == "a test"


def test_text_is_shown_while_the_rest_is_still_being_written(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    models.hold_writing = True
    heard.answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: heard.texts[BASE] == "Order")
    assert heard.ends == []
    only(models).may_write.set()
    answered(qtbot, heard)
    assert heard.texts[BASE] == BASE_WORDS
    assert heard.pieces > 2


def test_the_process_is_kept_for_the_next_question(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    for _ in range(2):
        heard.answers.ask(STARTER, QUESTION)
        answered(qtbot, heard)
    assert only(models).starts == 1
    assert heard.states[3:] == [State.ANSWERING, State.READY]


def test_another_base_model_takes_the_place_of_the_first(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    heard.answers.ask(OTHER, QUESTION)
    answered(qtbot, heard)
    assert [model.settings for model in models.made] == [STARTER, OTHER]
    assert models.made[0].closed.wait(5)
    assert models.made[1].alive


def test_stop_ends_both_answers_and_the_next_question_is_answered(
    qtbot: QtBot, heard: Heard, models: FakeModels
) -> None:
    models.hold_writing = True
    heard.answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: bool(heard.texts[BASE]))
    heard.answers.stop()
    assert [(side, token.end) for side, token in heard.ends] == [(BASE, "cancelled"), (ADAPTER, "cancelled")]
    assert heard.answers.state is State.READY
    only(models).may_write.set()
    heard.texts[BASE] = ""
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    assert heard.texts == {BASE: BASE_WORDS, ADAPTER: ADAPTER_WORDS}


def test_stop_while_loading_lets_the_process_go(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    models.hold_loading = True
    heard.answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: only(models).starts == 1)
    heard.answers.stop()
    assert heard.answers.state is State.AWAY
    assert not heard.answers.busy
    assert len(heard.ends) == 2
    assert only(models).closed.wait(5)


def test_a_question_that_nobody_wants_any_more_leaves_the_model_loading(
    qtbot: QtBot, heard: Heard, models: FakeModels
) -> None:
    models.hold_loading = True
    heard.answers.ask(STARTER, QUESTION)
    heard.answers.drop()
    assert heard.answers.state is State.LOADING
    only(models).loaded.set()
    qtbot.waitUntil(lambda: heard.answers.state is State.READY)
    assert heard.texts == {BASE: "", ADAPTER: ""}


def test_a_model_that_cannot_be_loaded_is_told_and_tried_anew(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    models.hold_loading = True
    heard.answers.ask(STARTER, QUESTION)
    only(models).load_problem = ModelError("It is not here.")
    qtbot.waitUntil(lambda: bool(heard.failures))
    assert heard.failures[0].title == "It is not here."
    assert heard.answers.state is State.AWAY
    models.hold_loading = False
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    assert heard.texts[ADAPTER] == ADAPTER_WORDS


def test_an_answer_that_fails_leaves_the_process(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    only(models).problem = ModelError("The adapter is damaged.")
    heard.answers.ask(STARTER, replace(QUESTION, sides=QUESTION.sides[1:]))
    qtbot.waitUntil(lambda: bool(heard.failures))
    assert heard.answers.state is State.READY
    assert only(models).alive


def test_what_nobody_foresaw_is_told_with_its_traceback(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    only(models).problem = ZeroDivisionError("oh")
    heard.answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: bool(heard.failures))
    assert "ZeroDivisionError" in heard.failures[0].details


def test_a_process_that_dies_is_told_and_another_is_started(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    models.hold_writing = True
    heard.answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: bool(heard.texts[BASE]))
    only(models).die()
    qtbot.waitUntil(lambda: bool(heard.failures))
    assert "unexpectedly" in heard.failures[0].title
    assert heard.answers.state is State.AWAY
    models.hold_writing = False
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    assert len(models.made) == 2


def test_after_release_nothing_more_is_heard(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    models.hold_writing = True
    heard.answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: bool(heard.texts[BASE]))
    heard.answers.release()
    assert [token.end for _, token in heard.ends] == ["cancelled", "cancelled"]
    before = dict(heard.texts)
    qtbot.waitUntil(lambda: not answer_thread._living)
    assert heard.texts == before
    assert heard.failures == []


def test_the_thread_ends_with_its_owner(qtbot: QtBot, models: FakeModels) -> None:
    answers = Answers(models)
    models.hold_writing = True
    answers.ask(STARTER, QUESTION)
    qtbot.waitUntil(lambda: only(models).writing.is_set())
    answers.deleteLater()
    qtbot.waitUntil(lambda: not answer_thread._living)
    assert only(models).closed.is_set()


def test_one_side_alone(qtbot: QtBot, heard: Heard, models: FakeModels) -> None:
    heard.answers.ask(STARTER, replace(QUESTION, sides=QUESTION.sides[:1]))
    answered(qtbot, heard)
    heard.answers.ask(STARTER, replace(QUESTION, sides=QUESTION.sides[1:]))
    answered(qtbot, heard)
    assert [adapter for _, adapter, _ in only(models).asked] == [None, Path("adapter")]
    assert [side for side, _token in heard.ends] == [BASE, ADAPTER]


def test_one_of_several_that_cannot_answer_leaves_the_others_alone(
    qtbot: QtBot, heard: Heard, models: FakeModels
) -> None:
    damaged, whole = Path("damaged"), Path("whole")
    refused: list[tuple[str, UserError]] = []
    heard.answers.refused.connect(lambda side, error: refused.append((side, error)))
    heard.answers.written.disconnect(heard._on_written)
    heard.answers.ask(STARTER, QUESTION)
    answered(qtbot, heard)
    only(models).refusals[damaged] = ModelError("The adapter is damaged.")
    sides = [Side(path.name, ASKED, ((path, 0.5), (whole, 0.25))) for path in (damaged, whole)]
    heard.answers.ask(STARTER, Question((*sides, Side("last", ASKED)), EXACT))
    answered(qtbot, heard)
    assert [(side, error.title) for side, error in refused] == [("damaged", "The adapter is damaged.")]
    assert [side for side, _ in heard.ends[2:]] == ["whole", "last"]
    assert only(models).weights[-2] == ((whole, 0.5), (whole, 0.25))
    assert heard.failures == []
    assert heard.answers.state is State.READY
    heard.answers.ask(STARTER, Question(tuple(sides[:1]), EXACT))
    answered(qtbot, heard)
    assert [error.title for error in heard.failures] == ["The adapter is damaged."], "nobody else is there to answer"
