"""The queue's order, its file, taking out and putting back; what has begun is in it no more."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.errors import RunError
from core.recipe.schema import Recipe
from core.runs import numbers
from core.runs.event_file import EventWriter
from core.runs.events import Phase
from core.runs.folder import RunFolder, all_runs, create
from core.runs.queue import QUEUE_FILE, AfterFailure, Queue, Standing, discard, is_waiting


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def queue(runs: Path) -> Queue:
    return Queue(runs)


def new(runs: Path, name: str) -> RunFolder:
    examples = [Example(id=n, instruction=f"Q{n}", output="A") for n in range(1, 4)]
    return create(runs, name=name, recipe=Recipe(), train=examples, heldout=[])


def names(standing: Standing) -> list[str]:
    return [run.name.partition("-")[2] for run in standing.waiting]


def filled(queue: Queue, *wanted: str) -> dict[str, RunFolder]:
    made = {name: new(queue.runs, name) for name in wanted}
    queue.add(list(made.values()))
    return made


def test_without_a_file_it_is_empty_and_held(queue: Queue) -> None:
    assert queue.look() == Standing((), on=False, after_failure=AfterFailure.GO_ON, held_by="")


def test_runs_wait_in_the_order_in_which_they_were_added(queue: Queue) -> None:
    filled(queue, "a", "b")
    filled(queue, "c")
    assert names(queue.look()) == ["a", "b", "c"]
    assert names(queue.add([new(queue.runs, "d"), new(queue.runs, "e")], first=True)) == ["d", "e", "a", "b", "c"]
    assert names(Queue(queue.runs).look()) == ["d", "e", "a", "b", "c"], "another process sees the same"


def test_a_run_that_is_added_again_only_changes_its_place(queue: Queue) -> None:
    made = filled(queue, "a", "b")
    assert names(queue.add([made["a"]])) == ["b", "a"]


@pytest.mark.parametrize(("place", "order"), [(0, "cab"), (1, "acb"), (2, "abc"), (99, "abc"), (-5, "cab")])
def test_a_run_is_moved(queue: Queue, place: int, order: str) -> None:
    made = filled(queue, "a", "b", "c")
    assert names(queue.move(made["c"], place)) == list(order)


def test_what_has_begun_waits_no_more_and_cannot_be_changed(queue: Queue) -> None:
    made = filled(queue, "a", "b", "c")
    made["a"].claim(os.getpid())
    with EventWriter(made["b"].events_file) as events:
        events.write(Phase(name="starting"))
    assert names(queue.look()) == ["c"]
    for act in (lambda: queue.move(made["a"], 1), lambda: queue.remove([made["b"]])):
        with pytest.raises(RunError, match="does not wait"):
            act()
    with pytest.raises(RunError, match="has begun"):
        queue.add([made["a"]])
    assert made["a"].path.is_dir()


def test_removing_takes_the_folders_away_and_undo_brings_them_back(queue: Queue) -> None:
    made = filled(queue, "a", "b", "c", "d")
    removed = queue.remove([made["b"], made["c"]])
    assert names(queue.look()) == ["a", "d"]
    assert [run.name for run in all_runs(queue.runs)] == ["0001-a", "0004-d"]
    assert names(queue.put_back(removed)) == ["a", "b", "c", "d"]
    assert made["b"].train_examples()[0].instruction == "Q1"


def test_undo_puts_a_run_behind_those_it_stood_behind(queue: Queue) -> None:
    made = filled(queue, "a", "b", "c")
    removed = queue.remove([made["b"]])
    queue.move(made["c"], 0)
    filled(queue, "e")
    assert names(queue.put_back(removed)) == ["c", "a", "b", "e"]


def test_the_number_of_a_removed_run_stays_its_own(queue: Queue) -> None:
    removed = queue.remove([filled(queue, "a", "b")["b"]])
    assert new(queue.runs, "b").name == "0003-b"
    assert [run.name for run in queue.put_back(removed).waiting] == ["0001-a", "0002-b"]


def test_a_name_taken_meanwhile_is_replaced(queue: Queue) -> None:
    made = filled(queue, "a", "b")
    removed = queue.remove([made["b"]])
    (queue.runs / numbers.FILE).unlink()  # as if it had been put there by hand
    other = new(queue.runs, "b")
    assert other.name == "0002-b"
    assert [run.name for run in queue.put_back(removed).waiting] == ["0001-a", "0003-b"]
    assert other.path.is_dir()


def test_only_the_last_removal_can_be_undone(queue: Queue) -> None:
    made = filled(queue, "a", "b")
    first = queue.remove([made["a"]])
    queue.remove([made["b"]])
    with pytest.raises(RunError, match="cannot be put back"):
        queue.put_back(first)
    assert queue.look().waiting == ()


def test_a_project_that_was_deleted_does_not_come_back(queue: Queue, tmp_path: Path) -> None:
    gone = Queue(tmp_path / "gone" / "runs")
    with pytest.raises(RunError, match="cannot be changed"):
        gone.switch(True)
    assert not (tmp_path / "gone").exists()
    assert gone.ends()


def test_switches_are_kept(queue: Queue) -> None:
    filled(queue, "a")
    queue.set_after_failure(AfterFailure.WAIT)
    assert queue.switch(True).on
    assert Queue(queue.runs).look().after_failure is AfterFailure.WAIT
    held = queue.switch(False, held_by="0003-x was paused.")
    assert (held.on, held.held_by) == (False, "0003-x was paused.")
    assert queue.switch(True).held_by == ""


def test_the_hold_for_a_run_is_taken_back_when_that_one_is_trained_again(queue: Queue) -> None:
    made = filled(queue, "a", "b", "c")
    made["a"].claim(os.getpid())
    queue.switch(False, held_by="Run 1 · A was paused.", held_for=made["a"])
    assert not queue.taken_up(made["b"]), "it is held for another one"
    assert queue.taken_up(made["a"])
    assert queue.look().on
    assert queue.look().held_by == ""
    queue.switch(False)
    assert not queue.taken_up(made["a"]), "the user holds it"
    queue.switch(False, held_by="Run 1 · A was paused.", held_for=made["a"])
    queue.remove([made["b"], made["c"]])
    assert not queue.taken_up(made["a"])
    assert (queue.look().on, queue.look().held_by) == (False, ""), "nothing waits, so nothing goes on"


def test_it_ends_when_nothing_waits(queue: Queue) -> None:
    made = filled(queue, "a")
    assert queue.ends(), "it is held"
    queue.switch(True)
    assert not queue.ends()
    made["a"].claim(os.getpid())
    assert queue.ends()
    assert not queue.look().on


def test_the_next_is_the_first_unless_the_queue_is_held(queue: Queue) -> None:
    made = filled(queue, "a", "b")
    with queue.next() as run:
        assert run is None
    queue.switch(True)
    with queue.next() as run:
        assert run == made["a"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"waiting": 3, "on": true, "after_failure": "go_on"}', b"\xff\xfe", b'{"on": true}']
)
def test_a_damaged_file_loses_nothing_and_starts_nothing(queue: Queue, content: bytes) -> None:
    filled(queue, "a", "b")
    queue.switch(True)
    (queue.runs / QUEUE_FILE).write_bytes(content)
    assert names(queue.look()) == ["a", "b"]
    assert not queue.look().on
    filled(queue, "c")
    assert names(queue.look()) == ["a", "b", "c"]


def test_names_that_lead_elsewhere_are_not_followed(queue: Queue, tmp_path: Path) -> None:
    filled(queue, "a")
    outside = new(tmp_path / "elsewhere", "b")
    data = json.loads((queue.runs / QUEUE_FILE).read_text())
    data["waiting"] += [str(outside.path), f"../elsewhere/{outside.name}", "0001-a"]
    (queue.runs / QUEUE_FILE).write_text(json.dumps(data))
    assert names(queue.look()) == ["a"]


def test_a_full_disk_leaves_the_order_as_it_was(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    made = filled(queue, "a", "b")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.runs.queue.write_atomically", full)
    with pytest.raises(RunError, match="cannot be changed"):
        queue.move(made["b"], 0)
    with pytest.raises(RunError, match="cannot be changed"):
        queue.remove([made["b"]])
    assert names(queue.look()) == ["a", "b"]


def test_only_what_has_not_begun_is_discarded(queue: Queue) -> None:
    made = filled(queue, "a", "b")
    made["a"].claim(os.getpid())
    discard(made.values())
    assert made["a"].path.is_dir()
    assert not is_waiting(made["b"])
    assert not made["b"].path.exists()


def test_changes_from_several_sides_lose_nothing(queue: Queue) -> None:
    made = [new(queue.runs, f"run {number}") for number in range(24)]
    sides = [
        threading.Thread(target=lambda part=part: [Queue(queue.runs).add([run]) for run in part])
        for part in (made[:8], made[8:16], made[16:])
    ]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    assert sorted(run.name for run in queue.look().waiting) == [run.name for run in made]
