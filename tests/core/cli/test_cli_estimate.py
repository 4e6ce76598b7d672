"""estimate: what it prints, and what it takes from earlier runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from core.cli import estimate
from core.dataset.example import Example
from core.hardware.usage import MemoryUse
from core.project import Project
from core.runs import pace
from core.runs.event_file import EventWriter
from core.runs.events import Phase, Started, Step
from core.runs.plan import Plan
from core.runs.rehearsal import Rehearsed


def test_the_parts_add_up_and_changed_settings_count(cli, project):
    before = json.loads(cli("estimate", project, "--json").out)
    assert before["total_bytes"] == sum(before["parts"].values())
    assert before["fits"]
    assert before["seconds"] is None
    full = before["full_fine_tuning"]
    assert full["trainable_parameters"] == before["total_parameters"]
    assert full["total_bytes"] == sum(full["parts"].values()) > before["total_bytes"]
    assert full["parts"]["optimizer"] == 12 * before["total_parameters"]
    after = json.loads(cli("estimate", project, "--json", "--set", "lora.rank=32").out)
    assert after["trainable_parameters"] > before["trainable_parameters"]
    assert after["total_parameters"] == before["total_parameters"]


def test_in_words_it_says_what_makes_it_fit(cli, project, monkeypatch):
    small = MemoryUse("a small card", used=0, total=1_288_490_189)
    monkeypatch.setattr(estimate, "fit", lambda facts, recipe: real(facts, recipe, small))
    out = cli("estimate", project, "--set", "training.tokens_per_pass=65536", "--set", "training.batch_size=512").out
    assert "does not fit into the 1.2 GB that are free (a small card)" in out
    assert "It would fit with: tokens per pass" in out
    assert "--set training.tokens_per_pass=" in out


real = estimate.fit


@pytest.mark.parametrize(("base", "known"), [("starter", True), ("another", False)])
def test_the_pace_is_that_of_the_newest_run_of_the_same_model(project, base, known):
    with Project.open(project) as opened:
        run = opened.create_run()
        recipe = run.recipe()
        with EventWriter(run.events_file) as events:
            events.write(
                Started(
                    device="CPU", versions={}, trainable_parameters=1, total_parameters=2, steps=9, epochs=1.0,
                    examples=50, heldout_examples=10, tokens=5000, supervised_tokens=1,
                )
            )  # fmt: skip
            for number in range(1, 7):
                events.write(
                    Step(
                        step=number, epoch=0.1, loss=1.0, learning_rate=0.1, grad_norm=1.0, tokens=number,
                        tokens_per_second=10.0 if number < 3 else 1000.0, memory_bytes=1,
                    )
                )  # fmt: skip
        asked = recipe.model_copy(update={"model": recipe.model.model_copy(update={"base": base})})
        seconds = pace.seconds_for(Plan(train=200, heldout=0, steps=1), asked, opened.runs())
    # 100 tokens an example at 1,000 tokens a second; the first, slower steps are left out.
    assert seconds == (pytest.approx(200 * recipe.training.epochs * 0.1) if known else None)


class FakeRehearsal:
    asked: ClassVar[list[tuple[Path, int]]] = []

    def __init__(self, examples, recipe, largest):
        FakeRehearsal.asked.append((examples, len(largest)))

    def messages(self):
        yield Phase(name="loading_model")
        yield Rehearsed("CPU", 1 << 30, 0.5, 400, 8, {"training.tokens_per_pass": 512})


def test_a_rehearsal_is_told_beside_the_estimate(cli, project, monkeypatch):
    monkeypatch.setattr(estimate, "Rehearsal", FakeRehearsal)
    out = cli("estimate", project, "--rehearse").out
    assert "Measured on CPU: 1.0 GB at the peak, 0.5 s a step of 8 examples (400 tokens)." in out
    assert " steps, about " in out
    assert "it went on with tokens per pass 512 (--set training.tokens_per_pass=512)" in out
    assert FakeRehearsal.asked[-1] == (project / "examples.db", 60)
    told = json.loads(cli("estimate", project, "--rehearse", "--json").out)["rehearsal"]
    assert (told["peak_bytes"], told["seconds_per_step"], told["tokens"]) == (1 << 30, 0.5, 400)
    assert told["seconds"] > 0
    assert "rehearsal" not in json.loads(cli("estimate", project, "--json").out)


def test_what_is_too_long_is_not_counted(cli, project):
    with Project.open(project) as opened:
        opened.store.add([Example(f"Tell story {n}", "", "A long answer. " * 40) for n in range(30)])
    told = json.loads(cli("estimate", project, "--json", "--set", "training.max_length=64").out)
    assert told["too_long"] + told["too_long_heldout"] == 30
    assert told["examples"] + told["heldout_examples"] == 60
    out = cli("estimate", project, "--set", "training.max_length=64").out
    assert "30 of 90 examples are longer than the maximum length and will be left out. " in out
