"""Several processes that train one run: the same as one, one writer, one last event."""

import itertools
import os
import signal
import threading

import psutil
import pytest
import torch
from safetensors.torch import load_file

from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.events import FINAL, Evaluation, Failed, Finished, Paused, Started, Step
from core.runs.folder import State
from core.runs.process import launch
from core.worker.batches import Tokens
from core.worker.launched import FirstWriter, OtherWriter, Place, see_one_gpu
from core.worker.ranks import Ranks

_names = itertools.count()


@pytest.fixture(scope="module")
def new_run(tmp_path_factory, tiny_model, tiny_examples):
    """Makes runs of ten steps; the last step of an epoch has fewer examples than the others."""
    runs = tmp_path_factory.mktemp("runs")

    def make(**settings):
        changes = {
            "model.base": str(tiny_model),
            "model.compute_dtype": "float32",
            "training.batch_size": 7,
            "training.learning_rate": 1e-2,
            "lora.rank": 4,
            "lora.alpha": 8,
            "lora.dropout": 0,
            "training.epochs": 2,
            **{name.replace("__", "."): value for name, value in settings.items()},
        }
        recipe = with_settings(Recipe(), changes)
        return folder.create(
            runs, name=f"run {next(_names)}", recipe=recipe, train=tiny_examples[:29], heldout=tiny_examples[29:]
        )

    return make


def start(run, processes):
    with open(run.log_file, "ab") as log:
        return launch(["train", str(run.path)], output=log, processes=processes)


def finish(run, processes):
    process = start(run, processes)
    assert process.wait(timeout=120) == 0, log(run)
    return run.events()


def losses(run):
    return {event.step: event.loss for event in run.events() if isinstance(event, Step)}


def log(run):
    return run.log_file.read_text(encoding="utf-8")[-3000:]


@pytest.fixture(scope="module")
def single(new_run):
    """A run trained by one process."""
    run = new_run()
    finish(run, 1)
    return run


@pytest.fixture(scope="module")
def double(new_run):
    """The same trained by two."""
    run = new_run()
    finish(run, 2)
    return run


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(single, double):
    assert "2 processes" in next(event.device for event in double.events() if isinstance(event, Started))
    assert losses(double) == pytest.approx(losses(single), abs=1e-5)
    assert len(losses(double)) == 10
    evaluations = [
        {event.step: event.loss for event in run.events() if isinstance(event, Evaluation)} for run in (single, double)
    ]
    assert evaluations[0] == pytest.approx(evaluations[1], abs=1e-5)


@pytest.mark.slow
def test_two_processes_take_the_same_out_of_the_base_model(new_run):
    settings = {"lora__initialisation": "pissa", "model__quantization": "none", "training__epochs": 1}
    one, two = new_run(**settings), new_run(**settings)
    finish(one, 1)
    finish(two, 2)
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)
    # Not the bytes: safetensors writes the entries of the header in any order.
    taken = [load_file(run.taken_out_file) for run in (one, two)]
    assert taken[0].keys() == taken[1].keys()
    assert all(torch.equal(taken[0][name], taken[1][name]) for name in taken[0])


