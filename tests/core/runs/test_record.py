"""What a run's events add up to, for the window: record, words, overview, table."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs import heartbeat, words
from core.runs.event_file import EventWriter
from core.runs.events import (
    Adjusted,
    Checkpoint,
    Evaluation,
    Failed,
    Finished,
    Notice,
    Paused,
    Phase,
    Resumed,
    Sample,
    Started,
    Step,
    Stopped,
)
from core.runs.folder import Progress, RunFolder, State, create
from core.runs.overview import Overview
from core.runs.record import Record
from core.runs.table import COLUMNS, as_csv

STARTED = Started(
    device="CPU",
    versions={},
    trainable_parameters=10,
    total_parameters=100,
    steps=20,
    epochs=1,
    examples=8,
    heldout_examples=2,
    tokens=100,
    supervised_tokens=50,
)


def step(number: int, loss: float | None = 1.0) -> Step:
    return Step(
        step=number,
        epoch=number / 10,
        loss=loss,
        learning_rate=1e-4,
        grad_norm=0.5,
        tokens=number * 10,
        tokens_per_second=100,
        memory_bytes=10**9,
    )


def sample(at: int, example: int, text: str) -> Sample:
    return Sample(step=at, example=example, prompt="p", expected="e", text=text)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return create(tmp_path, name="Harbour letters", recipe=Recipe(), train=[Example("a", output="b", id=1)], heldout=[])


def write(run: RunFolder, *events: object) -> None:
    with EventWriter(run.events_file) as writer:
        for event in events:
            writer.write(event)  # type: ignore[arg-type]


def test_a_record_loaded_and_then_followed_has_everything_once(run: RunFolder) -> None:
    first = [STARTED, Evaluation(step=0, loss=3.0, perplexity=20.0), step(1), step(2)]
    write(run, *first)
    record = Record.load(run)
    assert record.count == 4
    new = record.add([step(2), step(3)], 3)
    assert [event.step for event in new] == [3]  # type: ignore[union-attr]
    assert list(record.series.steps) == [1, 2, 3]
    assert record.epoch == pytest.approx(0.3)
    assert [type(event) for event in record.journal] == [Started, Evaluation]


def test_missing_events_are_not_glossed_over(run: RunFolder) -> None:
    with pytest.raises(ValueError, match="missing"):
        Record(run).add([step(1)], 5)


def test_the_phase_is_over_with_the_next_step_and_with_the_end(run: RunFolder) -> None:
    record = Record(run)
    record.add([Phase(name="loading_model")], 0)
    assert record.phase is not None
    record.add([step(1)], 1)
    assert record.phase is None
    record.add([Phase(name="saving"), Paused(step=1)], 2)
    assert record.phase is None


def test_samples_come_in_the_order_of_their_examples(run: RunFolder) -> None:
    record = Record(run)
    record.add([sample(0, 7, "b"), sample(0, 3, "a"), Checkpoint(step=1, path="checkpoints/step-1")], 0)
    assert [answer.example for answer in record.samples_at(0)] == [3, 7]
    assert record.samples_at(9) == []
    assert record.can_continue


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (STARTED, "Started on CPU: 8 examples, 2 held out, 20 steps, 10 of 100 parameters."),
        (
            Evaluation(step=1500, loss=1.23456, perplexity=3, best=True),
            "Step 1,500: held-out loss 1.235, the best so far.",
        ),
        (Evaluation(step=2, loss=None, perplexity=None), "Step 2: held-out loss –."),
        (
            Adjusted(what="training.tokens_per_pass", before=4096, after=2048, why="Memory was full."),
            "Tokens per pass was changed from 4096 to 2048. Memory was full.",
        ),
        (Adjusted(what="other", before="a", after="b", why="So."), "other was changed from a to b. So."),
        (Notice(message="Odd.", hint="Look."), "Odd. Look."),
        (Resumed(step=100), "Taken up again from the checkpoint at step 100."),
        (Paused(step=4), "Paused at step 4; the memory is free."),
        (Stopped(step=4, loss=1, heldout_loss=2, adapter=None), "Stopped at step 4 as asked."),
        (Failed(kind="x", message="No disk.", reason="Full."), "Failed: No disk. Full."),
        (step(1), ""),
    ],
)
def test_events_say_themselves(event: object, expected: str) -> None:
    assert words.sentence(event) == expected  # type: ignore[arg-type]


def test_an_early_end_says_why() -> None:
    finished = Finished(step=40, loss=1, heldout_loss=0.5, adapter="adapter", early=True, seconds=3)
    assert "because the held-out loss no longer fell" in words.sentence(finished)


def test_phases_count_where_they_can() -> None:
    assert (
        words.phase(Phase(name="preparing_examples", done=1200, total=5000)) == "Preparing the examples: 1,200 of 5,000"
    )
    assert words.phase(Phase(name="loading_model")) == "Loading the base model"


def test_a_failure_is_told_with_its_own_words(run: RunFolder) -> None:
    progress = Progress(state=State.FAILED, error=Failed(kind="x", message="A", reason="B", hint="C", traceback="D"))
    problem = words.problem(progress, run)
    assert problem is not None
    assert (problem.title, problem.reason, problem.hint, problem.details) == ("A", "B", "C", "D")
    assert words.problem(Progress(state=State.FINISHED), run) is None


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("x", -9, "SIGKILL"),
        ("x", -11, "crashed (it touched memory that is not its own, SIGSEGV)"),
        ("x", -7, "crashed (a file it had mapped was cut off, or the disk is full, SIGBUS)"),
        ("Fatal Python error: Segmentation fault\n", None, "crashed (Segmentation fault)"),
        ("OSError: [Errno 28] No space left on device", 1, "The disk is full."),
        ("MemoryError: no", 1, "memory was full"),
        (f"MemoryError: long ago\n{words.PROCESS_STARTED} 77\nhm", 3, "exit code 3"),
        ("CUDA error: device", 1, "graphics card"),
        ("Traceback\nModuleNotFoundError: No module named 'peft'\n", 1, "No module named 'peft'"),
        ("hm", 3, "exit code 3"),
        ("", None, "without a last word"),
    ],
)
def test_an_interruption_is_explained_as_far_as_is_known(
    run: RunFolder, log: str, code: int | None, reason: str
) -> None:
    run.log_file.write_text(log)
    problem = words.problem(Progress(state=State.INTERRUPTED), run, code)
    assert problem is not None
    assert reason in problem.reason
    assert "from the beginning" in problem.hint
    (run.checkpoints / "step-00000010").mkdir(parents=True)
    problem = words.problem(Progress(state=State.INTERRUPTED), run, code)
    assert problem is not None
    assert "last checkpoint" in problem.hint


def test_a_process_that_the_system_ended_for_its_memory_is_known_by_its_last_heartbeat(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.heartbeat_file.write_bytes(heartbeat.Heartbeat(9, 0.0, 1 << 20, 3).encode())
    monkeypatch.setattr(heartbeat, "ended_for_memory", lambda: 3)
    problem = words.problem(Progress(state=State.INTERRUPTED), run, -9)
    assert problem is not None
    assert "SIGKILL" in problem.reason
    monkeypatch.setattr(heartbeat, "ended_for_memory", lambda: 4)
    problem = words.problem(Progress(state=State.INTERRUPTED), run, -9)
    assert problem is not None
    assert "memory of the machine was full" in problem.reason


def test_a_pause_that_nobody_asked_for_says_why(run: RunFolder) -> None:
    event = Paused(step=4, message="The disk is full.", reason="No room.", hint="Free some.")
    assert words.sentence(event) == "Paused after step 4: The disk is full. No room. Free some."
    progress = Progress()
    progress.add(event)
    problem = words.problem(progress, run)
    assert problem is not None
    assert (problem.title, problem.reason, problem.hint) == ("The disk is full.", "No room.", "Free some.")
    progress = Progress()
    progress.add(Paused(step=4))
    assert words.problem(progress, run) is None


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    problem = words.problem(Progress(state=State.INTERRUPTED), RunFolder(tmp_path / "gone"), 1)
    assert problem is not None
    assert problem.title == "The folder of the run is gone."
    assert "resume" in problem.hint


def test_the_tail_of_a_long_log_starts_with_a_whole_line(run: RunFolder) -> None:
    run.log_file.write_text("".join(f"line {number}\n" for number in range(10_000)))
    tail = words.log_tail(run, 100)
    assert tail.startswith("line ")
    assert tail.endswith("line 9999\n")
    assert len(tail) <= 100


def test_the_overview_reads_on_where_it_was(run: RunFolder) -> None:
    overview = Overview()
    assert overview.look([run])[0].progress.state is State.QUEUED
    write(run, STARTED, step(1), step(2))
    summary = overview.look([run])[0]
    assert (summary.progress.state, summary.progress.step) == (State.INTERRUPTED, 2)
    write(run, Finished(step=2, loss=0.5, heldout_loss=0.7, adapter="adapter", seconds=1))
    run.adapter.mkdir()
    (run.adapter / "adapter_model.safetensors").write_bytes(b"12345")
    summary = overview.look([run])[0]
    assert (summary.progress.state, summary.progress.heldout_loss) == (State.FINISHED, 0.7)
    assert summary.adapter_bytes == 5
    assert (summary.name, summary.title) == ("Harbour letters", "Run 1 · Harbour letters")
    assert summary.recipe == Recipe()


def test_the_overview_bears_a_damaged_recipe_and_a_vanished_run(run: RunFolder, tmp_path: Path) -> None:
    run.recipe_file.write_text("[[[")
    assert Overview().look([run])[0].recipe is None
    assert Overview().look([RunFolder(tmp_path / "0009-gone")]) == []


def test_the_table_has_a_row_a_step_for_every_run(run: RunFolder) -> None:
    record = Record(run)
    record.add([Evaluation(step=0, loss=3.0, perplexity=None), step(1, 2.0), step(2, None), step(3, 1.0)], 0)
    record.add([Evaluation(step=3, loss=1.5, perplexity=None)], record.count)
    rows = list(csv.DictReader(io.StringIO(as_csv({"a": record.series, "b": record.series}))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["run"] for row in rows] == ["a"] * 4 + ["b"] * 4
    assert [row["step"] for row in rows[:4]] == ["0", "1", "2", "3"]
    assert [row["loss"] for row in rows[:4]] == ["", "2.0", "", "1.0"]
    assert [row["heldout_loss"] for row in rows[:4]] == ["3.0", "", "", "1.5"]
    assert float(rows[1]["loss_smoothed"]) == pytest.approx(2.0)
