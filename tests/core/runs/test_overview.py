"""The runs of a project at a glance, looked at again and again."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.dataset.example import Example
from core.recipe.schema import Recipe
from core.runs import folder, numbers
from core.runs.event_file import EventWriter
from core.runs.events import Paused, Phase
from core.runs.folder import RunFolder, State
from core.runs.overview import Overview


def new_run(runs: Path) -> RunFolder:
    return folder.create(
        runs, name="run", recipe=Recipe(), train=[Example(id=1, instruction="Question", output="Answer")], heldout=[]
    )


def test_only_what_is_new_is_read_at_the_next_look(tmp_path: Path) -> None:
    run, overview = new_run(tmp_path), Overview()
    assert [summary.progress.state for summary in overview.look([run])] == [State.QUEUED]
    with EventWriter(run.events_file) as events:
        events.write(Phase(name="starting"))
        events.write(Paused(step=1))
    assert [summary.progress.state for summary in overview.look([run])] == [State.PAUSED]


def test_a_run_that_went_leaves_nothing_to_one_of_the_same_name(tmp_path: Path) -> None:
    run, overview = new_run(tmp_path), Overview()
    with EventWriter(run.events_file) as events:
        events.write(Paused(step=1))
    overview.look([run])
    shutil.rmtree(run.path)
    assert overview.look([]) == []
    (run.path.parent / numbers.FILE).unlink()  # as if it had been put there by hand
    again = new_run(tmp_path)
    assert again.path == run.path
    assert [summary.progress.state for summary in overview.look([again])] == [State.QUEUED]
