"""A run folder tells what its run is doing, also when nobody is left to say it."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from core.dataset.example import Example, Turn
from core.errors import RunError
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.event_file import EventWriter
from core.runs.events import Evaluation, Finished, Paused, Phase, Resumed, Started, Step
from core.runs.folder import Progress, State

EXAMPLES = [
    Example(id=3, instruction="Grüße", input="a\r\nb", output="שלום", system="kind"),
    Example(id=9, instruction="x", output="y", history=(Turn("user", "q"), Turn("assistant", "a"))),
]


@pytest.fixture
def run(tmp_path):
    return folder.create(tmp_path / "runs", name="My voice!", recipe=Recipe(), train=EXAMPLES, heldout=EXAMPLES[:1])


def write(run, *events):
    with EventWriter(run.events_file) as writer:
        for event in events:
            writer.write(event)


def started(steps=10):
    return Started(
        device="CPU",
        versions={},
        trainable_parameters=1,
        total_parameters=2,
        steps=steps,
        epochs=1,
        examples=2,
        heldout_examples=1,
        tokens=10,
        supervised_tokens=5,
    )


def step(number):
    return Step(
        step=number,
        epoch=0.1,
        loss=1.5,
        learning_rate=1e-4,
        grad_norm=None,
        tokens=1,
        tokens_per_second=1,
        memory_bytes=1,
    )


def test_examples_come_back_as_they_were_frozen(run):
    assert run.train_examples() == EXAMPLES
    assert [example.id for example in run.train_examples()] == [3, 9]
    assert run.heldout_examples() == EXAMPLES[:1]
    assert run.recipe() == Recipe()


def test_runs_are_numbered_and_found_by_number_or_name(run):
    second = folder.create(run.path.parent, name="", recipe=Recipe(), train=EXAMPLES, heldout=[])
    assert (run.name, second.name) == ("0001-my-voice", "0002-run")
    assert folder.all_runs(run.path.parent) == [run, second]
    assert folder.find(run.path.parent, "2") == second
    assert folder.find(run.path.parent, "0001-my-voice") == run
    with pytest.raises(RunError, match="0001-my-voice"):
        folder.find(run.path.parent, "7")


def test_what_is_put_aside_is_no_run(run):
    shutil.copytree(run.path, run.path.with_name(f".{run.name}.old"))
    assert folder.all_runs(run.path.parent) == [run]


def test_a_run_that_cannot_be_written_whole_leaves_nothing(run, tmp_path):
    missing = [tmp_path / "adapter_model.safetensors"]
    with pytest.raises(FileNotFoundError):
        folder.create(run.path.parent, name="", recipe=Recipe(), train=EXAMPLES, heldout=[], start=missing)
    with pytest.raises(FileNotFoundError):
        folder.create_like(run, run.path.parent, name="", recipe=Recipe(), start=missing)
    assert [path for path in run.path.parent.iterdir() if not path.name.startswith(".")] == [run.path]


def test_nothing_to_train_on_is_refused(tmp_path):
    with pytest.raises(RunError, match="No example is ready"):
        folder.create(tmp_path, name="x", recipe=Recipe(), train=[], heldout=[])
    assert folder.all_runs(tmp_path) == []


def test_a_new_run_is_queued(run):
    assert run.progress().state is State.QUEUED


def test_a_run_without_a_process_and_without_an_end_is_interrupted(run):
    write(run, Phase(name="starting"), started(), step(4))
    progress = run.progress()
    assert (progress.state, progress.step, progress.steps) == (State.INTERRUPTED, 4, 10)


def test_a_run_with_a_living_process_is_running(run):
    write(run, started(), step(1))
    run.claim(os.getpid())
    assert run.progress().state is State.RUNNING


def test_a_process_that_died_before_its_first_event_is_noticed(run):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.claim(child.pid)
    assert run.progress().state is State.STARTING
    child.communicate()
    assert run.progress().state is State.INTERRUPTED


def test_another_process_with_the_same_number_is_not_the_worker(run):
    run.claim(os.getpid())
    data = json.loads(run.worker_file.read_text(encoding="utf-8"))
    run.worker_file.write_text(json.dumps({**data, "created": data["created"] - 100}), encoding="utf-8")
    assert not run.worker_is_alive()


def test_the_last_event_counts_also_while_the_process_ends(run):
    write(run, started(), step(10))
    run.claim(os.getpid())
    write(run, Finished(step=10, loss=0.5, heldout_loss=0.6, adapter="adapter", seconds=3))
    progress = run.progress()
    assert (progress.state, progress.heldout_loss) == (State.FINISHED, 0.6)


def test_a_paused_run_taken_up_again_is_starting(run):
    write(run, started(), Paused(at=1.0, step=3))
    assert run.progress().state is State.PAUSED
    run.claim(os.getpid())
    assert run.progress().state is State.STARTING


def test_the_best_heldout_loss_is_shown():
    progress = Progress()
    for number, loss, best in ((0, 5.0, False), (5, 2.0, True), (10, 3.0, False)):
        progress.add(Evaluation(step=number, loss=loss, perplexity=None, best=best))
    assert progress.heldout_loss == 2.0


def test_the_heldout_loss_of_steps_that_are_void_is_not_shown():
    progress = Progress()
    progress.add(started())
    for number, loss, best in ((0, 5.0, False), (28, 3.0, True), (56, 4.0, False), (84, 2.0, True)):
        progress.add(Evaluation(step=number, loss=loss, perplexity=None, best=best))
    progress.add(Resumed(step=56))
    assert progress.heldout_loss == 3.0
    progress.add(Resumed(step=0))
    assert progress.heldout_loss == 5.0
    progress.add(Evaluation(step=28, loss=2.5, perplexity=None, best=True))
    assert progress.heldout_loss == 2.5


def test_wishes_are_kept_until_withdrawn(run):
    assert run.wish() is None
    run.ask("pause")
    assert run.wish() == "pause"
    run.command_file.write_text("{broken", encoding="utf-8")
    assert run.wish() is None
    run.withdraw_wish()
    assert not run.command_file.exists()


def test_a_damaged_example_file_is_named_by_line(run):
    run.train_file.write_text(run.train_file.read_text(encoding="utf-8") + '{"id": 1}\n', encoding="utf-8")
    with pytest.raises(RunError, match=r"Line 3 of train\.jsonl"):
        run.train_examples()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Learning rate 0.0002 Rank 8", "learning-rate-0.0002-rank-8"),
        ("v1. Harbour ...", "v1-harbour"),
        (".hidden", "hidden"),
        ("a/../b", "a-b"),
        ("Größe", "gr-e"),
        ("…", "run"),
        ("x" * 39 + " 1", "x" * 39),
    ],
)
def test_a_name_becomes_a_folder_that_every_system_takes(tmp_path, name, slug):
    assert folder.new_folder(tmp_path, name).name == f"0001-{slug}"
