"""Each rule finds what was planted for it, and leaves in peace what only looks like it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from planted import PLANTED, background

from core.dataset.example import Example
from core.dataset.review import RULES, Finding, whitespace
from core.dataset.review.looks import look

Reviewed = Callable[..., list[Finding]]


def test_every_rule_has_its_cases() -> None:
    assert {rule.id for rule in RULES} == {*PLANTED, "too-long", "cannot-be-trained"}
    assert all(len(planted.positives) >= 3 and len(planted.negatives) >= 3 for planted in PLANTED.values())


@pytest.mark.parametrize("rule", PLANTED)
def test_planted_faults_are_found_and_nothing_else(reviewed: Reviewed, rule: str) -> None:
    others = background(200)
    cases = [(case, True) for case in PLANTED[rule].positives] + [(case, False) for case in PLANTED[rule].negatives]
    examples: list[Example] = list(others)
    faulty: dict[int, tuple[Example, ...]] = {}
    fine: dict[int, tuple[Example, ...]] = {}
    for case, is_fault in cases:
        for example in case:
            examples.append(example)
            (faulty if is_fault else fine)[len(examples)] = case
    findings = reviewed(*examples, rule=rule)
    found = {id for finding in findings for id in finding.examples}
    missed = {
        case for id, case in faulty.items() if not any(other in found for other, c in faulty.items() if c is case)
    }
    alarms = [
        (finding.message, examples[id - 1]) for finding in findings for id in finding.examples if id not in faulty
    ]
    assert not missed
    assert not alarms


def test_places_are_those_of_the_field(reviewed: Reviewed) -> None:
    examples = [example for planted in PLANTED.values() for case in planted.positives for example in case]
    examples += background(200)
    for finding in reviewed(*examples):
        example = examples[finding.examples[0] - 1]
        if finding.start >= 0:
            texts = [turn.content for turn in example.history] if finding.field == "history" else []
            text = "\n".join(texts) or getattr(example, finding.field)
            assert 0 <= finding.start < finding.end <= len(text), finding


def test_ordinary_examples_are_fine(reviewed: Reviewed) -> None:
    assert reviewed(*background(200)) == []


def test_conflicts_quote_what_is_answered(reviewed: Reviewed) -> None:
    case = [Example("Sort this", output=text) for text in ("a", "b", "b", "c " * 40, "d")]
    (finding,) = reviewed(*case, rule="different-outputs")
    assert finding.message == f"Asked 5 times, answered “a”, “b”, “{'c ' * 19}c…” and others."
    (finding,) = reviewed(*case[:2], rule="different-outputs")
    assert finding.message == "Asked twice, answered “a” and “b”."


def test_broken_letters_say_what_was_meant(reviewed: Reviewed) -> None:
    (finding,) = reviewed(Example("a", output="Die\nTÃ¼r ist zu."), rule="broken-encoding")
    assert (finding.message, finding.start, finding.end) == ("“TÃ¼r” was meant to be “Tür”.", 4, 8)


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "(",
        "<",
        "`",
        "```\n",
        "<a ",
        "</a>",
        "{{a",
        "_",
        "1 ",
        "+1 ",
        "a@",
        "a.a@a.",
        "\n ",
        " ",
        "ai ",
        "x\u200b",
        "Ã¼",
        "&amp;",
        "$%",
        "12-",
    ],
)
def test_texts_made_to_take_for_ever_do_not(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    for example in (Example("a", output=text), Example(text, output=f"{text}x")):
        assert look(example).size >= len(text)
        whitespace.trimmed(text)


def test_very_long_near_duplicates(reviewed: Reviewed) -> None:
    words = [f"{word}{'abcdefghij'[at % 10]}" for at, word in enumerate(["boat", "lamp", "gate", "mill"] * 10_000)]
    other = [*words[:20_000], "oar", *words[20_001:]]
    case = [Example("Copy this text.", output=" ".join(text)) for text in (words, other)]
    (finding,) = reviewed(*case, rule="near-duplicates")
    assert finding.examples == (1, 2)
