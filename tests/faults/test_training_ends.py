"""What ends a run for good or for now: each is injected, told in words, and leaves a way on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import full_disk
import psutil
import pytest
from forked_runs import EXAMPLES, adapter_bytes, finish, log, losses, new_run, start

from core.dataset.example import Example
from core.runs import words
from core.runs.events import FINAL, Adjusted, Checkpoint, Event, Failed, Paused, Step
from core.runs.folder import RunFolder, State
from core.runs.heartbeat import Listener

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(runs: Path, model: Path) -> RunFolder:
    """A run that nothing happened to; it saves after each step."""
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    assert finish(run)[0] == 0, log(run)
    return run


def last(events: list[Event]) -> Failed:
    assert isinstance(events[-1], Failed)
    assert sum(isinstance(event, FINAL) for event in events) == 1
    return events[-1]


@pytest.mark.parametrize("fault", ["loss_not_finite", "gradient_not_finite"])
def test_numbers_that_are_none_end_the_run_before_they_spoil_it(
    runs: Path, model: Path, whole: RunFolder, fault: str
) -> None:
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    code, events = finish(run, fault, 6)
    failed = last(events)
    assert (code, failed.kind) == (1, "loss_not_finite")
    assert "step 6" in failed.message
    assert len(failed.examples) == 8
    assert set(failed.examples) <= {example.id for example in EXAMPLES[:32]}
    assert [event.step for event in events if isinstance(event, Checkpoint)][-1] in (4, 5)
    finish(run)  # without the fault: the last good state goes on as if nothing had happened
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_the_example_that_breaks_the_loss_is_named(runs: Path, model: Path) -> None:
    long = Example(id=77, instruction="Say all.", input="x", output="all " * 60)
    run = new_run(runs, model, [*EXAMPLES[:31], long, *EXAMPLES[32:]])
    _, events = finish(run, "poisoned", 100)
    failed = last(events)
    assert failed.examples == [77]
    assert "By itself" in failed.reason


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronous"), "gpu"),
        (OSError(30, "Read-only file system", "events.jsonl"), "files"),
        (PermissionError(13, "Permission denied", "command.json"), "files"),
        (OSError(5, "Input/output error", "checkpoints"), "files"),
        (KeyError("what"), "unexpected"),
    ],
)
def test_an_error_becomes_words_and_the_run_can_be_resumed(
    runs: Path, model: Path, whole: RunFolder, error: Exception, kind: str
) -> None:
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    code, events = finish(run, "error_at", 6, error)
    failed = last(events)
    assert (code, failed.kind) == (1, kind)
    assert "esume" in failed.hint
    finish(run)
    assert run.progress().state is State.FINISHED
    assert adapter_bytes(run) == adapter_bytes(whole)


@pytest.mark.parametrize(
    ("act", "arguments", "said"),
    [
        ("crash", (), "crashed (it touched memory that is not its own, SIGSEGV)"),
        ("abort", (), "crashed (a library gave up, SIGABRT)"),
        ("exit", (7,), "exit code 7"),
    ],
)
def test_a_process_that_dies_is_explained_and_resumed(
    runs: Path, model: Path, whole: RunFolder, act: str, arguments: tuple[int, ...], said: str
) -> None:
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    code, _ = finish(run, "act_at", 6, act, *arguments)
    problem = words.problem(run.progress(), run, code)
    assert problem is not None
    assert said in problem.reason
    assert "Resume" in problem.hint
    finish(run)
    assert losses(run) == losses(whole)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_a_deleted_folder_ends_the_process_and_is_not_made_anew(runs: Path, model: Path) -> None:
    run = new_run(runs, model)
    code, _ = finish(run, "act_at", 3, "rmtree", str(run.path))
    assert code == 1
    assert not run.path.exists()


def test_a_folder_that_was_moved_away_and_put_back_goes_on(runs: Path, model: Path, whole: RunFolder) -> None:
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    away = run.path.with_name("away")
    code, _ = finish(run, "act_at", 6, "rename", str(run.path), str(away))
    assert code == 1
    assert not run.path.exists()
    away.rename(run.path)
    assert last(run.events()).kind == "folder_gone"
    finish(run)
    assert adapter_bytes(run) == adapter_bytes(whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with contextlib.ExitStack() as opened:
        try:
            opened.enter_context(full_disk.small_disk(disk))
        except OSError as error:
            pytest.skip(str(error))
        yield disk


@pytest.mark.parametrize("left", [0, 3000, 40_000, 90_000, 200_000])
def test_a_full_disk_pauses_the_run_until_there_is_room(
    small_disk: Path, model: Path, whole: RunFolder, left: int
) -> None:
    run = new_run(small_disk, model, checkpoints__minutes=0.0001)
    ballast = small_disk / "ballast"
    code, events = finish(run, "fill_disk_at", 4, str(ballast), left)
    assert code == 1
    paused = events[-1]
    assert isinstance(paused, Paused), log(run)
    assert paused.message == "The disk is full."
    assert all(event.step <= 12 for event in events if isinstance(event, Checkpoint))
    problem = words.problem(run.progress(), run, code)
    assert problem is not None
    assert "Free some space" in problem.hint
    assert b"\n{" not in run.events_file.read_bytes().splitlines()[-1]
    ballast.unlink()
    assert finish(run)[0] == 0, log(run)
    assert losses(run) == losses(whole)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_events_that_cannot_be_written_end_the_run_with_the_reason_in_its_log(
    runs: Path, model: Path, whole: RunFolder
) -> None:
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    code, _ = finish(run, "events_cannot_be_written", 6)
    assert code == 1
    problem = words.problem(run.progress(), run, code)
    assert problem is not None
    assert "Read-only file system" in problem.reason
    finish(run)
    assert adapter_bytes(run) == adapter_bytes(whole)


def test_a_process_that_hangs_is_told_and_the_run_goes_on(runs: Path, model: Path, whole: RunFolder) -> None:
    run = new_run(runs, model, checkpoints__minutes=0.0001)
    process = start(run, "act_at", 6, "hang")
    now = [0.0]
    listener = Listener(run, lambda: now[0])
    while not any(isinstance(event, Step) and event.step >= 5 for event in run.events()):
        assert process.is_alive(), log(run)
        time.sleep(0.01)
    worker = psutil.Process(process.pid)
    while worker.status() != psutil.STATUS_SLEEPING or worker.cpu_percent(0.2) > 0:
        assert process.is_alive(), log(run)
    for _ in range(40):
        now[0] += 1  # the heart stands still, so seconds need not pass
        silence = listener.look(worker)
    assert silence >= 30
    assert run.progress().state is State.RUNNING
    process.kill()
    process.join()
    finish(run)
    assert adapter_bytes(run) == adapter_bytes(whole)


@pytest.mark.skipif(not Path("/proc/vmstat").exists(), reason="Linux tells how many processes it has ended")
def test_a_run_that_the_system_ended_for_its_memory_goes_on_with_half(runs: Path, model: Path) -> None:
    run = new_run(runs, model)
    finish(run, "act_at", 6, "exit", 9)
    code, events = finish(run, "memory_killed", 10**9)
    assert code == 0, log(run)
    changed = [event for event in events if isinstance(event, Adjusted)]
    assert [event.what for event in changed] == ["training.tokens_per_pass"]
    assert int(changed[0].after) < 400
    assert "ended the process" in changed[0].why
