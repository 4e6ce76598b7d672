"""train, runs, resume, stop, pause, with a process that writes events instead of training."""

import contextlib
import json
import os
import shutil
import signal
import threading
import time

import filelock
import pytest

from core import paths
from core.cli import settings, training
from core.cli.follow import status
from core.dataset.example import Example, Status
from core.errors import RunError
from core.project import Project
from core.recipe.recipe import with_settings
from core.runs import heavy
from core.runs.event_file import EventWriter
from core.runs.events import Evaluation, Failed, Phase, Step
from core.runs.folder import State, find
from core.runs.heavy import MachineBusy
from core.runs.record import Record
from core.runs.watch import Watch

KEYS = {"run", "state", "steps", "loss", "heldout_loss", "adapter"}


def runs_of(project):
    with Project.open(project, read_only=True) as opened:
        return opened.runs()


@contextlib.contextmanager
def interrupting(project, number, *, times=1):
    """Sends this process a signal once the run has told of a step; again when the first one has been understood."""
    errors = []
    before = signal.getsignal(number)

    def send():
        deadline = time.monotonic() + 30
        try:
            wait_for(lambda: any(b'"step"' in run.events_file.read_bytes() for run in running(project)), deadline)
            wait_for(lambda: signal.getsignal(number) is not before, deadline)
            os.kill(os.getpid(), number)
            if times > 1:
                wait_for(lambda: running(project)[0].wish() == "stop", deadline)
                os.kill(os.getpid(), number)
        except TimeoutError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    thread.join()
    assert errors == []


def running(project):
    return [run for run in runs_of(project) if run.events_file.exists()]


def wait_for(condition, deadline):
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def test_training_to_the_end(cli, project, fake_worker):
    fake_worker("--steps", 12, "--seconds", 0)
    outcome = cli("train", project, "--name", "First try", "--set", "lora.rank=8", "--set", "training.epochs=2")
    assert outcome.code == 0, outcome.err
    run = find(project / "runs", "1")
    assert run.name == "0001-first-try"
    assert (run.recipe().lora.rank, run.recipe().training.epochs) == (8, 2.0)
    assert "Started on" in outcome.out
    assert "held-out loss" in outcome.out
    assert "Finished after 12 steps" in outcome.out
    assert f"Adapter: {run.adapter}" in outcome.out
    assert "tunesmith export" in outcome.out
    with Project.open(project) as opened:
        assert opened.recipe.lora.rank == 16, "the project's own settings stay"


def test_training_as_json(cli, project, fake_worker):
    fake_worker("--steps", 12, "--seconds", 0)
    outcome = cli("train", project, "--json")
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    *events, result = lines
    assert outcome.code == 0
    assert all({"at", "type"} <= set(event) for event in events)
    assert [event["step"] for event in events if event["type"] == "step"] == list(range(1, 13))
    assert events[-1]["type"] == "finished"
    assert set(result) >= KEYS
    assert (result["run"], result["state"], result["steps"]) == ("0001-letters", "finished", 12)
    assert result["adapter"] == str(project / "runs" / "0001-letters" / "adapter")
    assert outcome.err == ""


