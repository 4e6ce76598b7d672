"""Event files for TensorBoard: every point with its step and time, and nothing half written."""

import pytest

from core.dataset.example import Example
from core.errors import UserError
from core.recipe.schema import Recipe
from core.runs import folder
from core.runs.event_file import EventWriter
from core.runs.events import Evaluation, Sample, Step
from core.runs.tensorboard import write_event_files


@pytest.fixture
def run(tmp_path):
    examples = [Example(id=number, instruction="a", output="b") for number in range(1, 4)]
    run = folder.create(tmp_path / "runs", name="Größe", recipe=Recipe(), train=examples, heldout=[])
    with EventWriter(run.events_file) as events:
        events.write(Evaluation(at=99.0, step=0, loss=7.0, perplexity=None))
        for number in (1, 2, 3):
            loss = float("nan") if number == 2 else 1.0 / number
            events.write(
                Step(at=100.0 + number, step=number, epoch=number / 3, loss=loss, learning_rate=1e-3, grad_norm=0.5,
                     tokens=10 * number, tokens_per_second=5.0, memory_bytes=1000)
            )  # fmt: skip
        events.write(Sample(at=104.0, step=3, example=2, prompt="a", expected="b", text="# not a title\n<b>x</b>"))
        events.write(Evaluation(at=104.0, step=3, loss=2.0, perplexity=None))
    return run


def read(path):
    """(tag, step, seconds, value) of everything in the folder's event files."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for file in path.glob("events.out.tfevents.*"):
        data = file.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")
            event = Event.FromString(data[12 : 12 + length])
            data = data[12 + length + 4 :]
            for value in event.summary.value:
                text = value.tensor.string_val[0].decode() if value.tensor.string_val else None
                found.append((value.tag, event.step, event.wall_time, value.simple_value if text is None else text))
    return found


def test_every_point_keeps_its_step_and_time(run, tmp_path):
    target = write_event_files(run, tmp_path / "logs")
    assert target == tmp_path / "logs" / run.name
    found = read(target)
    losses = [(step, at, value) for tag, step, at, value in found if tag == "train/loss"]
    assert losses == [(1, 101.0, 1.0), (3, 103.0, pytest.approx(1 / 3))]
    assert [(step, value) for tag, step, _, value in found if tag == "heldout/loss"] == [(0, 7.0), (3, 2.0)]
    assert [value for tag, _, _, value in found if tag == "system/memory_bytes"] == [1000.0] * 3
    assert [value for tag, *_, value in found if tag.startswith("answers/")] == ["    # not a title\n    <b>x</b>"]


def test_a_run_is_written_once_into_a_folder(run, tmp_path):
    write_event_files(run, tmp_path)
    with pytest.raises(UserError, match="already"):
        write_event_files(run, tmp_path)


def test_a_run_without_points_has_nothing_to_write(run, tmp_path):
    run.events_file.unlink()
    with pytest.raises(UserError, match="no curves"):
        write_event_files(run, tmp_path)


def test_a_place_that_is_no_folder_leaves_nothing(run, tmp_path):
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match=r"could not be written\. .*\)\. Choose another folder\."):
        write_event_files(run, file)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "runs"]
