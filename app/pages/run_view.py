"""One run on the screen: head, loss, answers, small charts, log. Joins the widgets to the run that is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QSplitter, QVBoxLayout, QWidget

from app import run_words, tasks
from app.importing import import_soon
from app.latest import Latest
from app.pages.run_ways import RunWays
from app.preferences import remember
from app.run_watch import RunWatch
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.log_drawer import LogDrawer
from app.widgets.run_head import RunHead
from app.widgets.samples_view import SamplesView
from app.widgets.spark_grid import SparkGrid
from core.dataset import word_diff
from core.runs import words
from core.runs.events import Checkpoint, Evaluation, Event, Resumed, Sample, Started, Step
from core.runs.folder import State

if TYPE_CHECKING:
    from app.widgets.run_chart import RunChart
    from core.runs.folder import Progress

_LOG_MS = 1000
_LEAST_HEIGHT = 280  # of chart and answers; a smaller window scrolls
_CHART_MODULE = "app.widgets.run_chart"


class RunView(QWidget):
    """The first tab of the Train page."""

    resume_wanted = Signal()
    use_wanted = Signal()
    compare_wanted = Signal()
    chart_made = Signal()
    """The chart exists now; its module (pyqtgraph, numpy) is imported in the background when first needed."""

    def __init__(self, watch: RunWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.watch = watch
        self.chart: RunChart | None = None
        self._chart_asked = False
        self.head = RunHead()
        self.banner = Banner()
        self.ways = RunWays(watch, self.banner, self)
        self.samples = SamplesView()
        self.log = LogDrawer()
        self.sparks = SparkGrid()
        self._output = Latest(self.log.set_output, parent=self)
        self._log_clock = QTimer(self, interval=_LOG_MS)
        self._log_clock.timeout.connect(self._read_output)
        self._wish_clock = QTimer(self, interval=_LOG_MS)
        self._wish_clock.timeout.connect(self._show_head)
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        self._waiting = Card("Loss")
        self._waiting.body.addStretch(1)
        self._waiting.body.addWidget(QLabel(""))
        self._middle = QSplitter()
        self._middle.setChildrenCollapsible(False)
        self._middle.setMinimumHeight(_LEAST_HEIGHT)
        self._middle.addWidget(self._waiting)
        self._middle.addWidget(self.samples)
        self._divide()
        content = QWidget()
        content.setProperty("kind", "scrolled")
        self._area = QScrollArea()
        self._area.setWidget(content)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.setSpacing(SPACE.GAP)
        around.addWidget(self.head)
        around.addWidget(self.banner)
        around.addWidget(self._area, 1)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.GAP)
        layout.addWidget(self._middle, 1)
        layout.addWidget(self.sparks)
        layout.addWidget(self.log)

    def _divide(self) -> None:
        """Give the chart most of the width, in any window; the user may move the border."""
        self._middle.setStretchFactor(0, 5)
        self._middle.setStretchFactor(1, 3)
        self._middle.setSizes([640, 360])

    def _connect(self) -> None:
        self.head.pause_wanted.connect(self._pause)
        self.head.stop_wanted.connect(self._stop)
        self.head.force_wanted.connect(self._force)
        self.head.resume_wanted.connect(self.resume_wanted)
        self.ways.resume_wanted.connect(self.resume_wanted)
        self.head.use_wanted.connect(self.use_wanted)
        self.head.compare_wanted.connect(self.compare_wanted)
        self.log.opened.connect(self._on_log)
        self.sparks.chosen.connect(self._choose_metric)
        self.watch.changed.connect(self._on_changed)
        self.watch.loaded.connect(self._on_loaded)
        self.watch.advanced.connect(self._on_events)
        self.watch.progress_changed.connect(self._show_state)
        if self.watch.run is not None:
            self._on_changed()
        if self.watch.record is not None:
            self._on_loaded()

    # What the user wants

    def _pause(self) -> None:
        if self.watch.thread is not None:
            self.watch.thread.pause()
            self._show_head()

    def _stop(self) -> None:
        if self.watch.thread is not None:
            self.watch.thread.stop()
            self._wish_clock.start()
            self._show_head()

    def _force(self) -> None:
        if self.watch.thread is not None:
            self.watch.thread.force()
            self._show_head()

    # What the run tells

    def _on_changed(self) -> None:
        self.banner.clear()
        self.log.clear()
        self.samples.clear("")
        self.sparks.clear()
        if self.chart is not None:
            self.chart.clear("")
        self._show_state()

    def _on_loaded(self) -> None:
        record = self.watch.record
        assert record is not None
        self.log.clear()
        self.log.add_events(record.journal)
        self._show_samples()
        self.sparks.clear()
        self.sparks.sync(record.series)
        self._show_chart()
        self._show_state()
        self._read_output()

    def _on_events(self, events: list[Event]) -> None:
        record = self.watch.record
        assert record is not None
        steps = [event.step for event in events if isinstance(event, Step | Resumed)]
        started = [event.steps for event in events if isinstance(event, Started)]
        if self.chart is not None and started:
            self.chart.reserve(started[-1])
        if self.chart is not None and (steps or any(isinstance(event, Evaluation | Checkpoint) for event in events)):
            self.chart.sync(record.series, min(steps, default=record.progress.step + 1))
        if steps:
            self.sparks.sync(record.series, min(steps))
        if any(isinstance(event, Sample) for event in events):
            self._show_samples()
        self.log.add_events(events)
        self._show_empty()
        self._show_head()

    def _show_samples(self) -> None:
        record = self.watch.record
        assert record is not None
        answers = {step: record.samples_at(step) for step in record.series.samples}
        self.samples.set_samples(answers, dict(record.series.heldout))
        self._show_empty()

    # State

    def _show_state(self) -> None:
        self._show_head()
        self._show_empty()
        self.samples.choose.setVisible(self.watch.can_act)
        progress = self.watch.progress
        if progress is not None and not progress.state.is_active:
            self._wish_clock.stop()
        self.ways.show()

    def _show_head(self) -> None:
        if self.watch.run is not None:
            known = self.watch.progress is not None
            self.head.show_words(run_words.head_of(self.watch) if known else run_words.unread(self.watch))

    def _show_empty(self) -> None:
        """Say in the empty places why they are empty."""
        progress = self.watch.progress
        if progress is None:
            return
        if self.chart is not None:
            self.chart.chart.set_empty(_no_points(progress))
        self.samples.set_empty(_no_samples(progress, self.watch))

    # The chart

    def _show_chart(self) -> None:
        record = self.watch.record
        if record is None:
            return
        if self.chart is None:
            if not self._chart_asked:
                self._chart_asked = True
                tasks.run(word_diff.prepare, done=_loaded)  # for the first answers
                import_soon(_CHART_MODULE, done=self._make_chart)
            return
        self.chart.set_run(record.run.name, record.series, steps=record.progress.steps)
        self._show_empty()

    def _make_chart(self, _module: object) -> None:
        from app.widgets.run_chart import RunChart

        self.chart = RunChart()
        self.chart.metric_changed.connect(self.sparks.set_chosen)
        self.samples.looked_back.connect(self.chart.mark_answers)
        self._middle.replaceWidget(0, self.chart)
        self._divide()
        remember(self._middle, "run")
        self._waiting.deleteLater()
        self._show_chart()
        self.chart_made.emit()

    def show_all(self) -> None:
        """Show the whole run in the chart."""
        if self.chart is not None:
            self.chart.chart.show_all()

    def _choose_metric(self, key: str) -> None:
        if self.chart is not None:
            self.chart.set_metric(key)

    # The log

    def _on_log(self, opened: bool) -> None:
        if opened:
            QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(self.log))
        if opened and self.log.shows_output:
            self._read_output()
            self._log_clock.start()
        else:
            self._log_clock.stop()

    def _read_output(self) -> None:
        run = self.watch.run
        if run is not None and self.log.shows_output and self.isVisible():
            self._output.ask(lambda: words.log_tail(run))


def _no_points(progress: Progress) -> str:
    if progress.state.is_active:
        return "The curve begins with the first step."
    if progress.state is State.QUEUED:
        return "This run has not begun."
    return "This run ended before its first step."


def _no_samples(progress: Progress, watch: RunWatch) -> str:
    if watch.recipe is not None and not watch.recipe.heldout.sample_answers:
        return "This run shows no answers: sample answers are set to 0."
    if watch.record is not None and watch.record.started is not None and not watch.record.started.heldout_examples:
        return "This run has no held-out examples. From 50 examples up, some are held out to measure progress."
    if progress.state.is_active:
        return "With each evaluation the model answers held-out examples here, so that you can read how it learns."
    if progress.state is State.QUEUED:
        return "This run has not begun."
    return "This run ended before its first evaluation."


def _loaded(_result: object) -> None:
    """The comparison of answers is ready; nobody waits for it."""
