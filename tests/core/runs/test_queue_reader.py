"""What there is to see of a queue: entries, times once a run has shown the pace, who has the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.dataset.example import Example
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import heavy, numbers, queue_runner
from core.runs.event_file import EventWriter
from core.runs.events import Started, Step
from core.runs.folder import RunFolder, create
from core.runs.heavy import Holder
from core.runs.queue_view import QueueReader


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "letters" / "runs"


def new(runs: Path, name: str, **settings: object) -> RunFolder:
    examples = [Example(id=n, instruction=f"Q{n}", output="A") for n in range(1, 11)]
    recipe = with_settings(Recipe(), {key.replace("__", "."): value for key, value in settings.items()})
    return create(runs, name=name, recipe=recipe, train=examples, heldout=[])


def train(run: RunFolder, steps: int) -> None:
    """Ten examples of ten tokens each, at a hundred tokens a second."""
    with EventWriter(run.events_file) as events:
        events.write(
            Started(
                device="CPU",
                versions={},
                trainable_parameters=1,
                total_parameters=2,
                steps=steps,
                epochs=1,
                examples=10,
                heldout_examples=0,
                tokens=100,
                supervised_tokens=50,
            )
        )
        for number in range(1, steps + 1):
            events.write(
                Step(
                    step=number,
                    epoch=1,
                    loss=1.0,
                    learning_rate=1e-3,
                    grad_norm=1.0,
                    tokens=number,
                    tokens_per_second=100.0,
                    memory_bytes=1,
                )
            )


def test_times_are_known_once_a_run_has_shown_the_pace(runs: Path) -> None:
    first, second = new(runs, "a", training__epochs=2), new(runs, "b", training__epochs=4)
    other = new(runs, "c", model__quantization="none")
    reader = QueueReader(runs)
    reader.queue.add([first, second])
    view = reader.look()
    assert [(one.title, one.examples, one.seconds) for one in view.waiting] == [
        ("Run 1 · A", 10, None),
        ("Run 2 · B", 10, None),
    ]
    assert view.seconds is None
    shown = new(runs, "shown")
    train(shown, 2)
    assert reader.look().seconds is None, "the first steps are slower than the rest"
    train(shown, 8)
    view = reader.look()
    assert [one.seconds for one in view.waiting] == [pytest.approx(2.0), pytest.approx(4.0)]
    assert view.seconds == pytest.approx(6.0)
    reader.queue.add([other])
    assert reader.look().seconds is None, "nobody knows how fast another precision is"


def test_an_entry_that_cannot_be_read_is_shown(runs: Path) -> None:
    run = new(runs, "a")
    reader = QueueReader(runs)
    reader.queue.add([run])
    run.recipe_file.write_text("rank = [")
    view = reader.look()
    assert view.waiting[0].recipe is None
    assert view.seconds is None


def test_another_entry_under_the_name_of_a_removed_one_is_read(runs: Path) -> None:
    reader = QueueReader(runs)
    first = new(runs, "a", training__epochs=2)
    reader.queue.add([first])
    reader.look()
    reader.queue.remove([first])
    (runs / numbers.FILE).unlink()  # as if it had been put there by hand
    second = new(runs, "a", training__epochs=5)
    assert second.name == first.name
    reader.queue.add([second])
    recipe = reader.look().waiting[0].recipe
    assert recipe is not None
    assert recipe.training.epochs == 5


def test_who_has_the_machine(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new(runs, "a")
    reader = QueueReader(runs)
    reader.queue.add([run])
    holders = [Holder("/poems/runs/0007-ode", 1, 0.0, "here", ("all",))]
    monkeypatch.setattr(heavy, "holder", lambda: holders[0])
    monkeypatch.setattr(queue_runner, "is_worked_off", lambda _: True)
    assert reader.look().elsewhere == "", "a queue that is held waits for nobody"
    reader.queue.switch(True)
    view = reader.look(active=True)
    assert (view.elsewhere, view.worked_off, view.active) == ("Run 7 · Ode in poems", True, None)
    holders[0] = Holder(str(run.path), 1, 0.0, "here", ("all",))
    assert reader.look().elsewhere == ""
