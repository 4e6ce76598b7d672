"""A rehearsal takes real steps on the longest batch, tells memory and time, and leaves nothing behind."""

import os
import subprocess
import sys
import tempfile
import time

import psutil
import pytest

from core.child import Stopped
from core.dataset.example import Example
from core.errors import RunError
from core.hardware.obstacles import obstacles
from core.project import EXAMPLES_FILE, Project
from core.prompt.gate import Checked, GateJob
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder, heavy
from core.runs.event_file import EventWriter
from core.runs.events import Phase
from core.runs.process import worker_environment
from core.runs.rehearsal import Rehearsal, Rehearsed
from core.worker import __main__ as entry


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder that temporary folders are made in."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def project(tmp_path, tiny_model, tiny_examples):
    recipe = with_settings(
        Recipe(), {"model.base": str(tiny_model), "lora.rank": 4, "training.batch_size": 6, "training.max_length": 64}
    )
    with Project.create(tmp_path / "animals", recipe=recipe) as made:
        made.store.add([*tiny_examples, Example("Roar", "", "roar! " * 200)])
        yield made


def checked(project) -> Checked:
    return list(GateJob(project.path / EXAMPLES_FILE, project.recipe).messages())[-1]


def rehearsal(project) -> Rehearsal:
    return Rehearsal(project.path / EXAMPLES_FILE, project.recipe, checked(project).largest)


def test_it_takes_the_longest_batch_and_measures(tmp_path, tiny_model, tiny_examples):
    from core.worker.rehearse import _measure

    longest = sorted(tiny_examples, key=lambda example: -len(example.output))[:6]
    recipe = with_settings(Recipe(), {"model.base": str(tiny_model), "training.batch_size": 6, "heldout.share": 0.0})
    run = folder.create(tmp_path / "runs", name="rehearsal", recipe=recipe, train=longest, heldout=[])
    with EventWriter(run.events_file) as events:
        found = _measure(run, events)
    assert found["examples"] == 6
    assert 0 < found["seconds_per_step"] < 60
    assert found["peak_bytes"] > psutil.Process().memory_info().rss // 2
    assert found["changes"] == {}
    assert not run.checkpoints.exists() or list(run.checkpoints.iterdir()) == []
    assert not run.adapter.exists()


def test_what_did_not_fit_is_lowered_and_told(tmp_path, tiny_model, tiny_examples, monkeypatch):
    import torch

    from core.worker import loop
    from core.worker.rehearse import _measure

    loss_of = loop.summed_loss

    def full(model, row):
        if row.input_ids.shape[1] > 128:
            raise torch.OutOfMemoryError("full")
        return loss_of(model, row)

    monkeypatch.setattr(loop, "summed_loss", full)
    settings = {"model.base": str(tiny_model), "training.batch_size": 16, "training.tokens_per_pass": 4096}
    recipe = with_settings(Recipe(), settings | {"heldout.share": 0.0})
    run = folder.create(tmp_path / "runs", name="rehearsal", recipe=recipe, train=tiny_examples[:16], heldout=[])
    with EventWriter(run.events_file) as events:
        assert 64 <= _measure(run, events)["changes"]["training.tokens_per_pass"] <= 128


@pytest.mark.slow
def test_the_whole_way_leaves_nothing_behind(project, temporary):
    before = {path.name for path in project.path.iterdir()}
    told = list(rehearsal(project).messages())
    assert [message.name for message in told if isinstance(message, Phase)][-1] == "training"
    found = told[-1]
    assert isinstance(found, Rehearsed)
    assert found.examples == 6
    assert found.tokens <= 6 * 64
    assert found.seconds_for(2 * found.tokens) == pytest.approx(2 * found.seconds_per_step)
    assert list(temporary.iterdir()) == []
    assert {path.name for path in project.path.iterdir()} - before <= {".lengths-cache"}
    assert heavy.holder() is None


@pytest.mark.slow
def test_it_needs_neither_the_adapter_to_start_from_nor_held_out_examples(project):
    changes = {"lora.start_from": "0001", "training.schedule": "reduce_lr_on_plateau"}
    recipe = with_settings(project.recipe, changes)
    made = Rehearsal(project.path / EXAMPLES_FILE, recipe, checked(project).largest)
    run = made._frozen(project.path / "rehearsals")
    assert obstacles(run.recipe()) == {}
    assert run.recipe().lora.start_from == ""


def test_it_can_be_stopped(project, temporary):
    job = rehearsal(project)
    messages = job.messages()
    assert isinstance(next(messages), Phase)
    assert heavy.holder() is not None
    job.stop()
    with pytest.raises(Stopped):
        list(messages)
    assert list(temporary.iterdir()) == []
    assert heavy.holder() is None


@pytest.mark.slow
def test_what_a_run_would_meet_is_said(project, temporary):
    project.set_recipe(with_settings(project.recipe, {"model.base": str(project.path / "nowhere")}))
    job = Rehearsal(project.path / EXAMPLES_FILE, project.recipe, (1, 2, 3))
    with pytest.raises(RunError) as caught:
        list(job.messages())
    assert caught.value.title == "The rehearsal did not succeed, and a run would not either."
    assert "nowhere" in str(caught.value) + caught.value.details
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes have no parents to follow there")
def test_it_ends_with_who_started_it_and_clears_away(tmp_path, tiny_model, tiny_examples):
    recipe = with_settings(Recipe(), {"model.base": str(tiny_model), "training.batch_size": 6, "heldout.share": 0.0})
    run = folder.create(tmp_path / "runs", name="rehearsal", recipe=recipe, train=tiny_examples[:6], heldout=[])
    starter = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-m', 'core.worker', 'rehearse', {str(run.path)!r}])\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=worker_environment()
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    while not run.events_file.exists():
        time.sleep(0.05)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 60
    while run.path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not run.path.exists()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running()


def test_who_started_it_is_known_even_if_it_goes_during_the_imports(tmp_path, monkeypatch):
    parent, told = [4321], []
    monkeypatch.setattr(os, "getppid", lambda: parent[0])
    monkeypatch.setattr(os, "nice", lambda _by: 0, raising=False)
    monkeypatch.setattr(entry, "WORKER_ENVIRONMENT", {})
    monkeypatch.setattr(entry, "see_one_gpu", lambda *_: None)
    monkeypatch.setattr(entry.faulthandler, "enable", lambda: None)
    monkeypatch.setattr(entry, "import_lean", lambda: parent.__setitem__(0, 1))
    monkeypatch.setattr("core.worker.rehearse.rehearse", lambda _run, *, parent: told.append(parent) or 0)
    assert entry.main(["rehearse", str(tmp_path)]) == 0
    assert told == [4321]
