"""One training process at a time: who has the machine; the dead, the ending and other machines hold nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import paths
from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs import heavy, notes
from core.runs.event_file import EventWriter, has_last_word
from core.runs.events import Failed, Finished, Phase
from core.runs.folder import RunFolder, create
from core.runs.heavy import MachineBusy

LAST = Finished(step=2, loss=1.0, heldout_loss=None, adapter="adapter", seconds=1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(heavy, "_GRACE_SECONDS", 0.05)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield started
    started.kill()
    started.wait()


def run(folder: Path, project: str) -> RunFolder:
    examples = [Example(id=1, instruction="Q", output="A")]
    return create(folder / project / "runs", name="harbour", recipe=Recipe(), train=examples, heldout=[])


def claim(one: RunFolder, pid: int) -> None:
    with heavy.starting(one) as works:
        works(pid)


def test_a_process_has_the_machine_until_it_is_gone(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    first, second = run(tmp_path, "letters"), run(tmp_path, "poems")
    assert heavy.holder() is None
    claim(first, process.pid)
    found = heavy.holder()
    assert found is not None
    assert found.folder == first
    with pytest.raises(MachineBusy) as refused, heavy.starting(second):
        pass
    assert "Run 1 · Harbour in letters" in refused.value.reason
    assert "queue" in refused.value.hint
    process.kill()
    process.wait()
    assert heavy.holder() is None
    with heavy.starting(second):
        pass


def test_a_process_that_has_said_its_last_word_is_waited_for(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    first = run(tmp_path, "letters")
    claim(first, process.pid)
    with EventWriter(first.events_file) as events:
        events.write(Phase(name="starting"))
        events.write(LAST)
    ending = subprocess.Popen([sys.executable, "-c", f"import os; os.kill({process.pid}, 9)"])
    waiter = threading.Thread(target=process.wait)  # so that it is not a zombie for long
    waiter.start()
    with heavy.starting(run(tmp_path, "poems")):
        assert not waiter.is_alive() or process.poll() is not None
    waiter.join()
    ending.wait()


@pytest.mark.parametrize(
    ("one", "other", "clash"), [("0", "1", False), ("0,1", "1", True), ("", "", True), ("", "0", False)]
)
def test_two_cards_can_train_side_by_side(
    tmp_path: Path,
    process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    one: str,
    other: str,
    clash: bool,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", one)
    claim(run(tmp_path, "letters"), process.pid)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", other)
    assert (heavy.holder() is not None) is clash
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert heavy.holder() is not None, "a run that may use every card wants them all"


def test_two_that_train_side_by_side_are_both_known(
    tmp_path: Path, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    claim(run(tmp_path, "letters"), process.pid)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    second = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        claim(run(tmp_path, "poems"), second.pid)
        assert heavy.holder() is not None
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        assert heavy.holder() is not None
    finally:
        second.kill()
        second.wait()


def test_another_machine_with_the_same_home_holds_nothing_here(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    claim(run(tmp_path, "letters"), process.pid)
    file = paths.user_data() / "heavy.json"
    data = json.loads(file.read_text())
    data[0]["host"] = "another"
    file.write_text(json.dumps(data))
    assert heavy.holder() is None
    claim(run(tmp_path, "poems"), process.pid)
    assert json.loads(file.read_text())[0]["host"] == "another", "what it wrote is kept"


@pytest.mark.parametrize("content", [b"", b"{}", b"[3]", b"\xff", b'[{"pid": 1}]'])
def test_a_damaged_file_keeps_nobody_from_training(tmp_path: Path, content: bytes) -> None:
    (paths.user_data() / "heavy.json").write_bytes(content)
    with heavy.starting(run(tmp_path, "letters")):
        pass


def test_a_home_that_cannot_be_written_keeps_nobody_from_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: subprocess.Popen[bytes]
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("TUNESMITH_HOME", str(blocked / "home"))
    claim(run(tmp_path, "letters"), process.pid)
    assert heavy.holder() is None


def test_the_last_word_is_read_from_the_end_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    assert not has_last_word(file)
    with EventWriter(file) as events:
        assert not has_last_word(file)
        events.write(Phase(name="starting"))
        assert not has_last_word(file)
        events.write(Failed(kind="other", message="It failed.", traceback="x" * 100_000))
        assert has_last_word(file)
        events.write(Phase(name="starting"))
        assert not has_last_word(file)


def test_of_several_that_start_at_once_one_gets_the_machine(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"project {number}") for number in range(4)]
    started: list[subprocess.Popen[bytes]] = []
    refused: list[MachineBusy] = []

    def start(one: RunFolder) -> None:
        try:
            with heavy.starting(one) as works:
                started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
                works(started[-1].pid)
        except MachineBusy as error:
            refused.append(error)

    sides = [threading.Thread(target=start, args=(one,)) for one in runs]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    for process in started:
        process.kill()
        process.wait()
    assert (len(started), len(refused)) == (1, 3)


def test_who_starts_while_another_is_long_starting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "_LOCK_SECONDS", 0.05)
    poems = heavy.starting(run(tmp_path, "poems"))
    with heavy.starting(run(tmp_path, "letters")), pytest.raises(MachineBusy) as refused, poems:
        pass
    assert "just being started" in refused.value.reason


def test_a_holder_is_called_what_its_user_calls_it(tmp_path: Path) -> None:
    one = run(tmp_path, "letters")
    notes.write(one, notes.Notes(title="Café"))
    assert heavy.Holder(str(one.path), 1, 0.0, "here", ("all",)).words == "Run 1 · Café in letters"
    rehearsed = tmp_path / "tunesmith-rehearsal-x" / "letters" / "runs" / "0001-rehearsal"
    assert heavy.Holder(str(rehearsed), 1, 0.0, "here", ("all",)).words == "a rehearsal in letters"
