"""The child process counts what training would see, counts only what is new the next time, and says what it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.child import Stopped
from core.dataset.example import Example, Status
from core.dataset.statistics import REFUSED, Progress, Statistics, StatisticsJob
from core.dataset.store import ExampleStore
from core.errors import UserError
from core.prompt.format import PromptFormat
from core.prompt.lengths import lengths
from core.prompt.lengths_cache import FOLDER


@pytest.fixture
def store(tmp_path: Path):
    made = ExampleStore(tmp_path / "examples.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def bases(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The families' folders as those of base models are."""
    root = tmp_path_factory.mktemp("bases")
    for family, folder in folders.items():
        shutil.copytree(folder, root / family)
        (root / family / "config.json").write_text("{}")
    return {family: root / family for family in folders}


def look(store: ExampleStore, base: Path | str) -> tuple[Statistics, list[Progress]]:
    told = list(StatisticsJob(store.path, base=str(base), share=0.1).messages())
    found = [message for message in told if isinstance(message, Statistics)]
    assert len(found) == 2
    assert found[0].lengths is None
    return found[1], [message for message in told if isinstance(message, Progress)]


def test_lengths_are_those_of_training_and_are_kept(
    store: ExampleStore, bases: dict[str, Path], formats: dict[str, PromptFormat]
):
    store.add([Example(f"Greet {i % 7}", "", "Ahoy, " * (i % 7 + 1)) for i in range(30)])
    store.add([Example("Half done")])
    found, _ = look(store, bases["chatml"])
    expected = lengths(formats["chatml"], list(store.iterate()))
    assert found.lengths.tolist() == [list(row) for row in expected]
    assert found.ids(found.is_shown(Status.DRAFT)) == (31,)
    assert found.column("output").tolist() == [row.output for row in expected]

    (kept,) = (store.path.parent / FOLDER).iterdir()
    before = kept.stat().st_mtime_ns
    assert look(store, bases["chatml"])[0].lengths.tolist() == found.lengths.tolist()
    assert kept.stat().st_mtime_ns == before  # nothing was counted
    store.update(1, output="Moin")
    assert look(store, bases["chatml"])[0].column("whole")[0] != found.column("whole")[0]
    assert look(store, bases["llama3"])[0].column("whole").tolist() != found.column("whole").tolist()


def test_what_a_template_refuses_is_told(store: ExampleStore, bases: dict[str, Path], formats):
    refusing = [family for family, prompt in formats.items() if lengths(prompt, [Example("a", "", "b", "s")])[0][0] < 0]
    if not refusing:
        pytest.skip("no family refuses a system prompt")
    store.add([Example("a", "", "b", "Be kind"), Example("a", "", "b")])
    found, _ = look(store, bases[refusing[0]])
    assert (found.column("whole") == REFUSED).tolist() == [True, False]


def test_without_a_model_the_rest_is_known(store: ExampleStore, tmp_path: Path):
    store.add([Example("a", "", "b", tags=("t",))])
    found, _ = look(store, tmp_path / "nowhere")
    assert found.lengths is None
    assert isinstance(found.problem, UserError)
    assert found.problem.title
    assert list(found.facts.tags) == ["t"]


def test_of_no_examples_there_are_no_numbers(store: ExampleStore, bases: dict[str, Path]):
    found, progress = look(store, bases["chatml"])
    assert len(found) == 0
    assert found.lengths.shape == (0, 8)
    assert progress == []


def test_it_can_be_stopped(store: ExampleStore, bases: dict[str, Path]):
    store.add([Example("a", "", "b")])
    job = StatisticsJob(store.path, base=str(bases["chatml"]), share=0.1)
    messages = job.messages()
    next(messages)
    job.stop()
    with pytest.raises(Stopped):
        list(messages)
