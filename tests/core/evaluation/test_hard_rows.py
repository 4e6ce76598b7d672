"""Planted oddities are found with their reasons; ordinary data gives nothing to look at."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.evaluation import comparison as comparing
from core.evaluation.comparison import Answered, Case, Comparison, Measured, System, dump_row
from core.evaluation.hard_rows import HardRow, hard_rows, ids
from core.evaluation.results import Results
from core.recipe.schema import ModelSettings

SYSTEMS = [System(key="base", kind="base", title="Base"), System(key="a", kind="adapter", title="A", folder="a")]
TRAIN, HELDOUT = range(1, 101), range(101, 131)


def example(id: int, **fields: str) -> Example:
    return Example(**{"instruction": f"Question {id}", "output": f"A whole answer, number {id}", **fields}, id=id)


Make = Callable[..., list[HardRow]]


@pytest.fixture
def found(tmp_path: Path) -> Make:
    def make(
        *,
        after: Mapping[int, float] = {},
        before: Mapping[int, float] = {},
        other: Mapping[int, dict[str, str]] = {},
        answers: Mapping[int, str] = {},
        usual: tuple[float, float] = (0.8, 1.0),
    ) -> list[HardRow]:
        draw = random.Random(5)
        cases = [Case(frozen=example(id, **other.get(id, {})).frozen()) for id in HELDOUT]
        cases += [Case(frozen=example(id, **other.get(id, {})).frozen(), side="train", answered=False) for id in TRAIN]
        said = Comparison(base="starter", model=ModelSettings(), systems=SYSTEMS, cases=cases, max_new_tokens=9)
        folder = comparing.create(tmp_path, said)
        rows: list[comparing.Row] = []
        for id in (*TRAIN, *HELDOUT):
            loss = after.get(id, usual[id in HELDOUT] * math.exp(draw.gauss(0, 0.2)))
            rows.append(Measured(example=id, system="base", loss=10 * before.get(id, 3.0), targets=10))
            rows.append(Measured(example=id, system="a", loss=10 * loss, targets=10))
        for id, text in answers.items():
            rows.append(Answered(example=id, system="a", text=text, tokens=3, prompt_tokens=3, end="end"))
        folder.rows_file.write_bytes(b"".join(map(dump_row, rows)))
        return hard_rows(Results(folder), "a")

    return make


def odd(rows: list[HardRow]) -> list[HardRow]:
    """Without the worst, of which there are always some."""
    return [row for row in rows if row.kind != "worst"]


def test_ordinary_data_gives_only_the_few_worst_to_look_at(found: Make) -> None:
    rows = found()
    assert [row.kind for row in rows] == ["worst"] * 5
    assert [row.after for row in rows] == sorted((row.after for row in rows), reverse=True)
    assert odd(found(usual=(0.004, 0.02))) == [], "however low the losses are"
    assert found(usual=(0.004, 0.02)) == []


def test_what_is_learnt_last_may_be_wrong(found: Make) -> None:
    rows = found(after={7: 3.9, 8: 1.5, 9: 5.0}, before={9: 3.0})
    assert [(row.kind, row.examples) for row in odd(rows)] == [("mislabelled", (9,)), ("mislabelled", (7,))]
    assert "is 3.90" in rows[1].reason
    assert "(3.00 before training)" in rows[1].reason
    assert (rows[1].before, rows[1].after) == pytest.approx((3.0, 3.9))
    rows = found(usual=(0.006, 0.05), after={id: 0.2 + id / 100 for id in range(5, 17)})
    assert {row.examples[0] for row in odd(rows)} == set(range(5, 17)), "also when training was thorough"


def test_the_worst_of_the_held_out(found: Make) -> None:
    after = {id: 4.0 + id / 100 for id in range(101, 109)}
    rows = found(after=after, before={105: 3.0})
    assert [row.examples[0] for row in rows] == sorted(after, reverse=True)
    assert {row.kind for row in rows} == {"worst"}
    assert "5.05 (3.00 before training)" in next(row for row in rows if row.examples == (105,)).reason


def test_learnt_by_heart(found: Make) -> None:
    rows = odd(found(after={3: 0.01, 4: 0.05, 5: 0.02}, before={5: 0.1}))
    assert [(row.kind, row.examples) for row in rows] == [("memorised", (3,)), ("memorised", (4,))]
    assert odd(found(usual=(0.02, 0.05))) == [], "where new questions are as easy nothing was learnt by heart"


def test_many_learnt_by_heart_are_not_all_listed(found: Make) -> None:
    rows = odd(found(usual=(0.02, 1.5)))
    assert len(rows) == 20
    assert {row.kind for row in rows} == {"memorised"}


def test_an_answer_that_is_another_examples_output(found: Make) -> None:
    said = "a whole  answer, number 12"
    rows = odd(found(answers={105: said, 106: "A whole answer, number 106"}))
    assert [(row.kind, row.examples) for row in rows] == [("memorised", (12, 105))]
    labels = {id: {"output": "angry"} for id in (12, 13)}
    assert odd(found(answers={105: "angry"}, other=labels)) == [], "a label is said again with good reason"


def test_the_same_question_with_different_outputs(found: Make) -> None:
    same = {"instruction": "What  is it?"}
    other = {2: same, 50: {"instruction": "what is it?"}, 120: {**same, "system": "As a pirate."}}
    rows = odd(found(other=other, after={50: 2.9}))
    assert [(row.kind, row.examples) for row in rows] == [("contradictory", (2, 50))]
    assert "2 different outputs" in rows[0].reason
    assert ids(rows) == [2, 50]
