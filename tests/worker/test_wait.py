"""A run in the prepared process is the run that a fresh one would have made."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.events import FINAL, Failed, Finished, Phase, Step
from core.runs.process import start_worker
from core.runs.standby import Standby

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def new_run(tmp_path_factory, tiny_model, tiny_examples):
    """Makes runs of four steps."""
    runs = tmp_path_factory.mktemp("runs")

    def make(**settings):
        changes = {"model.base": str(tiny_model), "lora.rank": 4, "training.batch_size": 8, "training.epochs": 1}
        recipe = with_settings(Recipe(), {**changes, **settings})
        return folder.create(runs, name="run", recipe=recipe, train=tiny_examples[:32], heldout=tiny_examples[32:])

    return make


@pytest.fixture
def standby():
    """Its process is prepared in the test itself: pytest changes the environment between setup and test."""
    waiting = Standby()
    yield waiting
    waiting.dismiss()


def until(condition):
    tick = threading.Event()
    for _ in range(6000):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("it never came to that")


def settled(pid):
    """The process with this number once it has imported everything and only waits."""
    process = psutil.Process(pid)
    tick = threading.Event()

    def idle():
        before = sum(process.cpu_times()[:2])
        tick.wait(0.5)
        return before > 1 and sum(process.cpu_times()[:2]) == before

    until(idle)
    return process


def test_the_same_adapter_as_in_a_fresh_process(new_run, standby):
    fresh, prepared = new_run(), new_run()
    assert start_worker(fresh).wait(120) == 0
    standby.prepare()
    waiting = settled(standby.pid)
    process = standby.start(prepared)
    assert process.pid == waiting.pid
    assert json.loads(prepared.worker_file.read_text())["pid"] == process.pid
    assert process.wait(120) == 0
    assert isinstance(prepared.events()[-1], Finished)
    assert [e.loss for e in prepared.events() if isinstance(e, Step)] == [
        e.loss for e in fresh.events() if isinstance(e, Step)
    ]
    name = "adapter_model.safetensors"
    assert (prepared.adapter / name).read_bytes() == (fresh.adapter / name).read_bytes()
    assert sum(isinstance(event, FINAL) for event in prepared.events()) == 1
    assert isinstance(prepared.events()[0], Phase)


def test_a_run_handed_over_while_it_still_imports_and_one_that_fails(new_run, standby):
    run = new_run(**{"training.max_length": 16})
    standby.prepare()
    waiting = standby.pid
    process = standby.start(run)
    assert process.pid == waiting
    assert process.wait(120) == 1
    assert isinstance(run.events()[-1], Failed)
    assert "nothing to train on" in run.log_file.read_text(encoding="utf-8")  # the log came along


def test_the_end_of_the_window_ends_the_process_that_waits(tmp_path):
    program = (
        "import sys, time\n"
        "from core.runs.standby import Standby\n"
        "waiting = Standby()\n"
        "waiting.prepare()\n"
        "print(waiting.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    window = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    with window.stdout as said:
        waiting = psutil.Process(int(said.readline()))
    window.kill()
    window.wait(10)
    until(lambda: not waiting.is_running() or waiting.status() == psutil.STATUS_ZOMBIE)
