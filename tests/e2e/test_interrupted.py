"""The training process is killed in the middle: the window says so at once, and Resume loses nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from person import MEANWHILE, Person

from core import samples
from core.project import Project
from core.recipe.recipe import with_settings
from core.runs.events import Checkpoint, Step
from core.runs.folder import RunFolder, State
from core.runs.process import start_worker

pytestmark = pytest.mark.slow
SETTINGS = {"training.epochs": 1.0, "heldout.evaluations_per_epoch": 3, "heldout.sample_answers": 0}


def losses(run: RunFolder) -> dict[int, float | None]:
    """The loss of each step; a step that was done twice counts once."""
    return {event.step: event.loss for event in run.events() if isinstance(event, Step)}


def test_a_killed_run_is_interrupted_and_resumes_exactly(person: Person, tmp_path: Path) -> None:
    window, session = person.window, person.window.session
    with samples.create_sample_project(tmp_path / "letters") as project:
        project.set_recipe(with_settings(project.recipe, SETTINGS))
        undisturbed = project.create_run(name="undisturbed")
    assert start_worker(undisturbed).wait(timeout=240) == 0
    session.use(Project.open(tmp_path / "letters"))

    window.go("settings")
    person.clicks("Train", on=window.pages["settings"])
    person.sees(lambda: session.training is not None, "a run being followed")
    run = session.training.run_folder
    person.sees(lambda: any(isinstance(event, Checkpoint) for event in run.events()), "a checkpoint", MEANWHILE)
    saved = session.training.progress.step
    person.sees(lambda: session.training.progress.step > saved, "a step that is not saved", MEANWHILE)

    process = run.worker_process()
    assert process is not None
    process.kill()
    killed = time.monotonic()
    person.reads("Interrupted")
    assert time.monotonic() - killed < 2.0
    assert session.training.progress.state is State.INTERRUPTED

    person.clicks("Resume", on=window.pages["train"])
    person.sees(lambda: session.training.progress.state is State.FINISHED, "the end of the run", MEANWHILE)
    assert losses(run) == losses(undisturbed)
    adapter = "adapter_model.safetensors"
    assert (run.adapter / adapter).read_bytes() == (undisturbed.adapter / adapter).read_bytes()


def test_a_run_goes_on_without_the_window_and_is_found_again(person: Person, tmp_path: Path) -> None:
    window, session = person.window, person.window.session
    with samples.create_sample_project(tmp_path / "letters") as project:
        project.set_recipe(with_settings(project.recipe, SETTINGS))
    session.use(Project.open(tmp_path / "letters"))
    window.go("train")
    person.clicks("Train", on=window.pages["train"])
    person.sees(lambda: session.training is not None and session.training.progress.step > 1, "steps", MEANWHILE)
    run = session.training.run_folder
    session.close()
    assert run.worker_is_alive()

    session.use(Project.open(tmp_path / "letters"))
    person.sees(lambda: session.training is not None, "the run that is followed again")
    window.go("train")
    person.sees(lambda: session.training.progress.state is State.FINISHED, "the end of the run", MEANWHILE)
    record = window.pages["train"].watch.record
    assert record is not None
    assert sorted(losses(run)) == list(record.series.steps)
