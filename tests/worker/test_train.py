"""Whole runs in their own process: exact, resumable, always with one last event."""

import itertools
import os
import shutil
import signal
import subprocess
import threading

import pytest
from safetensors.torch import load_file, save_file

from core.base_models.identity import content_hash
from core.errors import RunError
from core.export import base_file
from core.library.entries import checkpoints
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.events import FINAL, Checkpoint, Evaluation, Failed, Finished, Notice, Resumed, Sample, Started, Step
from core.runs.folder import State
from core.runs.process import start_worker

pytestmark = pytest.mark.slow
_names = itertools.count()


@pytest.fixture(scope="module")
def new_run(tmp_path_factory, tiny_model, tiny_examples):
    """Makes runs of twelve steps, unless told otherwise."""
    runs = tmp_path_factory.mktemp("runs")

    def make(examples=None, heldout=None, **settings):
        changes = {
            "model.base": str(tiny_model),
            "training.batch_size": 8,
            "training.learning_rate": 1e-2,
            "lora.rank": 4,
            "lora.alpha": 8,
            "training.epochs": 3,
            "heldout.early_stopping": False,
            **{name.replace("__", "."): value for name, value in settings.items()},
        }
        return folder.create(
            runs,
            name=f"run {next(_names)}",
            recipe=with_settings(Recipe(), changes),
            train=tiny_examples[:32] if examples is None else examples,
            heldout=tiny_examples[32:] if heldout is None else heldout,
        )

    return make


@pytest.fixture(scope="module")
def whole(new_run):
    """A run that nobody disturbed."""
    run = new_run()
    code, _ = finish(run)
    assert code == 0, run.log_file.read_text(encoding="utf-8")[-2000:]
    return run


def finish(run):
    process = start_worker(run)
    code = process.wait(timeout=120)
    return code, run.events()


def losses(run):
    """The loss of each step; a repeated step counts with its last value."""
    return {event.step: event.loss for event in run.events() if isinstance(event, Step)}


def evaluations(run):
    return {event.step: event.loss for event in run.events() if isinstance(event, Evaluation)}


def adapter_bytes(run):
    return (run.adapter / "adapter_model.safetensors").read_bytes()


def wait_for(run, condition, process):
    """Follow the run's events until one fulfils the condition; the worker must not end before."""
    tick = threading.Event()
    while not any(condition(event) for event in run.events()):
        assert process.poll() is None, run.log_file.read_text(encoding="utf-8")[-2000:]
        tick.wait(0.01)


def test_a_run_learns_and_leaves_an_adapter(whole):
    run, events = whole, whole.events()
    started = next(event for event in events if isinstance(event, Started))
    assert (started.steps, started.examples, started.heldout_examples) == (12, 32, 8)
    seen = losses(run)
    assert sorted(seen) == list(range(1, 13))
    assert seen[12] < 0.95 * seen[1]
    assert [event.step for event in events if isinstance(event, Evaluation)] == [0, 4, 8, 12]  # each one once
    samples = [event for event in events if isinstance(event, Sample)]
    assert len({event.example for event in samples}) == 3
    assert {event.step for event in samples} >= {0, 12}  # what the untrained model says, to see what was learnt
    assert [event.step for event in events if isinstance(event, Checkpoint)] == [4, 8, 12]
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, FINAL) for event in events) == 1
    assert run.progress().state is State.FINISHED
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "README.md"} <= {
        path.name for path in run.adapter.iterdir()
    }
    assert run.reference_file.exists()


def test_its_checkpoints_are_adapters_that_can_be_used(whole, tiny_model):
    found = {checkpoint.step: checkpoint for checkpoint in checkpoints(whole)}
    assert found[12].base == str(tiny_model)
    files = ("adapter_model.safetensors", "adapter_config.json")
    same = [
        all((adapter.folder / name).read_bytes() == (whole.adapter / name).read_bytes() for name in files)
        for adapter in found.values()
    ]
    assert same.count(True) == 1
    assert base_file.read(whole.adapter).sha256 == content_hash(tiny_model)  # by it others know the model


def test_the_seed_decides_the_adapter(new_run, whole):
    same, other = new_run(), new_run(training__seed=7)
    finish(same)
    finish(other)
    assert losses(same) == losses(whole)
    assert adapter_bytes(same) == adapter_bytes(whole)
    assert adapter_bytes(other) != adapter_bytes(whole)