def test_a_run_that_fails_is_one_line_and_exit_code_1(cli, project, fake_worker):
    fake_worker("--steps", 6, "--seconds", 0, "--end", "fail")
    outcome = cli("train", project, "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out.splitlines()[-1])["state"] == "failed"
    assert outcome.err.startswith("tunesmith: ")
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_death_is_told_and_can_be_resumed(cli, project, fake_worker):
    fake_worker("--steps", 8, "--seconds", 0, "--end", "die")
    outcome = cli("train", project)
    assert outcome.code == 1
    told = outcome.err.splitlines()[-1]
    assert "interrupted" in told
    assert "SIGKILL" in told
    assert "tunesmith resume" in told
    assert find(project / "runs", "1").progress().state is State.INTERRUPTED
    fake_worker("--steps", 8, "--seconds", 0)
    outcome = cli("resume", project, "1", "--json")
    assert outcome.code == 0
    *events, result = map(json.loads, outcome.out.splitlines())
    assert result["state"] == "finished"
    assert [event["step"] for event in events if event["type"] == "step"] == [5, 6, 7, 8], "not what was told before"
    assert len(runs_of(project)) == 1


def test_a_run_that_has_changed_is_resumed_only_anyway(cli, project, fake_worker):
    fake_worker("--steps", 8, "--seconds", 0)
    cli("train", project)
    run = find(project / "runs", "1")
    with EventWriter(run.events_file) as events:
        events.write(Failed(kind="changed", message="The run is not what it was.", hint="Undo the change."))
    followed = Watch(run)
    followed.look()
    with pytest.raises(RunError, match=r"resume .*--anyway"):
        training.end(project, followed, RunError("The run is not what it was."), json=False)
    assert cli("resume", project, "1", "--anyway").code == 0
    assert run.take_consent()


def test_consent_does_not_outlast_a_start_that_failed(cli, project, fake_worker, monkeypatch):
    fake_worker("--steps", 8, "--seconds", 0)
    cli("train", project)
    run = find(project / "runs", "1")
    with EventWriter(run.events_file) as events:
        events.write(Failed(kind="changed", message="The run is not what it was.", hint="Undo the change."))

    def start(_watch):
        raise MachineBusy(heavy.Holder("/somewhere/poems/runs/0007-ode", 1, 0.0, "here", ("all",)))

    monkeypatch.setattr(Watch, "start", start)
    assert cli("resume", project, "1", "--anyway").code == 1
    assert not run.take_consent()


@pytest.mark.skipif(os.name == "nt", reason="no such signals on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_stops_with_an_adapter(number, cli, project, fake_worker):
    fake_worker("--steps", 3000, "--seconds", 0.01)
    before = signal.getsignal(number)
    with interrupting(project, number):
        outcome = cli("train", project)
    assert outcome.code == 0
    assert "Stopped at step" in outcome.out
    assert "tunesmith resume" in outcome.out
    assert "Ctrl-C again" in outcome.err
    run = find(project / "runs", "1")
    assert run.progress().state is State.STOPPED
    assert run.adapter.is_dir()
    assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name == "nt", reason="no such signals on Windows")
def test_a_second_interrupt_ends_a_process_that_does_not_listen(cli, project, fake_worker):
    fake_worker("--steps", 3000, "--seconds", 0.01, "--end", "stubborn")
    with interrupting(project, signal.SIGINT, times=2):
        outcome = cli("train", project, "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out.splitlines()[-1])["state"] == "interrupted"
    assert "You had its process ended" in outcome.err
    assert not find(project / "runs", "1").worker_is_alive()


def test_in_the_background_then_paused_resumed_and_stopped(cli, project, fake_worker):
    fake_worker("--steps", 3000, "--seconds", 0.01)
    outcome = cli("train", project, "--detach", "--json")
    result = json.loads(outcome.out)
    assert (outcome.code, result["state"], result["adapter"]) == (0, "starting", None)
    run = find(project / "runs", result["run"])
    wait_for(lambda: run.progress().step > 0, time.monotonic() + 30)

    refused = cli("train", project)
    assert refused.code == 1
    assert "is being trained already" in refused.err
    assert "tunesmith stop" in refused.err
    assert cli("resume", project, "1").code == 1
    assert len(runs_of(project)) == 1, "a refused run leaves no folder"

    assert json.loads(cli("runs", project, "--json").out)[0]["state"] == "running"
    paused = cli("pause", project, "1", "--json")
    assert (paused.code, json.loads(paused.out)["state"]) == (0, "paused")
    assert not run.worker_is_alive()

    assert "in the background" in cli("resume", project, "1", "--detach").out
    stopped = cli("stop", project, run.name)
    assert stopped.code == 0
    assert "Stopped at step" in stopped.out
    assert run.progress().state is State.STOPPED


@pytest.mark.parametrize("command", ["stop", "pause"])
def test_what_is_not_running_cannot_be_ended(command, cli, project, fake_worker):
    fake_worker("--steps", 6, "--seconds", 0)
    cli("train", project)
    outcome = cli(command, project, "1")
    assert (outcome.code, outcome.out) == (1, "")
    assert "is not being trained. It is finished." in outcome.err
    assert "no run 7" in cli(command, project, "7").err


def test_a_finished_run_is_not_resumed(cli, project, fake_worker):
    fake_worker("--steps", 6, "--seconds", 0)
    cli("train", project)
    outcome = cli("resume", project, "1")
    assert outcome.code == 1
    assert "has finished" in outcome.err


def test_the_list_of_runs(cli, project, fake_worker):
    assert "No runs yet" in cli("runs", project).out
    fake_worker("--steps", 6, "--seconds", 0)
    cli("train", project)
    cli("train", project, "--name", "second")
    head, *rows = cli("runs", project).out.splitlines()
    assert head.split()[:2] == ["run", "state"]
    assert [row.split()[:2] for row in rows] == [["0001-letters", "finished"], ["0002-second", "finished"]]
    listed = json.loads(cli("runs", project, "--json").out)
    assert [item["run"] for item in listed] == ["0001-letters", "0002-second"]
    assert all((KEYS | {"created"}) - {"adapter"} <= set(item) for item in listed)


def test_only_one_command_at_a_time_starts_a_run(cli, project, fake_worker, monkeypatch):
    fake_worker("--steps", 6, "--seconds", 0)
    monkeypatch.setattr(training, "_LOCK_SECONDS", 0)
    (project / "runs").mkdir()
    with filelock.FileLock(project / "runs" / training._LOCK_FILE):
        outcome = cli("train", project)
    assert outcome.code == 1
    assert "Another run is being started" in outcome.err
    assert cli("train", project).code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "lora.rnk=8"], ["lora.rnk", "did you mean lora.rank?"]),
        (["--set", "lora.rank=0", "--set", "training.epochs=many"], ["lora.rank", "training.epochs", "; "]),
        (["--set", "lora.rank"], ["GROUP.FIELD=VALUE", "lora.rank=8"]),
        (["--set", "model.base="], ["model.base"]),
        (["--model", ""], ["model.base"]),
        (["--set", "model.quantization=nf5"], ["model.quantization", "nf4"]),
    ],
)
def test_wrong_settings_are_wrong_use(options, words, cli, project):
    outcome = cli("train", project, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert [word for word in words if word not in outcome.err] == []
    assert not (project / "runs").exists()


@pytest.mark.parametrize("model", ["no/such-model", "./no-folder", "."])
def test_a_missing_model_is_told_before_anything_is_made(model, cli, project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = cli("train", project, "--model", model)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("tunesmith: ")
    assert not (project / "runs").exists()


def test_nothing_ready_starts_nothing(cli, tmp_path, fake_worker):
    fake_worker()
    cli("new", tmp_path / "empty")
    outcome = cli("train", tmp_path / "empty")
    assert outcome.code == 1
    assert "nothing to train on" in outcome.err
    assert runs_of(tmp_path / "empty") == []


@pytest.fixture
def refusing(tmp_path):
    """The starter model with a template that takes no system prompt."""
    base = shutil.copytree(paths.starter_model(), tmp_path / "refusing")
    template = base / "chat_template.jinja"
    refusal = "{% if messages[0].role == 'system' %}{{ raise_exception('No system prompts here') }}{% endif %}"
    template.write_text(refusal + template.read_text(encoding="utf-8"), encoding="utf-8")
    return base


def test_examples_that_cannot_be_trained_are_listed_and_nothing_starts(cli, project, refusing, fake_worker):
    fake_worker("--steps", 1)
    with Project.open(project) as opened:
        opened.store.add([Example(f"Greet {n}", "", "Ahoy", system="Be kind") for n in range(2)])
    outcome = cli("train", project, "--model", refusing)
    assert outcome.code == 1
    assert "Example 62 (Greet 0): " in outcome.out
    assert "No system prompts here" in outcome.out
    assert outcome.err == ("tunesmith: 2 examples cannot be trained, so nothing was started. Change or exclude them.\n")
    assert runs_of(project) == []
    told = cli("train", project, "--model", refusing, "--json").out.splitlines()
    refused = json.loads(told[-1])
    assert (refused["type"], refused["flawed"]) == ("refused", [62, 63])
    assert refused["examples"][1]["flaw"] == "refused"
    with Project.open(project) as opened:
        opened.set_recipe(with_settings(opened.recipe, {"model.base": str(refusing)}))
    checked = json.loads(cli("check", project, "--json", "--rule", "cannot-be-trained").out)
    assert [finding["examples"] for finding in checked["findings"]] == [[62], [63]]
    assert "Cannot be trained with this base model (cannot-be-trained): 2" in cli("check", project).out
    with Project.open(project) as opened:
        opened.store.update_many([62, 63], status=Status.EXCLUDED)
    fake_worker("--steps", 1, "--seconds", 0)
    assert cli("train", project).code == 0


def test_a_run_can_be_started_while_a_window_has_the_project_open(cli, project, fake_worker):
    fake_worker("--steps", 6, "--seconds", 0)
    with Project.open(project):
        assert cli("train", project).code == 0


def test_a_model_folder_is_named_from_the_top_and_brings_its_settings(project, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    with Project.open(project) as opened:
        own = with_settings(opened.recipe, {"lora.dropout": 0.2})
    starter = settings.recipe_for(own, model="starter", changes={"lora.rank": "8"})
    assert starter.model.base == "starter"
    assert starter.training.learning_rate == pytest.approx(2e-3)
    assert starter.lora.rank == 8
    for options in ({"model": "model", "changes": {}}, {"model": None, "changes": {"model.base": "model"}}):
        folder = settings.recipe_for(starter, **options)
        assert folder.model.base == str(tmp_path / "model")
        assert folder.training.learning_rate == pytest.approx(2e-4), "the starter's settings would spoil it"


def test_unusual_settings_are_noted(cli, project, fake_worker):
    fake_worker("--steps", 6, "--seconds", 0)
    outcome = cli("train", project, "--set", "lora.rank=1")
    assert "Note on lora.rank: Ranks under 4 learn little.\n" in outcome.out


def test_what_will_be_left_out_is_told_before_the_start(cli, project, fake_worker):
    with Project.open(project) as opened:
        opened.store.add([Example(f"Tell story {n}", "", "A long answer. " * 40) for n in range(30)])
    fake_worker("--steps", 6, "--seconds", 0)
    out = cli("train", project, "--set", "training.max_length=64").out
    said = "30 of 90 examples are longer than the maximum length and will be left out."
    assert said in out
    assert out.index(said) < out.index("Started on")


def test_the_line_of_progress(project):
    with Project.open(project) as opened:
        record = Record(opened.create_run())
    assert status(record, None) == "Waiting to start …"
    record.add([Phase(name="preparing_examples", done=200, total=400)], 0)
    assert status(record, None) == "Preparing the examples: 200 of 400 …"
    record.progress.steps = 200
    at = {"epoch": 0.5, "learning_rate": 1e-3, "grad_norm": 1.0, "tokens": 1, "tokens_per_second": 1.0}
    record.add([Step(step=50, loss=1.23456, memory_bytes=1, seconds_left=160, **at)], 1)
    assert status(record, None) == "[======>                 ]  25 %  step 50 of 200, loss 1.235, 2 min 40 s left"
    assert status(record, "stop").endswith("loss 1.235, stopping")
    record.add([Phase(name="evaluating"), Evaluation(step=50, loss=1.0, perplexity=2.7)], 2)
    assert status(record, None).endswith("Measuring the held-out loss")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("lora.initialisation=pissa", "full precision"),
        ("lora.layers=90", "layers 0 to"),
        ("lora.modules_to_save=wte", "embed_tokens"),
        ("lora.start_from=77", "neither a folder with an adapter nor a run"),
    ],
)
def test_settings_that_cannot_be_trained_are_refused_in_words_and_nothing_starts(cli, project, setting, says):
    outcome = cli("train", project, "--set", setting)
    assert outcome.code == 1
    assert says in outcome.err
    assert runs_of(project) == []
