"""What is said before a run: what it will do, what is worth knowing, what stands in its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from library_bench import import_of, run_of

from app import before_run
from app.before_run import first_steps, plan_sentences, run_remarks
from app.widgets.run_card import Remark
from core.dataset.example import Example, Split
from core.errors import ModelError
from core.project import Project
from core.prompt.gate import Checked, Offender
from core.prompt.proof import Flaw
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import plan as plans
from core.runs.plan import Plan

PLENTY = Plan(train=200, heldout=20, steps=120)


def said(plan: Plan | None = PLENTY, **changes: Any) -> list[Remark]:
    facts: dict[str, Any] = {"base_error": None, "read_only": False, "training": False} | changes
    return run_remarks(plan, **facts)


def test_nothing_is_said_when_all_is_well() -> None:
    assert said() == []
    assert said(None) == []


@pytest.mark.parametrize(
    ("changes", "link"),
    [
        ({"read_only": True}, ""),
        ({"training": True}, "train"),
        ({"base_error": ModelError("It is gone.", hint="Choose another.")}, "model.base"),
        ({"trainable": 0}, "lora.target_modules"),
        ({"plan": Plan(0, 0, 0)}, "examples"),
        ({"checked": Checked(1, 9, (3, 4), (Offender(3, Flaw.CUT, "", "Cut.", ""),))}, "refused"),
        ({"checked": Checked(1, 2, too_long=(1, 2))}, "training.max_length"),
    ],
)
def test_what_keeps_a_run_from_starting_is_a_problem_with_a_way_out(changes: dict[str, Any], link: str) -> None:
    (remark,) = said(**changes)
    assert remark.is_problem
    assert remark.link == link
    assert bool(remark.link) == bool(remark.link_words)


def test_few_steps_and_nothing_held_out_are_warnings() -> None:
    short, memorising = said(Plan(train=20, heldout=0, steps=6))
    assert not short.is_problem
    assert "Only 6 steps" in short.text
    assert short.link == "training.epochs"
    assert memorising.link == "examples"
    assert said(Plan(train=200, heldout=0, steps=90))[0].link == "heldout.share"


def test_what_is_too_long_is_told_and_left_out() -> None:
    assert said(checked=Checked(1, 9)) == []
    (remark,) = said(checked=Checked(1, 19, too_long=(4,)))
    assert remark.text == "1 of 19 examples is longer than the maximum length and will be left out."
    assert not remark.is_problem
    assert not remark.by_button
    (remark,) = said(checked=Checked(1, 241, too_long=tuple(range(1, 218))))
    assert remark.by_button


def test_the_plan_counts_what_is_too_long_on_either_side() -> None:
    examples = [
        Example(f"q{id}", "", "a", id=id, split=Split.HELDOUT if id > 8 else Split.TRAIN) for id in range(1, 11)
    ]
    plan = plans.plan(examples, Recipe(), too_long=(1, 2, 3, 9))
    assert (plan.train, plan.heldout, plan.too_long, plan.too_long_heldout, plan.ready) == (5, 1, 3, 1, 10)
    assert plan.steps == plans.total_steps(5, Recipe())
    left_out = "4 of 10 examples are longer than the maximum length and will be left out."
    assert plan_sentences(plan, Recipe())[0] == "5 examples trained on, 1 held out."
    assert plan_sentences(plan, Recipe())[-1] == left_out
    assert left_out in first_steps(plan, Recipe())[0][1]
    nothing = Plan(0, 1, 0, too_long=8)
    assert [remark.link for remark in said(nothing) if remark.is_problem] == ["training.max_length"]


def test_unusual_settings_lead_to_their_fields() -> None:
    (remark,) = said(unusual={"training.max_grad_norm": "Between 0.1 and 2 is usual."})
    assert remark == Remark(
        "Gradient clipping: between 0.1 and 2 is usual.", "training.max_grad_norm", "Show the setting"
    )
    assert said(unusual={"lora.alpha": "Alpha is 8 times the rank."})[0].text == "Alpha is 8 times the rank."


def test_nothing_held_out_is_said_once() -> None:
    remarks = said(Plan(200, 0, 90), unusual={"heldout.share": "Without held-out examples nobody can tell."})
    assert [remark.link for remark in remarks] == ["heldout.share"]


def test_the_plan_in_short_sentences() -> None:
    assert plan_sentences(None, Recipe()) == ["Counting the examples…"]
    assert plan_sentences(Plan(0, 0, 0), Recipe()) == ["No example is ready yet."]
    assert plan_sentences(PLENTY, Recipe()) == [
        "200 examples trained on, 20 held out.",
        "120 steps: 13 steps a pass, 3 passes.",
        "Ends earlier when the held-out loss stops falling.",
    ]
    once = with_settings(Recipe(), {"training.epochs": 1, "heldout.early_stopping": False})
    assert plan_sentences(Plan(16, 0, 1), once) == [
        "16 examples trained on, none held out.",
        "1 step: 1 step a pass, 1 pass.",
    ]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(0, 0, 0), "From 50"),
        (Plan(8, 0, 3), "8 ready examples are all"),
        (PLENTY, "220 ready examples, 20 are held"),
    ],
)
def test_the_first_run_in_three_steps(plan: Plan, words: str) -> None:
    steps = first_steps(plan, Recipe())
    assert len(steps) == 3
    assert words in steps[0][1]
    assert "(3 times through)" in steps[1][1]
    assert " 0 steps" not in steps[1][1]


def test_a_run_can_start_from_adapters_of_runs_and_imported_ones(tmp_path: Path) -> None:
    with Project.create(tmp_path / "project") as project:
        run = run_of(project, "letters")
        import_of(project, "hers", title="From her")
        run_of(project, "none", trained=False)
        assert before_run.adapters(project) == {run.name: "Run 1 · Letters", "adapters/hers": "From her"}
