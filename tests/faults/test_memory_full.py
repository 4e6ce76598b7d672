"""The memory is full: the run does with less, exactly, or says what to change."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from forked_runs import EXAMPLES, adapter_bytes, evaluations, finish, log, losses, new_run

from core.dataset.example import Example
from core.runs.events import Adjusted, Evaluation, Failed, Finished, Notice, Sample

pytestmark = pytest.mark.slow


def adjustments(events: list) -> list[tuple[str, float | str, float | str]]:
    return [(event.what, event.before, event.after) for event in events if isinstance(event, Adjusted)]


@pytest.mark.parametrize("kind", ["cuda", "python", "cpu"])
def test_a_step_too_large_is_repeated_exactly_in_smaller_passes(runs: Path, model: Path, kind: str) -> None:
    run, same = new_run(runs, model, EXAMPLES), new_run(runs, model, EXAMPLES)
    code, events = finish(run, "rows_at_most", 200, kind, 3)
    assert code == 0, log(run)
    changed = adjustments(events)
    assert {name for name, _, _ in changed} == {"training.tokens_per_pass"}
    last = changed[-1][2]
    assert last <= 200
    finish(same, "passes_from", 3, last)  # what the run would have been, had it known
    assert losses(run) == losses(same)
    assert adapter_bytes(run) == adapter_bytes(same)


def test_when_passes_cannot_be_shorter_activations_are_computed_twice(runs: Path, model: Path) -> None:
    run = new_run(runs, model, EXAMPLES)
    code, events = finish(run, "rows_at_most", 20, "cuda", 3)
    assert code == 1
    assert adjustments(events)[-1] == ("training.gradient_checkpointing", "off", "on")
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "out_of_memory"
    assert "longest example alone" in failed.reason
    assert "“Maximum length” to 512" in failed.hint
    assert "“Rank” to 2" not in failed.hint or failed.hint.count("” to ") <= 2
    assert failed.hint.count("” to ") == 1  # at rank 4 nothing else is worth changing


def test_evaluation_and_answers_do_with_less_or_are_left_out(runs: Path, model: Path) -> None:
    run, whole = new_run(runs, model, EXAMPLES), new_run(runs, model, EXAMPLES)
    finish(whole)
    code, events = finish(run, "rows_at_most", 80, "cpu", 0, False)
    assert code == 0, log(run)
    assert evaluations(run) == pytest.approx(evaluations(whole), abs=0.02)
    run = new_run(runs, model, EXAMPLES)
    code, events = finish(run, "answers_full")
    assert code == 0
    assert not any(isinstance(event, Sample) for event in events)
    assert any(isinstance(event, Notice) and "no sample answers" in event.message for event in events)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_a_heldout_loss_that_cannot_be_measured_does_not_end_the_run(runs: Path, model: Path) -> None:
    long = Example(id=99, instruction="Say all.", input="x " * 120, output="all " * 60)
    run = new_run(runs, model, [*EXAMPLES[:32], *EXAMPLES[32:39], long])
    code, events = finish(run, "rows_at_most", 250, "cpu", 0, False)
    assert code == 0, log(run)
    assert not any(isinstance(event, Evaluation) for event in events)
    assert any(isinstance(event, Notice) and "was not measured" in event.message for event in events)
    assert isinstance(events[-1], Finished)
    assert (run.adapter / "adapter_model.safetensors").exists()


def test_an_optimizer_without_memory_goes_on_from_the_last_checkpoint(runs: Path, model: Path) -> None:
    run, same = (new_run(runs, model, EXAMPLES, checkpoints__minutes=0.0001) for _ in range(2))
    code, events = finish(run, "optimizer_full_at", 3)
    assert code == 0, log(run)
    assert adjustments(events) == [("training.tokens_per_pass", 4096, 2048)]
    finish(same, "passes_from", 3, 2048)
    assert losses(run) == losses(same)
    assert adapter_bytes(run) == adapter_bytes(same)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's address limit")
def test_a_real_limit_of_the_system_is_met_and_borne(runs: Path, model: Path) -> None:
    """The limit is set in the process itself; each allocation that fails is a real one."""
    long = [Example(id=n + 1, instruction="Say all.", input=f"{n} " * 100, output="all " * 100) for n in range(40)]
    found = []
    for beyond in (90, 30):
        settings = {"training__max_length": 512, "training__batch_size": 16, "training__epochs": 1}
        settings["model__compute_dtype"] = "float32"  # 16-bit kernels need 130 MB before they do anything
        run = new_run(runs, model, long, **settings, training__tokens_per_pass=16384)
        code, events = finish(run, "address_space", beyond << 20)
        last = events[-1]
        assert isinstance(last, (Finished, Failed)), log(run)
        assert isinstance(last, Finished) or last.kind == "out_of_memory", last
        found.append((code, adjustments(events)))
    assert any(code == 0 and changed for code, changed in found), found
    steps = list(itertools.chain.from_iterable(changed for _, changed in found))
    assert all(before > after for name, before, after in steps if name == "training.tokens_per_pass")
