"""The command queue: adding, sweeping, ordering, and working off with processes that only write events."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.errors import UserError
from core.project import Project
from core.runs import folder, heavy, queue_runner
from core.runs.event_file import EventWriter
from core.runs.events import Step
from core.runs.folder import RunFolder, State
from core.runs.queue import AfterFailure, Queue, Standing

Cli = Callable[..., tuple[int, str, str]]
FAST = ("--steps", 3, "--seconds", 0)


def standing(project: Path) -> Standing:
    return Queue(project / "runs").look()


def waiting(project: Path) -> list[str]:
    return [run.name for run in standing(project).waiting]


def said(outcome: tuple[int, str, str]) -> dict[str, object]:
    code, out, err = outcome
    assert code == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_runner, "_POLL_SECONDS", 0.02)


def test_an_empty_queue_says_how_to_fill_it(cli: Cli, project: Path) -> None:
    code, out, _ = cli("queue", project)
    assert code == 0
    assert "Nothing waits" in out
    assert "queue" in out
    assert "add" in out
    assert said(cli("queue", project, "--json"))["waiting"] == []
    assert said(cli("queue", project, "list", "--json"))["on"] is False


def test_runs_are_added_with_settings_and_frozen_examples(cli: Cli, project: Path) -> None:
    first = said(cli("queue", project, "add", "--name", "small", "--set", "lora.rank=4", "--json"))
    assert first["added"] == first["waiting"] == ["0001-small"]
    cli("queue", project, "add", "--first")
    assert waiting(project) == ["0002-letters", "0001-small"]
    run = RunFolder(project / "runs" / "0001-small")
    assert run.recipe().lora.rank == 4
    assert len(run.train_examples()) + len(run.heldout_examples()) == 60
    assert run.progress().state is State.QUEUED


def test_a_run_like_another_has_its_examples_and_other_settings(cli: Cli, project: Path) -> None:
    cli("queue", project, "add", "--set", "lora.rank=4")
    with Project.open(project) as opened:
        opened.store.add([Example(instruction="Another question", output="Another answer")])
    cli("queue", project, "add", "--like", "1", "--set", "training.epochs=9")
    first, second = (RunFolder(project / "runs" / name) for name in waiting(project))
    assert second.train_file.read_bytes() == first.train_file.read_bytes()
    assert second.heldout_file.read_bytes() == first.heldout_file.read_bytes()
    assert (second.recipe().lora.rank, second.recipe().training.epochs) == (4, 9)
    cli("queue", project, "add", "--like", "1", "--set", "heldout.share=0", "--name", "all")
    third = RunFolder(project / "runs" / waiting(project)[-1])
    assert third.name == "0003-all"
    assert len(third.train_examples()) == 60
    assert third.heldout_examples() == []


def test_a_sweep_adds_each_combination(cli: Cli, project: Path) -> None:
    over = ("--over", "lora.rank=4,8", "--over", "training.learning_rate=1e-3,1e-2,1e-3")
    code, out, _ = cli("queue", project, "sweep", *over)
    assert code == 0
    assert "Alpha follows the rank" in out
    assert waiting(project) == [
        "0001-rank-4-learning-rate-0.001",
        "0002-rank-4-learning-rate-0.01",
        "0003-rank-8-learning-rate-0.001",
        "0004-rank-8-learning-rate-0.01",
    ]
    code, out, _ = cli("queue", project, "sweep", "--over", "lora.rank=4,8", "--set", "lora.alpha=5")
    assert "Alpha follows" not in out
    code, out, _ = cli("queue", project, "sweep", "--over", "lora.rank=4,8", "--over", "lora.alpha=5,6")
    assert "Alpha follows" not in out
    cli("queue", project, "sweep", "--over", "lora.rank=4,8", "--set", "lora.alpha=5")
    assert RunFolder(project / "runs" / waiting(project)[-1]).recipe().lora.alpha == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sweep", "--over", "lora.rank"), "cannot be understood"),
        (("sweep", "--over", "lora.rnk=1,2"), "did you mean lora.rank"),
        (("sweep", "--over", "lora.rank=0"), "lora.rank"),
        (("add", "--set", "lora.rank=0"), "lora.rank"),
        (("move", "1", "sideways"), "no place"),
        (("move", "1", "²"), "no place"),
    ],
)
def test_wrong_use_is_told(cli: Cli, project: Path, arguments: tuple[str, ...], words: str) -> None:
    cli("queue", project, "add")
    code, _, err = cli("queue", project, *arguments)
    assert code == 2
    assert words in err
    assert len(waiting(project)) == 1


def test_too_many_runs_are_refused_before_any_is_made(cli: Cli, project: Path) -> None:
    values = ",".join(map(str, range(1, 66)))
    code, _, err = cli("queue", project, "sweep", "--over", f"training.seed={values}")
    assert code == 1
    assert "65 runs" in err
    assert folder.all_runs(project / "runs") == []


def test_the_order_is_changed(cli: Cli, project: Path) -> None:
    for name in "abcd":
        cli("queue", project, "add", "--name", name)
    for run, to in (("4", "up"), ("1", "last"), ("2", "2"), ("3", "first"), ("0004-d", "down")):
        cli("queue", project, "move", run, to)
    assert [name[-1] for name in waiting(project)] == ["c", "b", "d", "a"]
    left = said(cli("queue", project, "remove", "2", "0004-d", "--json"))
    assert left["waiting"] == ["0003-c", "0001-a"]
    assert cli("queue", project, "remove", "9")[0] == 1


def test_what_waits_is_trained_one_after_another(cli: Cli, project: Path, fake_worker: Callable[..., None]) -> None:
    fake_worker(*FAST)
    cli("queue", project, "add", "--name", "a")
    cli("queue", project, "add", "--name", "b")
    code, out, err = cli("queue", project, "run")
    assert code == 0, err
    assert out.index("0001-a") < out.index("0002-b")
    assert "0001-a finished, 0002-b finished" in out
    runs = folder.all_runs(project / "runs")
    assert [run.progress().state for run in runs] == [State.FINISHED] * 2
    steps = [[event.at for event in run.events() if isinstance(event, Step)] for run in runs]
    assert steps[0][-1] < steps[1][0]
    assert not standing(project).on
    assert cli("queue", project, "run")[0] == 1, "nothing waits"


def test_a_failure_does_not_keep_the_rest(cli: Cli, project: Path, fake_worker: Callable[..., None]) -> None:
    fake_worker(*FAST, "--end", "fail")
    for name in "ab":
        cli("queue", project, "add", "--name", name)
    code, out, err = cli("queue", project, "run", "--json")
    assert code == 1
    assert "0001-a, 0002-b" in err
    assert [one["state"] for one in json.loads(out.splitlines()[-1])] == ["failed", "failed"]


def test_after_a_failure_the_queue_can_wait(cli: Cli, project: Path, fake_worker: Callable[..., None]) -> None:
    fake_worker(*FAST, "--end", "fail")
    for name in "ab":
        cli("queue", project, "add", "--name", name)
    code, _, _ = cli("queue", project, "run", "--after-failure", "wait", "--quiet")
    assert code == 1
    now = standing(project)
    assert waiting(project) == ["0002-b"]
    assert (now.on, now.after_failure) == (False, AfterFailure.WAIT)
    assert now.held_by == "Run 1 · A did not finish: The memory is full."
    assert "held: Run 1 · A did not finish" in cli("queue", project)[1]


def test_pausing_a_run_holds_the_queue(cli: Cli, project: Path, fake_worker: Callable[..., None]) -> None:
    fake_worker("--steps", 100000, "--seconds", 0.01)
    for name in "ab":
        cli("queue", project, "add", "--name", name)
    queue = Queue(project / "runs")
    queue.switch(True)

    def pause(watch: queue_runner.Watch) -> None:
        watch.run.ask("pause")
        while not watch.ended:
            watch.look()

    done = queue_runner.work_off(queue, pause)
    assert [state for _, state in done] == [State.PAUSED]
    assert queue.look().held_by == "Run 1 · A was paused."
    assert waiting(project) == ["0002-b"]


def test_resuming_the_run_that_holds_the_queue_lets_it_go_on(
    cli: Cli, project: Path, fake_worker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_worker(*FAST)
    for name in "abc":
        cli("queue", project, "add", "--name", name)
    EventWriter(project / "runs" / "0001-a" / "events.jsonl").close()
    (project / "runs" / "0001-a" / "events.jsonl").write_text('{"type": "paused", "time": 1, "step": 1}\n')
    queue, started = Queue(project / "runs"), []
    monkeypatch.setattr(queue_runner, "start_runner", started.append)
    queue.switch(False, held_by="Run 1 · A was paused.", held_for=RunFolder(project / "runs" / "0001-a"))
    code, out, err = cli("resume", project, "1")
    assert code == 0, err
    assert "goes on after it" in out
    assert (standing(project).on, standing(project).held_by) == (True, "")
    assert started == [project]


def test_a_run_started_elsewhere_is_waited_for(cli: Cli, project: Path, fake_worker: Callable[..., None]) -> None:
    cli("queue", project, "add", "--name", "a")
    fake_worker("--steps", 100000, "--seconds", 0.01)
    cli("train", project, "--detach", "--name", "direct")
    direct = folder.find(project / "runs", "2")
    fake_worker(*FAST)
    queue = Queue(project / "runs")
    queue.switch(True)

    def follow(watch: queue_runner.Watch) -> None:
        assert direct.progress().state is State.STOPPED
        while not watch.ended:
            watch.look()

    waited: list[str] = []

    def waits_for(what: str) -> None:
        waited.append(what)
        direct.ask("stop")

    done = queue_runner.work_off(queue, follow, waits_for=waits_for)
    assert [run.name for run, _ in done] == ["0001-a"]
    assert set(waited) == {"0002-direct"}


@pytest.mark.skipif(os.name == "nt", reason="signals are not sent like this on Windows")
def test_ctrl_c_stops_the_run_under_way_and_holds_the_queue(
    cli: Cli, project: Path, fake_worker: Callable[..., None]
) -> None:
    fake_worker("--steps", 100000, "--seconds", 0.01)
    for name in "ab":
        cli("queue", project, "add", "--name", name)
    first = folder.find(project / "runs", "1")

    def interrupt() -> None:
        while first.progress().step == 0:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code, out, err = cli("queue", project, "run")
    thread.join()
    assert code == 0, err
    assert "Stopping after this step" in err
    assert "0001-a stopped" in out
    assert waiting(project) == ["0002-b"]
    assert not standing(project).on


def test_ctrl_c_while_it_waits_holds_the_queue(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(queue: Queue, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue_runner, "work_off", interrupted)
    cli("queue", project, "add")
    assert cli("queue", project, "run")[0] == 130
    assert not standing(project).on
    assert len(waiting(project)) == 1


def test_a_run_of_another_project_is_waited_for(
    cli: Cli, project: Path, fake_worker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_worker(*FAST)
    cli("queue", project, "add")
    queue, waited = Queue(project / "runs"), []
    queue.switch(True)
    other = heavy.Holder("/somewhere/poems/runs/0007-ode", 1, 0.0, "here", ("all",))
    monkeypatch.setattr(heavy, "holder", lambda: other if len(waited) < 3 else None)

    def follow(watch: queue_runner.Watch) -> None:
        while not watch.ended:
            watch.look()

    queue_runner.work_off(queue, follow, waits_for=waited.append)
    assert waited == ["Run 7 · Ode in poems"] * 3


def test_train_waits_for_its_turn_and_detached_it_says_so(
    cli: Cli, project: Path, fake_worker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_worker(*FAST)
    asked: list[int] = []
    other = heavy.Holder("/somewhere/poems/runs/0007-ode", 1, 0.0, "here", ("all",))

    def holder() -> heavy.Holder | None:
        asked.append(1)
        return other if len(asked) < 3 else None

    monkeypatch.setattr(heavy, "holder", holder)
    code, _, err = cli("train", project, "--detach")
    assert code == 1
    assert "Run 7 · Ode in poems" in err
    assert folder.all_runs(project / "runs") == []
    asked.clear()
    code, _, err = cli("train", project)
    assert code == 0
    assert "Waiting until Run 7 · Ode in poems has ended" in err


def test_two_cannot_work_one_queue_off(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_runner, "_LOCK_SECONDS", 0.05)
    cli("queue", project, "add")
    queue = Queue(project / "runs")
    assert not queue_runner.is_worked_off(queue.runs)
    with queue_runner._alone(queue.runs):
        assert queue_runner.is_worked_off(queue.runs)
        code, _, err = cli("queue", project, "run")
    assert code == 1
    assert "worked off already" in err


def test_a_run_that_cannot_be_started_holds_the_queue(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import RunError
    from core.runs import watch

    def refuse(run: RunFolder) -> None:
        raise RunError("The training process could not be started.", reason="Too many processes.")

    monkeypatch.setattr(watch, "start_worker", refuse)
    cli("queue", project, "add")
    code, _, err = cli("queue", project, "run")
    assert code == 1
    assert "could not be started" in err
    assert not standing(project).on
    assert "Too many processes" in standing(project).held_by


def test_holding_reaches_a_process_that_is_just_starting(
    cli: Cli, project: Path, fake_worker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_worker(*FAST)
    commands: list[list[str]] = []
    cli("queue", project, "add")
    with monkeypatch.context() as patch:
        patch.setattr(queue_runner.subprocess, "Popen", lambda command, **_: commands.append(command))
        assert cli("queue", project, "run", "--detach")[0] == 0
    Queue(project / "runs").switch(False, held_by="0001-letters was paused.")
    assert cli(*commands[0][3:]) == (0, "", "")
    assert len(waiting(project)) == 1
    assert standing(project).held_by == "0001-letters was paused."
    cli("queue", project, "remove", "1")
    assert cli(*commands[0][3:]) == (0, "", ""), "nothing left to do is no failure"


@pytest.mark.parametrize("damage", ["recipe", "wish"])
def test_a_run_that_cannot_be_read_or_claimed_holds_the_queue(
    cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    def refuse(_: RunFolder) -> None:
        raise PermissionError(13, "Permission denied")

    cli("queue", project, "add")
    if damage == "recipe":
        (project / "runs" / "0001-letters" / "recipe.toml").write_text("rank = [")
    else:
        monkeypatch.setattr(RunFolder, "withdraw_wish", refuse)
    queue = Queue(project / "runs")
    queue.switch(True)
    with pytest.raises(UserError):
        queue_runner.work_off(queue, lambda _: None)
    assert not queue.look().on
    assert queue.look().held_by


def test_holding_lets_no_other_start(cli: Cli, project: Path) -> None:
    cli("queue", project, "add")
    Queue(project / "runs").switch(True)
    assert said(cli("queue", project, "hold", "--json"))["on"] is False
    assert len(waiting(project)) == 1
    assert "The queue is held: no other run starts by itself." in cli("queue", project, "hold").out


def test_settings_tell_the_runs_of_a_list_apart(cli: Cli, project: Path) -> None:
    cli("queue", project, "add", "--name", "same")
    cli("queue", project, "add", "--name", "same", "--set", "lora.rank=4", "--set", "training.epochs=9")
    lines = cli("queue", project, "list").out.splitlines()
    assert lines[0] == "  1  0001-same  the usual settings"
    assert lines[1].startswith("  2  0002-same  ")
    assert "Rank 4" in lines[1]
    (project / "runs" / "0001-same" / "recipe.toml").write_text("rank = [")
    assert "its settings cannot be read" in cli("queue", project, "list").out


def test_without_ready_examples_nothing_is_waited_for(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> None:
        raise AssertionError("The machine is not wanted.")

    with Project.create(tmp_path / "empty") as opened:
        opened.store.add([Example(instruction="A draft")])
    monkeypatch.setattr(heavy, "holder", asked)
    code, _, err = cli("train", tmp_path / "empty")
    assert code == 1
    assert "There is nothing to train on." in err


def test_an_unwritable_folder_leaves_no_half_sweep(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    create = folder.create

    def full(*args: object, **kwargs: object) -> RunFolder:
        made.append(1)
        if len(made) == 3:
            raise OSError(28, "No space left on device")
        return create(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(folder, "create", full)
    code, _, err = cli("queue", project, "sweep", "--over", "lora.rank=1,2,3")
    assert code == 1
    assert "No space left" in err
    assert folder.all_runs(project / "runs") == []


def test_events_of_an_entry_written_meanwhile_take_it_out(cli: Cli, project: Path) -> None:
    cli("queue", project, "add")
    with EventWriter(project / "runs" / "0001-letters" / "events.jsonl") as events:
        events.write(
            Step(
                step=1,
                epoch=1,
                loss=1,
                learning_rate=1,
                grad_norm=1,
                tokens=1,
                tokens_per_second=1,
                memory_bytes=1,
            )
        )
    assert waiting(project) == []
