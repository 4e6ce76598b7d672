"""The Train page: before the first run, while one works, when it ends well or badly, and all of them together."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_fakes import Bench, bench
from PySide6.QtCore import Qt, QThread
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from run_factory import starter

from app.jobs import TrainingThread
from app.pages.train import TrainPage
from app.widgets.toast import Toast
from core.errors import RunError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import words
from core.runs.folder import RunFolder, State

LONG = ("--steps", "5000", "--seconds", "0.01")
SHORT = ("--steps", "60", "--seconds", "0.002")


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
def page(place: Bench) -> TrainPage:
    made = TrainPage(place.session)
    place.qtbot.addWidget(made)
    made.resize(1064, 760)
    made.show()
    return made


def state(page: TrainPage) -> State | None:
    """The state that the user sees; None for one that only passes, such as Pausing."""
    return next((one for one in State if words.state(one) == page.view.head._state.words), None)


def shown_step(page: TrainPage) -> int:
    return page.watch.record.progress.step if page.watch.record is not None else 0


def train(place: Bench, page: TrainPage, *arguments: str, until: State | None = State.FINISHED) -> RunFolder:
    """Do a run to a state; without one, until its first steps are shown."""
    place.works(*(arguments or SHORT))
    before = place.session.training
    place.session.start_run()
    place.until(lambda: place.session.training is not before and page.watch.thread is place.session.training)
    if until is None:
        place.until(lambda: shown_step(page) > 3)
    else:
        place.until(lambda: state(page) is until)
        place.until(lambda: page.watch.record is not None)
    assert page.watch.run is not None
    return page.watch.run


def with_chart(place: Bench, page: TrainPage) -> None:
    place.until(lambda: page.view.chart is not None)


# Before the first run


def test_before_the_first_run_it_says_what_will_happen(place: Bench, page: TrainPage) -> None:
    place.open(examples=8)
    page.enter()
    place.until(lambda: "8 ready examples" in page.first._steps[0]._text.text())
    assert page._stack.currentWidget() is page.first
    assert page.first.start.isEnabled()
    assert not page.tabs.isVisible()
    with place.qtbot.waitSignal(page.go) as heard:
        page.first.other.click()
    assert heard.args == ["settings"]


def test_without_examples_it_leads_to_writing_some(place: Bench, page: TrainPage) -> None:
    place.open(examples=0)
    page.enter()
    place.until(lambda: page.first.other.text() == "Write examples")
    assert not page.first.start.isEnabled()
    with place.qtbot.waitSignal(page.go) as heard:
        page.first.other.click()
    assert heard.args == ["examples"]


def test_in_a_read_only_project_nothing_can_be_started(place: Bench, page: TrainPage) -> None:
    place.open(read_only=True)
    page.enter()
    place.until(lambda: "read-only" in page.first._note.text())
    assert not page.first.start.isEnabled()


def test_the_button_starts_the_first_run(place: Bench, page: TrainPage) -> None:
    place.works(*SHORT)
    place.open()
    page.enter()
    place.until(page.first.start.isEnabled)
    page.first.start.click()
    assert not page.first.start.isEnabled()
    place.until(lambda: page._stack.currentWidget() is page.view)
    place.until(lambda: state(page) is State.FINISHED)


def test_a_run_that_cannot_be_prepared_can_be_tried_again(place: Bench, page: TrainPage) -> None:
    project = place.open()
    project.refuses = "The run could not be prepared."
    page.enter()
    place.until(page.first.start.isEnabled)
    with place.qtbot.waitSignal(place.session.problem) as heard:
        page.first.start.click()
    assert heard.args is not None
    assert heard.args[0].title == "The run could not be prepared."
    assert page.first.start.isEnabled()


# While it works


def test_a_run_is_shown_live_to_its_end(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page)
    with_chart(place, page)
    chart = page.view.chart
    assert chart is not None
    curves = {curve.key.rpartition("/")[2]: curve.points for curve in chart.chart.curves()}
    assert list(curves["raw"].x) == list(range(1, 61))
    assert list(curves["smooth"].x) == list(range(1, 61))
    assert list(curves["heldout"].x) == [0, 10, 20, 30, 40, 50, 60]
    assert all(len(spark._points) == 60 for spark in page.view.sparks.sparks.values())
    assert len([block for block in page.view.samples._blocks if not block.isHidden()]) == 3
    assert page.view.samples.step == 60
    place.until(lambda: "Finished after 60 steps" in page.view.log.events.toPlainText())
    assert page.view.head.use.isVisible()
    with place.qtbot.waitSignal(page.go) as heard:
        page.view.head.use.click()
    assert heard.args == ["adapters"]


def test_pause_and_resume(place: Bench, page: TrainPage) -> None:
    place.open()
    run = train(place, page, *LONG, until=None)
    page.view.head.pause.click()
    assert page.view.head._state.words == "Pausing"
    assert not page.view.head.pause.isVisible()
    place.until(lambda: state(page) is State.PAUSED)
    place.until(page.view.head.resume.isVisible)
    paused_at = shown_step(page)
    page.view.head.resume.click()
    place.until(lambda: shown_step(page) > paused_at + 3)
    assert page.watch.run == run
    assert page.watch.record is not None
    assert list(page.watch.record.series.steps) == list(range(1, shown_step(page) + 1))
    assert page.view.head.pause.isVisible()


def test_stop_keeps_the_adapter(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page, *LONG, until=None)
    page.view.head.stop.click()
    assert page.view.head._state.words == "Stopping"
    place.until(lambda: state(page) is State.STOPPED)
    place.until(lambda: page.view.head.use.isVisible() and page.view.head.resume.isVisible())


def test_a_run_that_does_not_stop_can_be_ended_after_a_while(place: Bench, page: TrainPage) -> None:
    place.open()
    place.works("--steps", "5000", "--seconds", "0.01", "--end", "stubborn", grace=0.3)
    place.session.start_run()
    place.until(lambda: shown_step(page) > 3)
    page.view.head.stop.click()
    assert not page.view.head.force.isVisible()
    place.until(page.view.head.force.isVisible)
    page.view.head.force.click()
    place.until(lambda: state(page) is State.INTERRUPTED)
    assert page.view.banner.title == "The run was interrupted."
    assert "You had its process ended" in page.view.banner._text.text()


def test_only_one_run_at_a_time(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page, *LONG, until=None)
    assert not page.again.isEnabled()
    page.view.head.stop.click()
    place.until(page.again.isEnabled)
    place.works(*SHORT)
    page.again.click()
    place.until(lambda: page.watch.run is not None and page.watch.run.number == 2)
    place.until(lambda: state(page) is State.FINISHED)


def test_until_a_run_has_been_read_nothing_of_another_is_shown(place: Bench, page: TrainPage) -> None:
    place.open()
    first, _ = train(place, page), train(place, page)
    page.watch.show(first)
    assert page.view.head._name.text() == "Run 1 · Harbour letters"
    assert not page.view.head.use.isVisible()
    assert page.view.head._detail.text() == "Reading the run…"
    place.until(page.view.head.use.isVisible)


def test_leaving_the_project_lets_the_run_go_on_and_it_is_found_again(place: Bench, page: TrainPage) -> None:
    project = place.open()
    run = train(place, page, *LONG, until=None)
    place.session.close()
    assert page.watch.run is None
    assert run.worker_is_alive()
    place.session.use(project)  # type: ignore[arg-type]
    place.until(lambda: page.watch.run == run and shown_step(page) > 3)
    assert page.view.head.pause.isVisible()
    assert state(page) is State.RUNNING


def test_in_a_read_only_project_a_run_can_only_be_watched(place: Bench, page: TrainPage) -> None:
    project = place.open()
    train(place, page, *SHORT, "--end", "die", until=State.INTERRUPTED)
    place.until(page.view.head.resume.isVisible)
    place.session.close()
    project.read_only = True
    place.session.use(project)  # type: ignore[arg-type]
    page.enter()
    place.until(lambda: page.view.banner.title == "The run was interrupted.")
    assert not page.view.head.resume.isVisible()
    assert not page.again.isEnabled()


def test_a_run_started_elsewhere_is_followed_when_it_is_looked_at(place: Bench, page: TrainPage) -> None:
    project = place.open()
    page.enter()
    run = project.create_run()
    process = starter(*LONG)(run)
    page.enter()
    place.until(lambda: page.watch.run == run and page.view.head.pause.isVisible())
    place.until(lambda: shown_step(page) > 10)
    page.view.head.stop.click()
    place.until(lambda: state(page) is State.STOPPED)
    process.wait(5)


def test_the_list_of_runs_keeps_up_with_a_run_under_way(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page, *LONG, until=None)
    page.tabs.button("all").click()
    place.until(lambda: page.runs.table.rowCount() == 1)
    before = page.runs.table.summaries()[0].progress.step
    assert page.runs._clock.isActive()
    page.runs._clock.setInterval(20)
    place.until(lambda: page.runs.table.summaries()[0].progress.step > before + 5)
    page.tabs.button("run").click()
    assert not page.runs._clock.isActive()


# When it ends badly


def test_a_killed_run_is_interrupted_at_once_and_goes_on(place: Bench, page: TrainPage) -> None:
    place.open()
    run = train(place, page, "--steps", "400", "--seconds", "0.005", until=None)
    place.until(lambda: page.watch.record is not None and page.watch.record.can_continue)
    process = run.worker_process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    place.until(lambda: state(page) is State.INTERRUPTED, 2)
    assert page.view.banner.title == "The run was interrupted."
    assert "Resume goes on" in page.view.banner._text.text()
    place.until(page.view.head.resume.isVisible)
    place.works("--steps", "400", "--seconds", "0.001")
    page.view.head.resume.click()
    place.until(lambda: state(page) is State.FINISHED)
    assert page.view.banner.title == ""
    assert page.watch.record is not None
    assert list(page.watch.record.series.steps) == list(range(1, 401))


def test_an_interrupted_run_is_found_when_the_project_is_opened(place: Bench, page: TrainPage) -> None:
    project = place.open()
    run = train(place, page, *SHORT, "--end", "die", until=State.INTERRUPTED)
    place.session.close()
    place.session.use(project)  # type: ignore[arg-type]
    page.enter()
    place.until(lambda: page.watch.run == run and page.view.head.resume.isVisible())
    assert page.view.banner.title == "The run was interrupted."
    assert page.view.head.resume.text() == "Resume"


def test_a_failure_says_what_happened_why_and_what_to_do(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page, *SHORT, "--end", "fail", until=State.FAILED)
    place.until(lambda: page.view.banner.title == "The memory is full.")
    text = page.view.banner._text.text()
    assert "need more than is free" in text
    assert "Lower the maximum length" in text
    assert page.view.banner._copy.isVisible()
    place.until(page.view.head.resume.isVisible)


def test_a_run_that_cannot_be_read_says_so(place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch) -> None:
    project = place.open()

    def broken(_run: RunFolder) -> object:
        raise RunError("The run cannot be read.")

    monkeypatch.setattr("app.run_watch._load", broken)
    page.watch.show(project.create_run())
    place.until(lambda: page.view.banner.title == "The run cannot be read.")
    assert page.view.head._detail.text() == ""


def test_a_process_that_cannot_be_started_is_told_once(
    place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_run: RunFolder) -> object:
        raise OSError("no such file")

    place.open()
    monkeypatch.setattr("app.jobs.TrainingThread", functools.partial(TrainingThread, starter=missing))
    place.session.start_run()
    place.until(lambda: page.view.banner.title == "The training process could not be started.")
    assert page.banner.title == ""
    place.until(lambda: page.view.head.resume.text() == "Start again" and page.view.head.resume.isVisible())


def test_a_problem_with_a_wish_is_shown_until_another_run_is(
    place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.open()
    train(place, page, *LONG, until=None)

    def full(_run: RunFolder, _wish: str) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "ask", full)
        page.view.head.pause.click()
        place.until(lambda: page.banner.title == "The run could not be asked to pause.")
    page.view.head.stop.click()
    place.until(page.again.isEnabled)
    place.works(*SHORT)
    page.again.click()
    place.until(lambda: page.banner.title == "")


# The chart


def test_the_cross_hair_keeps_telling_its_values_while_points_arrive(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page, *LONG, until=None)
    with_chart(place, page)
    chart = page.view.chart
    assert chart is not None
    place.until(lambda: shown_step(page) > 10)
    chart.chart.point_at(5)
    assert chart.legend._step.text() == "Step 5"
    before = shown_step(page)
    place.until(lambda: shown_step(page) > before + 5)
    assert chart.legend._step.text() == "Step 5"
    chart.chart.point_at(None)
    assert chart.legend._step.text() != "Step 5"


def test_small_charts_and_verbs_reach_the_large_chart_and_the_answers(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page)
    with_chart(place, page)
    chart, samples = page.view.chart, page.view.samples
    assert chart is not None
    place.qtbot.mouseClick(page.view.sparks.sparks["grad_norm"], Qt.MouseButton.LeftButton)
    assert chart.shown.key == "grad_norm"
    assert page.view.sparks.sparks["grad_norm"].chosen
    place.qtbot.mouseClick(page.view.sparks.sparks["grad_norm"], Qt.MouseButton.LeftButton)
    assert chart.shown.key == "loss"
    verbs = {action.text(): action for action in page.actions()}
    verbs["Earlier answers"].trigger()
    assert samples.step != 60
    assert chart.chart._plot.marks._events[-1] == (float(samples.step or 0), "answers")
    verbs["Later answers"].trigger()
    assert samples.step == 60
    place.qtbot.keyClick(chart.chart, Qt.Key.Key_Plus)
    assert chart.tools.fit.isEnabled()
    verbs["Show the whole run in the chart"].trigger()
    assert not chart.tools.fit.isEnabled()


def test_ticked_runs_lie_over_the_chart(place: Bench, page: TrainPage) -> None:
    place.open()
    first, second = train(place, page), train(place, page)
    with_chart(place, page)
    chart = page.view.chart
    assert chart is not None
    place.until(lambda: page.runs.table.rowCount() == 2)
    page.runs.table.set_ticks([first, second])
    place.until(lambda: chart.overlays == [first.name])  # the run itself is there anyway
    assert [curve.label for curve in chart.chart.curves()][:2] == ["Run 1", "Run 1 held-out"]
    page._open(first)
    place.until(lambda: chart.overlays == [second.name])
    page.runs.table.set_ticks([])
    place.until(lambda: chart.overlays == [])


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    def set_choice(path: Path | None) -> None:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path or ""), ""))

    return set_choice


def test_the_chart_is_saved_as_a_picture(
    place: Bench, page: TrainPage, choose: Callable[[Path | None], None], tmp_path: Path
) -> None:
    place.open()
    train(place, page)
    with_chart(place, page)
    choose(tmp_path / "curve")
    assert page.view.chart is not None
    page.view.chart.save_image_wanted.emit()
    place.until(lambda: page.findChildren(Toast))
    picture = QImage(str(tmp_path / "curve.png"))
    chart = page.view.chart.chart
    assert picture.width() > 2 * chart.width()
    assert picture.height() > 2 * chart.height()
    colours = {
        picture.pixelColor(x, y).name() for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)
    }
    assert len(colours) > 10


def test_the_numbers_of_all_shown_runs_are_saved(
    place: Bench, page: TrainPage, choose: Callable[[Path | None], None], tmp_path: Path
) -> None:
    place.open()
    first, second = train(place, page), train(place, page)
    with_chart(place, page)
    chart = page.view.chart
    assert chart is not None
    place.until(lambda: page.runs.table.rowCount() == 2)
    page.runs.table.set_ticks([first])
    place.until(lambda: chart.overlays == [first.name])
    choose(None)
    chart.save_table_wanted.emit()  # thought better of it
    choose(tmp_path / "points.csv")
    chart.save_table_wanted.emit()
    place.until(lambda: page.findChildren(Toast))
    lines = (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("run,step,seconds,tokens,loss,loss_smoothed,heldout_loss")
    assert {line.partition(",")[0] for line in lines[1:]} == {first.name, second.name}
    assert len(lines) == 1 + 2 * 61


def test_a_picture_that_cannot_be_saved_is_told(
    place: Bench, page: TrainPage, choose: Callable[[Path | None], None], tmp_path: Path
) -> None:
    place.open()
    train(place, page)
    with_chart(place, page)
    choose(tmp_path / "nowhere" / "curve.png")
    assert page.view.chart is not None
    page.view.chart.save_image_wanted.emit()
    place.until(lambda: page.banner.title == "The picture could not be saved.")


# Log and all runs


def test_the_log_shows_what_the_process_printed(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page)
    page.view.log.set_folded(False)
    page.view.log.choice.button("output").click()
    place.until(lambda: page.view.log.output.toPlainText() == "fake worker at work")


def test_all_runs_with_what_differs(place: Bench, page: TrainPage) -> None:
    place.open()
    place.session.set_recipe(Recipe())
    train(place, page)
    place.session.set_recipe(with_settings(place.session.recipe, {"lora.rank": 8}))
    second = train(place, page)
    page.tabs.button("all").click()
    assert page._stack.currentWidget() is page.runs
    place.until(lambda: page.runs.table.rowCount() == 2)
    assert page.tabs.button("all").text() == "All runs (2)"
    page.runs.list.choose(second)
    page.runs.compare.setCurrentIndex(1)
    place.until(lambda: "Rank 16" in page.runs.table._rows[0].difference)
    assert page.runs.table._rows[1].difference == ""


def test_a_run_is_opened_from_the_list(place: Bench, page: TrainPage) -> None:
    place.open()
    first, second = train(place, page), train(place, page)
    page.tabs.button("all").click()
    place.until(lambda: page.runs.table.rowCount() == 2)
    page.runs.list.choose(first)
    page.runs.show_run.click()
    place.until(lambda: page.watch.run == first and page.watch.record is not None)
    assert page._stack.currentWidget() is page.view
    assert page.tabs.value == "run"
    page.tabs.button("all").click()
    page.runs.list.choose(second)
    page.runs.list.opened.emit(second)
    place.until(lambda: page.watch.run == second)


def test_another_project_shows_its_own_runs(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page)
    place.until(lambda: page.runs.table.rowCount() == 1)
    place.open(name="other")
    assert page.runs.table.rowCount() == 0
    place.until(lambda: page._stack.currentWidget() is page.first)
    assert page.runs.table.ticks == []


# The window's limits


def test_in_a_small_window_everything_can_be_reached(place: Bench, page: TrainPage) -> None:
    place.open()
    train(place, page, *SHORT, "--end", "fail", until=State.FAILED)
    with_chart(place, page)
    page.resize(868, 640)
    page.view.log.set_folded(False)
    bar = page.view._area.verticalScrollBar()
    place.until(lambda: bar.maximum() > 0)
    place.until(lambda: bar.value() == bar.maximum())  # the log is in view
    for widget in (page.view.head, page.view.banner, page.view.log, *page.view.sparks.sparks.values()):
        assert widget.height() >= widget.minimumSizeHint().height()


def test_no_thread_outlives_its_run_or_its_project(place: Bench, page: TrainPage) -> None:
    def running() -> list[QThread]:
        return [thread for thread in place.session.findChildren(QThread) if thread.isRunning()]

    place.open()
    train(place, page)
    place.until(lambda: not running())
    train(place, page, *LONG, until=None)
    assert len(running()) == 1
    place.session.close()
    assert running() == []
