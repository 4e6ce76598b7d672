"""The queue in the window: added to, ordered, taken out and put back, worked off by a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_fakes import Bench, bench
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from run_factory import new_run

from app.pages.train import TrainPage
from app.widgets.duplicate_dialog import DuplicateDialog
from app.widgets.sweep_dialog import SweepDialog
from app.widgets.toast import Toast
from core.errors import RunError
from core.runs import queue_runner
from core.runs.event_file import EventWriter
from core.runs.events import Phase
from core.runs.folder import RunFolder, State, all_runs
from core.runs.heavy import Holder, MachineBusy
from core.runs.queue import AfterFailure, Queue

RUNNER = Path(__file__).with_name("fake_runner.py")
FAST = ("--steps", "20", "--seconds", "0.002")
SLOW = ("--steps", "5000", "--seconds", "0.01")


class Runner:
    """Starts the fake runner, and ends it after the test."""

    def __init__(self) -> None:
        self.arguments = FAST
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self, project: Path) -> subprocess.Popen[bytes]:
        self.started.append(subprocess.Popen([sys.executable, str(RUNNER), str(project), *self.arguments]))
        return self.started[-1]

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def runner() -> Iterator[Runner]:
    made = Runner()
    yield made
    made.end()


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runner: Runner) -> Iterator[Bench]:
    monkeypatch.setattr("app.run_queue.LOOK_MS", 50)
    with bench(qtbot, monkeypatch, tmp_path) as made:
        made.session.queue.start_runner = runner
        made.session.queue._clock.setInterval(50)
        yield made
        made.session.queue.switch(False)
        made.session.wait()
        runner.end()


@pytest.fixture
def page(place: Bench) -> TrainPage:
    made = TrainPage(place.session)
    place.qtbot.addWidget(made)
    made.resize(1064, 760)
    made.show()
    place.open()
    return made


def queue(place: Bench) -> Queue:
    assert place.session.project is not None
    return Queue(place.session.project.runs_folder)


def fill(place: Bench, page: TrainPage, amount: int) -> list[RunFolder]:
    """So many runs wait, and are shown."""
    runs = [new_run(queue(place).runs, f"run {letter}") for letter in "abcdef"[:amount]]
    queue(place).add(runs)
    place.session.runs_changed.emit()
    place.until(lambda: page.queue.panel.list.keys == [run.name for run in runs])
    page.tabs.button("queue").click()
    return runs


def shown(page: TrainPage) -> list[str]:
    return [key.rpartition("-")[2] for key in page.queue.panel.list.keys]


def toast(page: TrainPage) -> Toast:
    return page.window().findChildren(Toast)[-1]


def test_an_empty_queue_says_what_it_is_for(place: Bench, page: TrainPage) -> None:
    place.until(lambda: place.session.queue.view is not None)
    assert page.queue.panel._stack.currentWidget() is page.queue.panel.empty
    assert page.queue.panel.empty.button.isEnabled()


def test_settings_are_added_as_they_are(place: Bench, page: TrainPage) -> None:
    fill(place, page, 1)
    page.tabs.button("run").click()
    page.enqueue.click()
    place.until(lambda: len(page.queue.panel.list.keys) == 2)
    assert page.tabs.button("queue").text() == "Queue (2)"
    assert not queue(place).look().on, "nothing starts by itself before the user says so"
    place.session.queue.show_wanted.emit()
    assert page._stack.currentWidget() is page.queue
    assert "6 examples" in page.queue.panel.list.item(1).text()
    assert "Nothing starts by itself" in page.queue.panel.note.text()


def test_the_order_is_changed_with_buttons(place: Bench, page: TrainPage) -> None:
    fill(place, page, 3)
    panel = page.queue.panel
    panel.list.clearSelection()
    panel.list.setCurrentRow(2)
    assert panel.up.isEnabled()
    assert not panel.down.isEnabled()
    panel.up.click()
    place.until(lambda: shown(page) == ["a", "c", "b"])
    assert panel.list.chosen == ["0003-run-c"], "what was moved stays chosen"
    panel.up.click()
    place.until(lambda: shown(page) == ["c", "a", "b"])
    assert not panel.up.isEnabled()


def test_removing_can_be_undone(place: Bench, page: TrainPage) -> None:
    runs = fill(place, page, 3)
    panel = page.queue.panel
    panel.list.selectAll()
    panel.list.item(0).setSelected(False)
    panel.remove.click()
    place.until(lambda: shown(page) == ["a"])
    assert not runs[1].path.exists()
    place.until(lambda: toast(page).text == "2 runs are out of the queue.")
    toast(page).button.click()
    place.until(lambda: shown(page) == ["a", "b", "c"])
    assert runs[1].path.is_dir()


def test_a_sweep_is_added(place: Bench, page: TrainPage) -> None:
    fill(place, page, 1)
    page.queue.panel.sweep.click()
    dialog = page.window().findChild(SweepDialog)
    assert dialog is not None
    with place.qtbot.waitSignal(place.session.queue.added) as heard:
        dialog.button.click()
    assert heard.args is not None
    assert len(heard.args[0]) == 3
    place.until(lambda: len(page.queue.panel.list.keys) == 4)
    rates = [run.recipe().training.learning_rate for run in queue(place).look().waiting]
    assert rates == [2e-4, 1e-4, 2e-4, 4e-4]


def test_a_run_is_duplicated_and_changed(place: Bench, page: TrainPage) -> None:
    fill(place, page, 2)
    page.queue.panel.list.setCurrentRow(0)
    page.queue.panel.duplicate.click()
    found: list[DuplicateDialog] = []

    def there() -> bool:
        found[:] = page.window().findChildren(DuplicateDialog)
        return bool(found)

    place.until(there)
    found[0].form.changed.emit("lora.rank", 4)
    found[0].button.click()
    place.until(lambda: len(page.queue.panel.list.keys) == 3)
    made = queue(place).look().waiting[-1]
    assert made.name == "0003-run-a"
    assert made.recipe().lora.rank == 4
    assert made.train_file.read_bytes() == RunFolder(queue(place).runs / "0001-run-a").train_file.read_bytes()


def test_what_waits_is_trained_one_after_another_and_followed(place: Bench, page: TrainPage, runner: Runner) -> None:
    runs = fill(place, page, 3)
    page.queue.panel.switch.click()
    place.until(lambda: all(run.progress().state is State.FINISHED for run in runs), 60)
    place.until(lambda: not queue(place).look().on)
    place.until(lambda: page.watch.run == runs[2] and page.watch.progress is not None)
    assert page._stack.currentWidget() is page.queue, "nobody is taken away from where they are"
    assert len(runner.started) == 1
    place.until(lambda: page.queue.panel._stack.currentWidget() is page.queue.panel.empty)
    assert page.tabs.button("queue").text() == "Queue"


def test_the_run_under_way_is_paused_and_the_queue_is_held(place: Bench, page: TrainPage, runner: Runner) -> None:
    runs = fill(place, page, 2)
    runner.arguments = SLOW
    page.queue.panel.switch.click()
    panel = page.queue.panel
    place.until(lambda: panel.now.isVisible() and panel._state.words == "Training", 30)
    assert "when Run 1" in panel.note.text()
    assert shown(page) == ["b"]
    panel.pause.click()
    place.until(lambda: runs[0].progress().state is State.PAUSED, 30)
    place.until(lambda: "Run 1 · Run a was paused" in panel.note.text())
    place.until(lambda: panel.switch.text() == "Start the queue" and not panel.now.isVisible())
    assert shown(page) == ["b"]
    place.works(*FAST)
    runner.arguments = FAST
    page.watch.show(runs[0])
    page._resume()
    place.until(lambda: all(run.progress().state is State.FINISHED for run in runs), 60)
    assert "paused" not in panel.note.text()


def test_a_page_that_is_made_later_counts_what_waits(place: Bench, page: TrainPage) -> None:
    fill(place, page, 2)
    later = TrainPage(place.session)
    place.qtbot.addWidget(later)
    assert later.tabs.button("queue").text() == "Queue (2)"


def test_a_run_whose_process_is_killed_is_told(place: Bench, page: TrainPage, runner: Runner) -> None:
    told: list[RunFolder] = []
    place.session.queue.broke_off.connect(lambda thread: told.append(thread.run_folder))
    runs = fill(place, page, 2)
    runner.arguments = SLOW
    page.queue.panel.switch.click()
    place.until(lambda: page.watch.run == runs[0] and runs[0].progress().step > 0, 30)
    place.until(lambda: page.watch.thread is not None and page.watch.thread.progress.state is State.RUNNING)
    process = runs[0].worker_process()
    assert process is not None
    process.kill()
    place.until(lambda: told == [runs[0]], 30)
    place.until(lambda: page.watch.run == runs[1], 30)
    place.session.queue.run_wanted.emit(runs[0])
    place.until(lambda: page.watch.run == runs[0] and page.watch.progress is not None)
    assert page._stack.currentWidget() is page.view


def test_a_runner_that_was_killed_is_replaced(
    place: Bench, page: TrainPage, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.run_queue._RUNNER_SECONDS", 4.0)
    runs = fill(place, page, 2)
    runner.arguments = ("--steps", "100", "--seconds", "0.01")
    page.queue.panel.switch.click()
    place.until(lambda: runs[0].worker_file.exists(), 30)
    runner.started[0].kill()
    runner.started[0].wait()
    place.until(lambda: all(run.progress().state is State.FINISHED for run in runs), 60)
    assert len(runner.started) > 1


def test_a_queue_that_cannot_be_started_says_so_once(
    place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []
    problems: list[object] = []

    def refuse(project: Path) -> subprocess.Popen[bytes]:
        tries.append(project)
        raise RunError("The queue could not be started.")

    monkeypatch.setattr("app.run_queue._RUNNER_SECONDS", 0.0)
    place.session.queue.start_runner = refuse
    place.session.problem.connect(problems.append)
    fill(place, page, 1)
    page.queue.panel.switch.click()
    place.until(lambda: len(tries) > 3)
    assert len(problems) == 1


def test_what_follows_a_failure_is_chosen(place: Bench, page: TrainPage) -> None:
    fill(place, page, 1)
    field = page.queue.panel.after_failure
    field.setCurrentIndex(1)
    field.value_changed.emit(field.value)
    place.until(lambda: queue(place).look().after_failure is AfterFailure.WAIT)


def test_what_is_added_while_a_run_is_trained_starts_after_it(place: Bench, page: TrainPage) -> None:
    place.works(*SLOW)
    place.session.start_run()
    place.until(lambda: page.watch.progress is not None and page.watch.progress.state is State.RUNNING)
    page.enqueue.click()
    place.until(lambda: queue(place).look().on)
    queue(place).switch(False)


def test_changes_made_in_a_terminal_are_seen(place: Bench, page: TrainPage) -> None:
    fill(place, page, 1)
    queue(place).add([new_run(queue(place).runs, "from outside")])
    place.until(lambda: len(page.queue.panel.list.keys) == 2)
    with EventWriter(queue(place).runs / "0001-run-a" / "events.jsonl") as events:
        events.write(Phase(name="starting"))
    place.until(lambda: page.queue.panel.list.keys == ["0002-from-outside"])


def test_a_run_waits_while_the_machine_is_busy_elsewhere(
    place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    import functools

    from app.jobs import TrainingThread

    def busy(run: RunFolder) -> subprocess.Popen[bytes]:
        raise MachineBusy(Holder("/poems/runs/0007-ode", 1, 0.0, "here", ("all",)))

    monkeypatch.setattr("app.jobs.TrainingThread", functools.partial(TrainingThread, starter=busy))
    monkeypatch.setattr(queue_runner, "is_worked_off", lambda runs: True)
    place.session.start_run()
    place.until(lambda: page.queue.panel.list.keys != [])
    place.until(lambda: page._stack.currentWidget() is page.queue)
    assert queue(place).look().on
    assert not place.session.is_training
    assert "starts when it has ended" in toast(page).text


def test_a_change_that_fails_is_told(place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(place, page, 2)

    def refuse(self: Queue, run: RunFolder, place: int) -> None:
        raise RunError("The queue cannot be changed.")

    monkeypatch.setattr(Queue, "move", refuse)
    with place.qtbot.waitSignal(place.session.problem) as heard:
        page.queue.panel.down.click()
    assert heard.args is not None
    assert heard.args[0].title == "The queue cannot be changed."
    assert shown(page) == ["a", "b"]


def test_in_a_read_only_project_the_queue_can_only_be_looked_at(place: Bench, page: TrainPage, runner: Runner) -> None:
    runs = fill(place, page, 2)
    queue(place).switch(True)
    place.session.close()
    (place.folder / "other").mkdir()
    project = place.open(read_only=True, name="other")
    for run in runs:
        new_run(project.runs_folder, run.name)
    Queue(project.runs_folder).add(all_runs(project.runs_folder))
    Queue(project.runs_folder).switch(True)
    started = len(runner.started)
    page.tabs.button("queue").click()
    place.session.runs_changed.emit()
    place.until(lambda: len(page.queue.panel.list.keys) == 2)
    buttons: list[QPushButton] = [page.queue.panel.up, page.queue.panel.remove, page.queue.panel.switch, page.enqueue]
    assert not any(button.isEnabled() for button in buttons)
    assert len(runner.started) == started


def test_closing_the_project_forgets_the_queue(place: Bench, page: TrainPage) -> None:
    fill(place, page, 2)
    place.session.close()
    assert place.session.queue.view is None
    assert place.session.queue.amount == 0
    assert page.queue.panel.list.keys == []


def test_a_run_that_waits_is_shown_as_one_that_has_not_begun(place: Bench, page: TrainPage) -> None:
    runs = fill(place, page, 2)
    page.queue.panel.list.opened.emit(runs[1].name)
    place.until(lambda: page.watch.run == runs[1] and page.watch.record is not None)
    place.until(
        lambda: page.view.chart is not None and page.view.chart.chart._plot.empty.text() == "This run has not begun."
    )
    assert page._stack.currentWidget() is page.view
    assert page.view.head.resume.text() == "Start"


def test_any_run_of_the_table_can_be_duplicated(place: Bench, page: TrainPage) -> None:
    runs = fill(place, page, 2)
    page.tabs.button("all").click()
    place.until(lambda: page.runs.table.rowCount() == 2)
    page.runs.list.choose(runs[1])
    act = next(act for act in page.runs._acts if act.text() == "Duplicate and change…")
    place.until(act.isEnabled)
    act.trigger()
    place.until(lambda: page.window().findChild(DuplicateDialog) is not None)
    dialog = page.window().findChild(DuplicateDialog)
    assert dialog is not None
    assert dialog.name.text() == "Run b"
    dialog.reject()


def test_the_tabs_stay_where_they_are(place: Bench, page: TrainPage) -> None:
    fill(place, page, 1)
    places = []
    for tab in ("run", "all", "queue"):
        page.tabs.button(tab).click()
        page.layout().activate()
        places.append(page.tabs.mapTo(page, page.tabs.rect().topLeft()).x())
    assert len(set(places)) == 1
