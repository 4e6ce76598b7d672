"""The Train page: what will happen, what is happening, and all that happened before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from app import before_run, format
from app.latest import Latest
from app.pages.all_runs import AllRuns
from app.pages.chart_saving import ChartSaving
from app.pages.page import Page
from app.pages.queue_view import QueueView
from app.pages.run_actions import add_actions
from app.pages.run_view import RunView
from app.pages.sample_choice import SampleChoice
from app.run_watch import RunWatch
from app.session import Session
from app.widgets.counting_bar import CountingBar
from app.widgets.first_run import FirstRun
from app.widgets.segments import Segments
from app.widgets.toast import show_toast
from core.errors import RunError, UserError
from core.runs.folder import RunFolder, State
from core.runs.plan import left_out_words
from core.runs.series import Series

if TYPE_CHECKING:
    from core.dataset.review import Progress
    from core.recipe.schema import Recipe
    from core.runs.plan import Plan

_CHECKING = "Checking the examples"


class TrainPage(Page):
    """One run in the first tab, all runs in the second; before the first run, what will happen."""

    title = "Train"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.watch = RunWatch(session, self)
        self.first = FirstRun()
        self.view = RunView(self.watch)
        self.runs = AllRuns(session)
        self.queue = QueueView(session)
        self.tabs = Segments({"run": "This run", "all": "All runs", "queue": "Queue"}, "Runs")
        self.enqueue = QPushButton("Add to queue")
        self.enqueue.setToolTip("Freezes examples and settings as they are now into a run that waits for its turn")
        self.again = QPushButton("Train again")
        self.again.setToolTip("Starts a new run with the examples and settings as they are now")
        self.add_act(self.tabs)
        self.add_act(self.enqueue)
        self.add_act(self.again)
        self.checking = CountingBar(cancel="Cancel")
        self.body.addWidget(self.checking)
        self._stack = QStackedWidget()
        for widget in (self.first, self.view, self.runs, self.queue):
            self._stack.addWidget(widget)
        self.body.addWidget(self._stack, 1)
        self._counts = Latest(self._show_first_words, parent=self)
        self._overlays = Latest(self._show_overlays, parent=self)
        self._overlaid: list[tuple[RunFolder, Series]] = []
        self._saving = ChartSaving(self)
        self.sample_choice = SampleChoice(self)
        add_actions(self, self.view, choose=self.sample_choice.ask)
        self._other = "settings"  # where the second button before the first run leads
        self._connect()
        self._on_queue()  # it may have been looked at before this page was made

    def _connect(self) -> None:
        self.first.start_wanted.connect(self.session.start_run)
        self.first.other_wanted.connect(self._on_other)
        self.again.clicked.connect(self.session.start_run)
        self.enqueue.clicked.connect(self.queue.add)
        self.queue.opened.connect(self._open)
        self.session.queue.changed.connect(self._on_queue)
        self.session.queue.show_wanted.connect(lambda: self._show_tab("queue"))
        self.session.queue.waits.connect(self._on_waits)
        self.session.queue.run_wanted.connect(self._open)
        self.runs.duplicate_wanted.connect(self.queue.duplicate)
        self.tabs.chosen.connect(lambda _: self._show_tab())
        self.view.resume_wanted.connect(self._resume)
        self.view.ways.examples_wanted.connect(self.examples_wanted)
        self.view.use_wanted.connect(lambda: self.go.emit("adapters"))
        self.view.compare_wanted.connect(lambda: self.watch.run and self.compare_wanted.emit(self.watch.run.name))
        self.view.chart_made.connect(self._on_chart)
        self.view.samples.choose_wanted.connect(self.sample_choice.ask)
        self.runs.opened.connect(self._open)
        self.runs.ticked.connect(self._load_overlays)
        self.runs.refreshed.connect(self._on_runs)
        self.runs.noted.connect(self.watch.set_notes)
        self.runs.verbs.thrown_away.connect(self._on_thrown_away)
        self.runs.verbs.failed.connect(self.show_problem)
        self.runs.elsewhere.failed.connect(self.show_problem)
        self.watch.changed.connect(self._on_watch)
        self.watch.failed.connect(self._on_failed)
        self.watch.loaded.connect(self._follow_if_alive)
        self.checking.cancelled.connect(self.session.cancel_start)
        self.session.gate.told.connect(self._on_checking)
        self.session.gate.checked.connect(lambda _found: self._count_again())
        self.session.runs_changed.connect(self._show_tab)
        self.session.examples_changed.connect(lambda *_: self._count())
        self.session.recipe_changed.connect(lambda *_: self._count())

    def enter(self) -> None:
        """Look again."""
        self.runs.refresh()
        self._count()

    # Which part is shown

    def _has_runs(self) -> bool:
        return self.watch.run is not None or self.runs.table.rowCount() > 0 or self.session.queue.amount > 0

    def _show_tab(self, tab: str = "") -> None:
        if tab:
            self.tabs.set_value(tab)
        starting = self.session.is_training and self.session.training is None
        self.first.set_starting(starting)
        if not starting:
            self.checking.stop()
        elif self.checking.isHidden():
            self.checking.begin(_CHECKING)
        has_runs = self._has_runs()
        self.tabs.setVisible(has_runs)
        self.again.setVisible(has_runs)
        self.enqueue.setVisible(has_runs)  # in every tab: what comes and goes beside the tabs moves them
        project = self.session.project
        may_act = project is not None and not project.read_only
        self.again.setEnabled(not self.session.is_training and may_act)
        self.enqueue.setEnabled(may_act)
        self.again.setMinimumWidth(
            max(self.again.minimumWidth(), self.again.sizeHint().width())
        )  # keeps the tabs still
        self.again.setText("Starting…" if starting else "Train again")
        tabs: dict[str, QWidget] = {"all": self.runs, "queue": self.queue}
        self._stack.setCurrentWidget(tabs.get(self.tabs.value, self.view) if has_runs else self.first)

    def _on_checking(self, progress: Progress | None) -> None:
        """A run waits until its examples have been checked; that takes a while only the first time."""
        if progress is not None and self.session.gate.is_asked:
            self.checking.tell(_CHECKING, progress.done, progress.total)

    def _on_watch(self) -> None:
        """Another run is shown, because it was started or chosen."""
        self.banner.clear()
        if self.watch.run is not None and self.watch.run != self.session.queue.followed:
            self.tabs.set_value("run")  # what the queue starts takes nobody away from where they are
        self._show_tab()
        self._load_overlays()

    def _on_queue(self) -> None:
        amount = self.session.queue.amount
        self.tabs.set_words("queue", f"Queue ({format.count(amount)})" if amount else "Queue")
        self._show_tab()

    def _on_waits(self, run: RunFolder) -> None:
        """A run could not start at once."""
        self.watch.show(run)
        self._show_tab("queue")
        show_toast(self, f"Another run is being trained on this machine. Run {run.number} starts when it has ended.")

    def _follow_if_alive(self) -> None:
        """A run that was started elsewhere (from the command line) is followed as soon as it is looked at."""
        progress = self.watch.progress
        alone = self.watch.thread is None and not self.session.is_training
        if alone and progress is not None and progress.state.is_active:
            self.session.follow(self.watch.run)

    def _on_failed(self, problem: UserError) -> None:
        if problem is not self.watch.problem:  # that one is shown with the run
            self.show_problem(problem)

    def _on_runs(self) -> None:
        amount = self.runs.table.rowCount()
        self.tabs.set_words("all", f"All runs ({format.count(amount)})" if amount > 1 else "All runs")
        if self.watch.run is None and amount:
            tab = self.tabs.value
            found = self.runs.table.summaries()
            begun = [summary for summary in found if summary.progress.state is not State.QUEUED]
            self.watch.show((begun or found)[-1].run)
            self.tabs.set_value(tab)
        self._show_tab()

    def _on_thrown_away(self, run: RunFolder) -> None:
        """A run is in the trash; if it was on the screen, the newest of the others takes its place."""
        training = self.session.training
        if training is not None and training.run_folder == run:
            self.session.follow(None)
        if self.watch.run == run:
            self.watch.show(None)

    def _open(self, run: RunFolder | None) -> None:
        if run is None:
            return
        if run == self.watch.run:
            self.tabs.set_value("run")
            self._show_tab()
        else:
            self.watch.show(run)

    def _resume(self) -> None:
        if self.session.is_training:
            self.show_problem(RunError("Another run is being trained.", hint="Wait for it to end, or pause it first."))
        elif self.watch.run is not None:
            self.session.follow_new(self.watch.run)

    # Before the first run

    def _on_other(self) -> None:
        self.go.emit(self._other)

    def _count(self) -> None:
        if self.session.project is None:
            self._counts.forget()
        elif self.isVisible():
            self.session.look_at_examples()
            self._count_again()

    def _count_again(self) -> None:
        """What is too long is known once the examples have been checked."""
        project, recipe = self.session.project, self.session.recipe
        if project is not None and self.isVisible() and not self._has_runs():
            too_long = before_run.too_long(self.session.gate.latest)
            self._counts.ask(lambda: (before_run.planned(project, recipe, too_long), recipe))

    def _show_first_words(self, found: tuple[Plan, Recipe]) -> None:
        planned, recipe = found
        ready, note = planned.ready > 0, ""
        if not ready:
            note = "No example is ready yet: training takes examples with an instruction and an output."
        elif self.session.project is not None and self.session.project.read_only:
            ready, note = False, "This project is open read-only, so nothing can be trained in it."
        elif not planned.train:
            note = "Nothing would be trained: raise the maximum length in the settings."
        elif planned.left_out >= before_run.MANY * planned.ready:
            note = left_out_words(planned.left_out, planned.ready)
        elif planned.is_short:
            note = f"{format.plural(planned.steps, 'step')} are few: more examples or more passes teach more."
        self._other = "settings" if planned.ready else "examples"
        other = "Look at the settings" if planned.ready else "Write examples"
        steps = before_run.first_steps(planned, recipe)
        self.first.set_words(steps, note=note, other=other, ready=ready)

    # The chart

    def _on_chart(self) -> None:
        chart = self.view.chart
        assert chart is not None
        chart.save_image_wanted.connect(lambda: self._saving.save_image(self.watch.run, chart.image()))
        chart.save_table_wanted.connect(lambda: self._saving.save_table(self._shown_series(), chart.weight))
        self._load_overlays()

    def _shown_series(self) -> dict[str, Series]:
        record = self.watch.record
        shown = {record.run.name: record.series.copy()} if record is not None else {}
        return shown | {run.name: series for run, series in self._overlaid}

    def _load_overlays(self) -> None:
        runs = [run for run in self.runs.table.ticks if run != self.watch.run]
        if self.view.chart is not None:
            self._overlays.ask(lambda: [(run, _series(run)) for run in runs])

    def _show_overlays(self, found: list[tuple[RunFolder, Series]]) -> None:
        self._overlaid = found
        if self.view.chart is not None:
            self.view.chart.set_overlays((run.name, f"Run {run.number}", series) for run, series in found)


def _series(run: RunFolder) -> Series:
    from core.runs.record import Record

    return Record.load(run).series