@pytest.mark.parametrize("step", [2, 8])
def test_killed_and_resumed_equals_never_killed(new_run, whole, step):
    run = new_run(checkpoints__minutes=0.0001)
    process = start_worker(run)
    wait_for(run, lambda event: isinstance(event, Checkpoint) and event.step >= step, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert run.progress().state is State.INTERRUPTED
    code, events = finish(run)
    assert code == 0
    assert any(isinstance(event, Resumed) and event.step >= step for event in events)
    assert losses(run) == losses(whole)
    assert evaluations(run) == evaluations(whole)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_pause_frees_the_process_and_resume_is_exact(new_run, whole):
    run = new_run()
    process = start_worker(run)
    wait_for(run, lambda event: isinstance(event, Step) and event.step >= 2, process)
    run.ask("pause")
    assert process.wait(timeout=60) == 0
    assert run.progress().state is State.PAUSED
    assert not run.adapter.exists()
    finish(run)
    assert losses(run) == losses(whole)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_stop_keeps_a_checkpoint_and_an_adapter_and_can_be_resumed(new_run):
    run = new_run(training__epochs=50)
    process = start_worker(run)
    wait_for(run, lambda event: isinstance(event, Step) and event.step >= 3, process)
    run.ask("stop")
    assert process.wait(timeout=60) == 0
    progress = run.progress()
    assert progress.state is State.STOPPED
    assert progress.step < progress.steps
    assert (run.adapter / "adapter_model.safetensors").exists()
    assert list(run.checkpoints.glob("step-*"))


def test_passes_of_any_size_learn_the_same(new_run):
    settings = {"training__epochs": 1, "lora__dropout": 0, "training__schedule": "constant"}
    settings["model__compute_dtype"] = "float32"  # products in 16 bit round otherwise in passes of another size
    large, small = new_run(**settings), new_run(**settings, training__tokens_per_pass=64)
    finish(large)
    finish(small)
    for step, loss in losses(large).items():
        assert losses(small)[step] == pytest.approx(loss, abs=1e-4)


def test_a_damaged_newest_checkpoint_costs_one_interval(new_run, whole):
    run = new_run()
    process = start_worker(run)
    wait_for(run, lambda event: isinstance(event, Checkpoint) and event.step >= 8, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    newest = max(run.checkpoints.glob("step-*"))
    (newest / "optimizer.pt").write_bytes(b"half")
    _, events = finish(run)
    assert any(isinstance(event, Notice) and newest.name in event.message for event in events)
    assert losses(run) == losses(whole)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_changed_settings_are_noticed_on_resume(new_run):
    run = new_run()
    process = start_worker(run)
    wait_for(run, lambda event: isinstance(event, Checkpoint), process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    text = run.recipe_file.read_text(encoding="utf-8")
    run.recipe_file.write_text(text.replace("learning_rate = 0.01", "learning_rate = 0.001"), encoding="utf-8")
    code, events = finish(run)
    assert code == 1
    assert isinstance(events[-1], Failed)
    assert events[-1].kind == "changed"


def test_it_stops_early_and_keeps_the_best(new_run):
    run = new_run(training__epochs=60, training__learning_rate=2e-2, heldout__early_stopping=True)
    _, events = finish(run)
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.early
    trained = {step: loss for step, loss in evaluations(run).items() if step > 0}
    assert last.heldout_loss == min(trained.values())
    assert last.step < 60 * 4


def test_longer_examples_are_left_out_and_named(new_run, tiny_examples):
    run = new_run(training__max_length=38)
    _, events = finish(run)
    notices = [event.message for event in events if isinstance(event, Notice)]
    started = next((event for event in events if isinstance(event, Started)), None)
    assert started is not None
    assert 0 < started.left_out < 32
    assert started.examples + started.left_out == 32
    assert any("longer than 38 tokens" in message for message in notices)


def test_without_heldout_examples_it_trains_all_the_same(new_run):
    run = new_run(heldout=[], training__epochs=1)
    code, events = finish(run)
    assert code == 0
    assert evaluations(run) == {}
    assert isinstance(events[-1], Finished)
    assert events[-1].heldout_loss is None


def test_a_missing_base_model_fails_in_words(new_run, tmp_path):
    run = new_run(model__base=str(tmp_path / "nowhere"))
    code, events = finish(run)
    assert code == 1
    assert isinstance(events[-1], Failed)
    assert events[-1].message
    assert events[-1].hint


def test_a_loss_that_is_not_a_number_stops_the_run_in_words(new_run, tiny_model, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][0] = float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    run = new_run(model__base=str(broken))
    code, events = finish(run)
    assert code == 1
    assert isinstance(events[-1], Failed)
    assert events[-1].kind == "loss_not_finite"
    assert "step 1" in events[-1].message


def test_a_run_that_is_running_is_not_started_twice(new_run):
    run = new_run(training__epochs=50)
    process = start_worker(run)
    with pytest.raises(RunError, match="already running"):
        start_worker(run)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_terminating_the_process_is_a_stop(new_run):
    run = new_run(training__epochs=50)
    process = start_worker(run)
    wait_for(run, lambda event: isinstance(event, Step) and event.step >= 2, process)
    process.terminate()
    assert process.wait(timeout=60) == 0
    assert run.progress().state is State.STOPPED


def test_the_worker_cannot_be_answered_on_stdin(new_run):
    run = new_run()
    process = start_worker(run)
    assert process.stdin is None
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert subprocess.list2cmdline(process.args).endswith(run.name)
