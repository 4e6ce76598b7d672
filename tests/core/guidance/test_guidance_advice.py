"""The advice follows the order: a prompt first, retrieval for knowledge, fine-tuning for behaviour."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guidance.advice import TITLES, Way, advise, wants_behaviour, wants_facts
from core.guidance.purpose import Purpose
from core.guidance.questions import QUESTIONS, question


def purpose(**answers: str) -> Purpose:
    return Purpose(answers={id: tuple(said.split(",")) for id, said in answers.items()})


@pytest.mark.parametrize(
    ("answers", "way"),
    [
        ({}, Way.UNKNOWN),
        ({"privacy": "no"}, Way.UNKNOWN),
        ({"lacks": "tone", "prompt": "nothing"}, Way.PROMPT),
        ({"lacks": "task", "prompt": "short"}, Way.PROMPT),
        ({"lacks": "tone", "prompt": "enough"}, Way.PROMPT),
        ({"prompt": "enough"}, Way.PROMPT),
        ({"lacks": "tone", "prompt": "enough", "volume": "many"}, Way.TUNING),
        ({"lacks": "knowledge"}, Way.RETRIEVAL),
        ({"lacks": "knowledge", "prompt": "nothing"}, Way.RETRIEVAL),
        ({"lacks": "tone", "prompt": "careful"}, Way.TUNING),
        ({"lacks": "form"}, Way.TUNING),
        ({"lacks": "tone,knowledge", "prompt": "careful"}, Way.BOTH),
        ({"lacks": "task", "prompt": "careful", "sources": "yes"}, Way.BOTH),
        ({"lacks": "form", "prompt": "careful", "changes": "daily"}, Way.BOTH),
    ],
)
def test_the_way_that_is_advised(answers: dict[str, str], way: Way) -> None:
    advice = advise(purpose(**answers))
    assert advice.way is way
    assert advice.title == TITLES[way]
    assert bool(advice.next) is (way is not Way.UNKNOWN)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            item.id: st.lists(
                st.sampled_from([choice.id for choice in item.choices]),
                min_size=1,
                max_size=4 if item.several else 1,
                unique=True,
            )
            for item in QUESTIONS
        },
    )
)
def test_whatever_is_answered_the_advice_has_reasons_and_keeps_the_order(answers: dict[str, list[str]]) -> None:
    said = Purpose(answers=answers)
    advice = advise(said)
    if advice.way is Way.UNKNOWN:
        return
    assert advice.reasons or not wants_facts(said) or advice.way in (Way.TUNING, Way.RETRIEVAL)
    if advice.way in (Way.TUNING, Way.BOTH):
        assert wants_behaviour(said)
        assert not said.has("prompt", "nothing", "short")
        assert advice.next[0].startswith("Write down what the model should do")
        assert advice.reasons
    if advice.way is Way.TUNING:
        assert not wants_facts(said)
    for text in itertools.chain(advice.reasons, advice.next, advice.cautions):
        assert text.endswith((".", "?", ")"))


def test_few_examples_are_a_caution_only_where_there_is_something_to_train() -> None:
    assert "Fewer than 20" in advise(purpose(lacks="tone", examples="few")).cautions[0]
    assert not advise(purpose(lacks="knowledge", examples="few")).cautions


def test_a_purpose_keeps_what_is_an_answer_and_nothing_else() -> None:
    table = {
        "goal": "Letters\x00",
        "lacks": ["tone", "nonsense"],
        "sources": ["yes", "no"],
        "other": ["x"],
        "budget": 7,
    }
    found = Purpose.of_stored(table)
    assert found.answers == {"lacks": ("tone",), "sources": ("no",)}
    assert "\x00" not in found.goal
    assert found.open == ["changes", "prompt", "examples", "privacy", "volume", "budget"]
    assert Purpose.of_stored(found.stored()) == found
    assert Purpose.of_stored({"goal": 3, "lacks": "tone"}).answers == {"lacks": ("tone",)}


def test_an_answer_can_be_taken_back() -> None:
    said = Purpose().with_answer("sources", ("yes",))
    assert said.has("sources", "yes")
    assert said.with_answer("sources", ()).is_empty


def test_every_question_says_why_it_is_asked() -> None:
    for item in QUESTIONS:
        assert item.title.endswith("?")
        assert item.why.endswith(".")
        assert len({choice.id for choice in item.choices}) == len(item.choices) > 1
    assert question("lacks").words("tone").startswith("It does not sound")
    with pytest.raises(KeyError):
        question("nothing")
