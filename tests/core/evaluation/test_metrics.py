"""Scores of single answers: what sacrebleu and rouge-score say, for every script."""

from __future__ import annotations

from pathlib import Path

import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from core.dataset.example import Example
from core.evaluation import comparison as comparing
from core.evaluation import metrics
from core.evaluation.comparison import Answered, Case, Comparison, System, dump_row
from core.evaluation.results import Results
from core.evaluation.style import StyleRule
from core.recipe.schema import ModelSettings

PAIRS = [
    ("The cat sat on the mat.", "A cat was sitting on the mat"),
    ("yes", "yes"),
    ("", "something"),
    ("Completely different words here", "nothing of it"),
]


@pytest.mark.parametrize(("answer", "expected"), PAIRS)
def test_they_are_those_of_the_libraries(answer: str, expected: str) -> None:
    assert metrics.chrf(answer, expected) == sacrebleu.sentence_chrf(answer, [expected]).score
    assert metrics.rouge_l(answer, expected) == RougeScorer(["rougeL"]).score(expected, answer)["rougeL"].fmeasure


def test_words_of_every_script_count() -> None:
    assert metrics.rouge_l("Der Bär schläft", "Der Bär schläft tief") == pytest.approx(6 / 7)
    assert metrics.rouge_l("собака лает", "собака лает") == 1
    assert metrics.rouge_l("собака лает", "кошка мяукает") == 0


@pytest.mark.parametrize("text", ["犬は吠える。", "狗在叫", "สุนัขเห่า", "Python で犬を呼ぶ方法を説明します"])
def test_without_spaces_there_is_no_rouge(text: str) -> None:
    assert metrics.rouge_l(text, text) is None
    assert metrics.chrf(text, text) == 100


@pytest.mark.parametrize("text", ["", "1234", "The word 犬 means dog, and this is English", "개가 짖는다", "كلب ينبح"])
def test_with_spaces_there_is(text: str) -> None:
    assert metrics.has_spaces(text)


def test_scores_of_a_system(tmp_path: Path) -> None:
    base = System(key="base", kind="base", title="Base model")
    cases = [Case(frozen=Example("Q", "", "Yes, captain", id=id).frozen()) for id in (1, 2, 3)]
    said = Comparison(base="starter", model=ModelSettings(), systems=[base], cases=cases, max_new_tokens=9)
    folder = comparing.create(tmp_path, said)
    shared = {"system": "base", "tokens": 2, "prompt_tokens": 3, "end": "end"}
    rows = [Answered(example=1, text="Yes, captain ", **shared), Answered(example=2, text="No", chrf=7.5, **shared)]
    folder.rows_file.write_bytes(b"".join(map(dump_row, rows)))
    found = metrics.scores(Results(folder), "base", StyleRule(kind="words", text="captain"))
    assert set(found) == {1, 2}
    assert found[1] == metrics.Scores(100.0, 1.0, exact=True, length_ratio=1.0, style=True)
    assert found[2] == metrics.Scores(7.5, 0.0, exact=False, length_ratio=2 / 12, style=False)
    assert metrics.scores(Results(folder), "base")[1].style is None