@pytest.mark.slow
def test_only_the_first_process_writes(double):
    events = double.events()
    assert [event.step for event in events if isinstance(event, Step)] == list(range(1, 11))
    assert [type(event) for event in events if isinstance(event, FINAL)] == [Finished]
    assert {path.name for path in double.adapter.iterdir()} >= {"adapter_model.safetensors", "adapter_config.json"}
    assert not list(double.path.glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("checkpointing", ["off", "on"])
def test_a_base_model_in_parts_learns_what_a_whole_one_learns(new_run, single, checkpointing):
    run = new_run(training__sharding="fsdp", training__gradient_checkpointing=checkpointing)
    events = finish(run, 2)
    assert losses(run) == pytest.approx(losses(single), abs=1e-5)
    started = [next(event for event in one if isinstance(event, Started)) for one in (events, single.events())]
    assert started[0].total_parameters == started[1].total_parameters
    assert [type(event) for event in events if isinstance(event, FINAL)] == [Finished]
    trained = [load_file(one.adapter / "adapter_model.safetensors") for one in (run, single)]
    assert trained[0].keys() == trained[1].keys()
    assert all(torch.allclose(trained[0][name], trained[1][name], atol=1e-4) for name in trained[0])


def wait_for(run, condition, process):
    """Follow the run's events until one fulfils the condition; the processes must not end before."""
    tick = threading.Event()
    while not any(condition(event) for event in run.events()):
        assert process.poll() is None, log(run)
        tick.wait(0.02)


def ranks_of(launcher):
    return [child for child in psutil.Process(launcher.pid).children() if "core.worker" in child.cmdline()]


@pytest.mark.slow
def test_killed_processes_end_all_and_resuming_is_exact(new_run):
    settings = {"lora__dropout": 0.1, "checkpoints__minutes": 0.0001}
    whole, run = new_run(**settings), new_run(**settings)
    finish(whole, 2)
    launcher = start(run, 2)
    wait_for(run, lambda event: isinstance(event, Step) and event.step == 3, launcher)
    ranks = ranks_of(launcher)
    assert len(ranks) == 2
    os.kill(max(rank.pid for rank in ranks), signal.SIGKILL)
    assert launcher.wait(timeout=60) != 0
    assert not psutil.wait_procs(ranks, timeout=10)[1]
    last = [event for event in run.events() if isinstance(event, FINAL)]
    assert [type(event) for event in last] == [Failed], log(run)
    assert "died" in last[0].message

    launcher = start(run, 2)
    wait_for(run, lambda event: isinstance(event, Step) and event.step == 7, launcher)
    assert run.worker_process().pid == launcher.pid
    ranks = ranks_of(launcher)
    launcher.kill()
    launcher.wait()
    assert not psutil.wait_procs(ranks, timeout=10)[1]  # none outlives the launcher
    assert run.progress().state is State.INTERRUPTED

    finish(run, 2)
    assert losses(run) == losses(whole)
    assert (run.adapter / "adapter_model.safetensors").read_bytes() == (
        whole.adapter / "adapter_model.safetensors"
    ).read_bytes()


@pytest.mark.slow
def test_a_wish_to_stop_ends_all_processes(new_run):
    run = new_run(training__epochs=100)
    launcher = start(run, 2)
    wait_for(run, lambda event: isinstance(event, Step), launcher)
    run.ask("stop")
    assert launcher.wait(timeout=60) == 0, log(run)
    assert run.progress().state is State.STOPPED
    assert (run.adapter / "adapter_model.safetensors").exists()


def tokens(*lengths):
    return [Tokens(list(range(length)), [True] * length) for length in lengths]


def test_each_example_is_in_one_share_and_shares_are_even():
    examples = tokens(90, 10, 40, 30, 20, 50)
    shares = [Ranks(Place(rank, 3)).share(examples) for rank in range(3)]
    assert sorted(len(example.ids) for share in shares for example in share) == [10, 20, 30, 40, 50, 90]
    assert [sum(len(example.ids) for example in share) for share in shares] == [90, 80, 70]
    assert all(share == [example for example in examples if example in share] for share in shares)


def test_there_may_be_more_processes_than_examples():
    assert [len(Ranks(Place(rank, 3)).share(tokens(5, 6))) for rank in range(3)] == [1, 1, 0]


def test_alone_nothing_is_shared_or_agreed():
    ranks, examples = Ranks(), tokens(3, 4)
    assert ranks.share(examples) == examples
    assert ranks.agree(2, 0) == [2, 0]
    assert ranks.total(1.5) == 1.5


def test_only_the_launcher_of_torch_makes_ranks():
    assert Place.of({"RANK": "1", "WORLD_SIZE": "2"}) == Place()
    environment = {"TORCHELASTIC_RUN_ID": "none", "RANK": "3", "WORLD_SIZE": "4"}
    assert Place.of({**environment, "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}) == Place(3, 4, 1, 2)


@pytest.mark.parametrize(
    ("before", "local", "after"),
    [
        ({}, 0, {"CUDA_VISIBLE_DEVICES": "0"}),
        ({}, 1, {"CUDA_VISIBLE_DEVICES": "1"}),
        ({"CUDA_VISIBLE_DEVICES": "2,5"}, 1, {"CUDA_VISIBLE_DEVICES": "5"}),
        ({"CUDA_VISIBLE_DEVICES": "2"}, 1, {"CUDA_VISIBLE_DEVICES": ""}),
        ({"CUDA_VISIBLE_DEVICES": ""}, 0, {"CUDA_VISIBLE_DEVICES": ""}),
        ({"HIP_VISIBLE_DEVICES": "1, 3"}, 1, {"HIP_VISIBLE_DEVICES": "3"}),
    ],
)
def test_each_process_sees_one_card(before, local, after):
    see_one_gpu(local, before)
    assert before == after


def test_the_cause_of_a_failure_is_told_once_by_the_first_process(new_run):
    run = new_run()
    here = Place(0, 2)
    cause = Failed(kind="files", message="A file of the run cannot be used.")
    with FirstWriter(run, here) as first, OtherWriter(run, Place(1, 2)) as other:
        leaving = threading.Thread(target=other.write, args=(cause,))
        leaving.start()
        first.write(Failed(kind="unexpected", message="Training ended with an unexpected error."))
        leaving.join(timeout=10)
        first.write(Failed(kind="unexpected", message="Too late."))
        other.write(Paused(step=1))
    assert [event.message for event in run.events()] == [cause.message]
    assert not list(run.path.glob(".failed*"))


def test_word_of_an_earlier_launch_is_passed_over(new_run):
    run = new_run()
    stale = run.path / ".failed-rank-1.json"
    stale.write_text(Failed(kind="files", message="Old.").model_dump_json(), encoding="utf-8")
    os.utime(stale, (1e9, 1e9))
    with FirstWriter(run, Place(0, 2)) as first:
        assert first.word() is None
