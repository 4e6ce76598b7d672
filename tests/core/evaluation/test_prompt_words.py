"""What is said of the best prompt before anything is trained."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core.evaluation import prompt_words


def report(base: dict[str, Any], prompt: dict[str, Any]) -> Any:
    def figures(key: str, values: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(system=SimpleNamespace(key=key), answered=10, **values)

    return SimpleNamespace(figures=[figures("base", base), figures("prompt", prompt)])


def test_a_prompt_that_helps() -> None:
    said = prompt_words.lines(
        report(
            {"exact": 0.0, "chrf": 21.0, "prompt_tokens": 24.0}, {"exact": 0.4, "chrf": 62.4, "prompt_tokens": 310.0}
        )
    )
    assert said[0] == "4 of 10 answers are exactly what was expected with the prompt, 0 of 10 without."
    assert "brings the answers closer" in said[1]
    assert "chrF 21 without, 62 with it" in said[1]
    assert "310 tokens with the prompt, 24 without" in said[2]
    assert "what the adapter has to beat" in said[3]


def test_a_prompt_that_is_enough() -> None:
    figures = {"exact": 0.1, "chrf": 88.0, "prompt_tokens": 90.0}
    said = prompt_words.lines(report({"exact": 0.0, "chrf": 50.0, "prompt_tokens": 20.0}, figures))
    assert "nothing left to train" in said[-1]


def test_a_prompt_that_harms_or_changes_nothing() -> None:
    worse = {"exact": 0.0, "chrf": 20.0, "prompt_tokens": 90.0}
    assert (
        "makes the answers worse"
        in prompt_words.lines(report({"exact": 0.0, "chrf": 50.0, "prompt_tokens": 20.0}, worse))[1]
    )
    same = {"exact": None, "chrf": 51.0, "prompt_tokens": 90.0}
    assert "changes little" in prompt_words.lines(report({"exact": None, "chrf": 50.0, "prompt_tokens": 20.0}, same))[0]


def test_nothing_is_said_before_there_are_answers() -> None:
    empty = report({"exact": None}, {"exact": None})
    empty.figures[1].answered = 0
    assert prompt_words.lines(empty) == []
