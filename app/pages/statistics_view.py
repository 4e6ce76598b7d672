"""What the examples look like in numbers: one sentence of advice, and charts whose bars lead to the examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app import format, statistics_words
from app.importing import import_soon
from app.latest import Latest
from app.lookout import Lookout
from app.session import Session
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.counting_bar import CountingBar
from app.widgets.empty_state import EmptyState
from app.widgets.flow_layout import FlowLayout
from app.widgets.segments import Segments
from core.dataset.example import Status
from core.errors import UserError

if TYPE_CHECKING:
    from app.statistics_charts import Charts
    from app.widgets.statistics_cards import StatisticsCards
    from core.dataset.review import Report
    from core.dataset.statistics import Progress, Statistics, StatisticsJob
    from core.project import Project

_CARDS = "app.widgets.statistics_cards"
_NEAR = "near-duplicates"  # the rule of the review
_PURPOSE = "As soon as there are examples, this shows how long they are, how much of them is learnt, and their tags."


class StatisticsView(QWidget):
    """Looks again while it is in sight whenever examples or settings have changed."""

    show_wanted = Signal(object, str)
    """(ids, words): show these examples in the table, and what they are."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.cards: StatisticsCards | None = None
        self._statistics: Statistics | None = None
        self._near: tuple[int, ...] | None = None
        self._asked: tuple[str, str, float] = ("", "", 0.0)  # base model, chat template and share of what is shown
        self._cards_asked = False
        self._drawing = Latest(self._on_charts, parent=self)
        self._build()
        self.lookout = Lookout(self, session, self._job_for)
        self.lookout.begun.connect(self._on_begun)
        self.lookout.told.connect(self._on_told)
        self.lookout.ended.connect(self.progress.stop)
        self.lookout.failed.connect(self._on_failed)
        self.lookout.forgotten.connect(self._forget)
        session.recipe_changed.connect(self._on_recipe)
        self._forget()

    def _build(self) -> None:
        self.advice = QLabel()
        self.advice.setProperty("kind", "heading")
        self.advice.setTextFormat(Qt.TextFormat.PlainText)
        self.advice.setWordWrap(True)
        self.advice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.scope = Segments({"ready": "Ready", "all": "All"}, "Examples counted")
        self.scope.chosen.connect(lambda _value: self._present())
        head = QHBoxLayout()
        head.setSpacing(SPACE.GAP)
        head.addWidget(self.advice, 1)
        head.addWidget(self.scope, 0, Qt.AlignmentFlag.AlignTop)
        self._hints = QWidget()
        hints = FlowLayout(self._hints, spacing=SPACE.UNIT)
        self._how = QLabel("Click a bar to show its examples in the table.")
        self._how.setProperty("kind", "secondary")
        self.long = self._link(lambda: self._show_long())
        self.refused = self._link(lambda: self._show_refused())
        self.near = self._link(lambda: self._show_near())
        for widget in (self._how, self.near, self.long, self.refused):
            hints.addWidget(widget)
        self.progress = CountingBar()
        self.banner = Banner()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.content = QWidget()
        column = QVBoxLayout(self.content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addLayout(head)
        column.addWidget(self._hints)
        column.addWidget(self.progress)
        column.addWidget(self.banner)
        column.addWidget(self._area, 1)
        self.empty = EmptyState("table", "Nothing to count yet", _PURPOSE)
        self._stack = QStackedWidget()
        for face in (QWidget(), self.content, self.empty):
            self._stack.addWidget(face)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._stack)

    def _link(self, act: Any) -> QPushButton:
        button = QPushButton()
        button.setProperty("kind", "link")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: act())
        button.hide()
        return button

    def set_report(self, report: Report | None) -> None:
        """Take what the quality view found, for the sentence of advice."""
        found = None if report is None else [group for group in report.groups if group.rule.id == _NEAR]
        self._near = None if found is None else tuple(id for group in found for id in group.examples)
        self._advise()

    # --- When to look -----------------------------------------------------------------------------------------------

    def _job_for(self, project: Project) -> Callable[[], StatisticsJob]:
        recipe, examples = self._session.recipe, project.store.path
        base, template, share = self._asked = (recipe.model.base, recipe.model.template, recipe.heldout.share)

        def make() -> StatisticsJob:
            from core.dataset.statistics import StatisticsJob

            return StatisticsJob(examples, base=base, template=template, share=share)

        return make

    def _on_begun(self) -> None:
        self.banner.clear()
        self.progress.begin("Reading the examples")
        if self._statistics is None:
            self._stack.setCurrentWidget(self.content)
        if self.cards is None and not self._cards_asked:
            self._cards_asked = True
            import_soon(_CARDS, done=self._add_cards)

    def _on_recipe(self, _source: object) -> None:
        recipe = self._session.recipe
        if (recipe.model.base, recipe.model.template, recipe.heldout.share) != self._asked:
            self.lookout.look_again()
        else:
            self._present()

    def _forget(self) -> None:
        self._statistics, self._near = None, None
        self.progress.stop()
        self.banner.clear()
        self.advice.clear()
        for widget in (self.scope, self._how, self.near, self.long, self.refused, self.cards):
            if widget is not None:
                widget.hide()
        self._stack.setCurrentIndex(0)

    def _add_cards(self, module: Any) -> None:
        self.cards = module.StatisticsCards()
        self.cards.show_wanted.connect(self.show_wanted)
        self._area.setWidget(self.cards)
        self.cards.hide()
        self._present()

    # --- What it tells ----------------------------------------------------------------------------------------------

    def _on_told(self, message: Progress | Statistics) -> None:
        if not hasattr(message, "facts"):
            self.progress.tell("Counting tokens", message.done, message.total)
            return
        first = self._statistics is None
        if message.lengths is None and message.problem is None and not first:
            return  # what is shown stays until all is counted
        self._statistics = message
        if first:
            self.scope.set_value("ready" if message.is_shown(Status.READY).any() else "all")
        if message.problem is not None:
            problem = message.problem
            why = " ".join(part for part in (problem.title, problem.reason, problem.hint) if part)
            self.banner.say("Tokens cannot be counted now.", why, tone="warn", details=problem.details)
        self._present()

    def _on_failed(self, error: UserError) -> None:
        self.progress.stop()
        self._stack.setCurrentWidget(self.content)
        self.banner.show_problem(error)

    def _present(self) -> None:
        statistics = self._statistics
        if statistics is None:
            return
        self._stack.setCurrentWidget(self.content if len(statistics) else self.empty)
        self.scope.show()
        self._how.show()
        self._advise()
        if self.cards is not None and len(statistics):
            ready, longest = self.scope.value == "ready", self._longest
            self._drawing.ask(lambda: _charts(statistics, ready=ready, longest=longest))

    def _on_charts(self, charts: Charts) -> None:
        if self.cards is not None and self._statistics is charts.statistics:
            self.cards.show_charts(charts)
            self.cards.show()

    def _advise(self) -> None:
        statistics = self._statistics
        if statistics is None:
            return
        near = None if self._near is None else len(self._near)
        self.advice.setText(statistics_words.advice(statistics, longest=self._longest, near=near))
        counted = statistics.lengths is not None
        long = int(statistics_words.longer(statistics, self._longest).sum()) if counted else 0
        refused = int(statistics_words.refused(statistics).sum()) if counted else 0
        _offer(self.long, long, f"Show the {format.count(long)} over {format.count(self._longest)} tokens")
        _offer(self.refused, refused, f"Show the {format.count(refused)} that the chat template refuses")
        _offer(self.near, near or 0, f"Show the {format.count(near or 0)} near-duplicates")

    @property
    def busy(self) -> bool:
        """Whether something is still to be counted or drawn."""
        return self.lookout.busy or self._drawing.busy or self.cards is None or self.cards.busy

    @property
    def _longest(self) -> int:
        return self._session.recipe.training.max_length

    # --- Where it leads ---------------------------------------------------------------------------------------------

    def _show_long(self) -> None:
        if self._statistics is not None:
            ids = self._statistics.ids(statistics_words.longer(self._statistics, self._longest))
            words = f"{format.count(len(ids))} longer than {format.count(self._longest)} tokens"
            self.show_wanted.emit(ids, words)

    def _show_refused(self) -> None:
        if self._statistics is not None:
            ids = self._statistics.ids(statistics_words.refused(self._statistics))
            self.show_wanted.emit(ids, f"{format.count(len(ids))} refused by the chat template")

    def _show_near(self) -> None:
        if self._near:
            self.show_wanted.emit(self._near, f"{format.count(len(self._near))} near-duplicates")


def _charts(statistics: Statistics, *, ready: bool, longest: int) -> Charts:
    from app.statistics_charts import charts

    return charts(statistics, ready=ready, longest=longest)


def _offer(button: QPushButton, amount: int, words: str) -> None:
    button.setText(words)
    button.setVisible(amount > 0)
