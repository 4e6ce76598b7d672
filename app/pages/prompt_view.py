"""The tab "Prompt" of the Compare page: the base model with the user's best prompt, before anything is trained."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app import comparison_words
from app.comparing import Comparing, MakeJob, comparison_job
from app.latest import Latest
from app.session import Session
from app.theme import SPACE
from app.widgets.answers_list import AnswersList
from app.widgets.banner import Banner
from app.widgets.card import Card
from app.widgets.empty_state import EmptyState
from app.widgets.prompt_panel import PromptPanel
from app.widgets.score_table import ScoreTable
from app.widgets.scrolled import scrolled
from app.widgets.tool_advice import ToolAdvice
from app.widgets.work_bar import WorkBar
from core.errors import UserError
from core.prompt.best import LONGEST_SYSTEM, MOST_EXAMPLES, BestPrompt

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, ComparisonFolder
    from core.evaluation.job import Doing
    from core.evaluation.report import Report
    from core.project import Project

TRIED = 10  # held-out examples
_MEASURES = ("chrf", "exact", "loss", "prompt_tokens", "seconds")
_AGAIN_MS = 700  # while answers come, they are looked at so often
_PURPOSE = (
    "Many tasks need no training. Write down what the model should do, and read what it says to ten held-out examples, "
    "with your prompt and without. If that is not enough, it is what the adapter will be measured against."
)


class _Found(NamedTuple):
    """The newest trial of a project's prompt, and how many examples it could be tried on."""

    folder: ComparisonFolder | None
    report: Report | None
    heldout: int


class PromptView(QWidget):
    """The prompt on the left, what it does on the right."""

    go = Signal(str)
    """Show another page."""
    examples_wanted = Signal(list, str)
    """(numbers, words): show these examples in the table."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, make: MakeJob = comparison_job) -> None:
        super().__init__(parent)
        self._session = session
        self._found: _Found | None = None
        self.comparing = Comparing(session, self, make=make)
        self.panel = PromptPanel(MOST_EXAMPLES, LONGEST_SYSTEM)
        self.bar = WorkBar("Stop")
        self.bar.stop.hide()
        self.banner = Banner()
        self.empty = EmptyState("compare", "Try the prompt first", _PURPOSE)
        self.summary = ToolAdvice()
        self.scores = ScoreTable()
        self.answers = AnswersList(comparison_words.ORDERS)
        self.answers.order.hide()
        self._reader = Latest(self._on_found, failed=self._on_problem, parent=self)
        self._again = QTimer(self, interval=_AGAIN_MS, singleShot=True)
        self._again.timeout.connect(self._read)
        self._arrange()
        self._connect()
        self._on_project()

    def _arrange(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, SPACE.UNIT, 0)
        column.setSpacing(SPACE.GAP)
        card = Card("What the prompt does")
        card.body.addWidget(self.summary)
        card.body.addWidget(self.scores)
        column.addWidget(card)
        column.addWidget(self.answers, 1)
        self.faces = QStackedWidget()
        self._area = scrolled(inside)
        for face in (QWidget(), self.empty, self._area):
            self.faces.addWidget(face)
        right = QWidget()
        beside = QVBoxLayout(right)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(SPACE.UNIT)
        for widget in (self.bar, self.banner):
            beside.addWidget(widget)
        beside.addWidget(self.faces, 1)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        self.panel.setMinimumWidth(300)
        for place, widget in enumerate((self.panel, right)):
            split.addWidget(widget)
            split.setStretchFactor(place, 1 + place)
        split.setSizes([360, 680])
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(split)

    def _connect(self) -> None:
        self.panel.changed.connect(self._keep)
        self.panel.try_wanted.connect(self.try_it)
        self.panel.stop_wanted.connect(self.comparing.stop)
        self.answers.open_wanted.connect(lambda id: self.examples_wanted.emit([id], "Held-out example"))
        self.comparing.began.connect(self._read)
        self.comparing.told.connect(self._on_told)
        self.comparing.ended.connect(self._on_over)
        self.comparing.stopped.connect(self._on_over)
        self.comparing.failed.connect(self._on_failed)
        self._session.project_changed.connect(self._on_project)
        self._session.examples_changed.connect(lambda *_: self._read_if_seen())
        self._session.recipe_changed.connect(lambda _: self._read_if_seen())
        self._session.hand_over.connect(self.panel.hand_over)

    # What the user wants

    def enter(self) -> None:
        """Look again."""
        self._read()

    def try_it(self) -> None:
        """Let the base model answer held-out examples, with the prompt and without."""
        self.banner.clear()
        self.panel.set_busy(True)
        self.bar.tell("Choosing the examples …")
        # What is written goes to the disk first; the plan reads it there.
        self._session.write(lambda: None, done=lambda _: self.comparing.start(_plan))

    def hideEvent(self, event: QHideEvent) -> None:
        """What is written is kept, whatever comes next."""
        self.panel.hand_over()
        super().hideEvent(event)

    def _keep(self, system: str, examples: int) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return
        best = BestPrompt(system=system, examples=examples)
        self._session.write(lambda: project.set_best_prompt(best), failed=self._on_problem)
        self._show_act(best)

    # What there is

    def _on_project(self) -> None:
        project = self._session.project
        self._found = None
        self._again.stop()
        self._reader.forget()
        self.banner.clear()
        self._on_idle()
        self.faces.setCurrentIndex(0)
        best = project.best_prompt if project is not None else BestPrompt()
        self.panel.load(best.system, best.examples, read_only=project is None or project.read_only)
        self._read_if_seen()

    def _read_if_seen(self) -> None:
        if self.isVisible():
            self._read()

    def _read(self) -> None:
        project = self._session.project
        if project is not None:
            self._reader.ask(partial(_find, project))

    def _on_found(self, found: _Found) -> None:
        self._found = found
        self._show_act()
        report = found.report
        if report is None:
            self.faces.setCurrentIndex(1)
            return
        from core.evaluation import prompt_words

        lines = prompt_words.lines(report)
        asked = report.results.comparison.system("prompt").prompt
        if lines and asked != self._best():
            lines = ["These answers were given to an earlier wording of the prompt.", *lines]
        if not lines:
            coming = "The answers are coming." if self.comparing.busy else "It was stopped before there were answers."
            lines = [coming]
        self.summary.set_words("", lines, heading="")
        self.scores.show_rows(*comparison_words.scores(report.figures, only=_MEASURES))
        self.answers.set_blocks(comparison_words.blocks(report, "", "", stopped=not self.comparing.busy))
        bar = self._area.verticalScrollBar()
        place = bar.value() if self.faces.currentIndex() == 2 else 0
        self.faces.setCurrentIndex(2)
        QTimer.singleShot(0, bar, lambda: bar.setValue(place))  # answers that come move nothing away

    def _best(self) -> BestPrompt:
        return BestPrompt(system=self.panel.system.text()[:LONGEST_SYSTEM], examples=self.panel.examples.value())

    def _show_act(self, best: BestPrompt | None = None) -> None:
        heldout = self._found.heldout if self._found is not None else 0
        project = self._session.project
        note = ""
        if project is not None and project.read_only:
            note = "This project can only be looked at."
        elif self._found is not None and not heldout:
            note = "No example is held out yet: from 50 ready examples up, some are. Or mark some as held out."
        elif (best or self._best()).is_empty:
            note = "Write something, or let some examples be shown."
        amount = min(TRIED, heldout) or TRIED
        words = f"Try it on {amount} held-out example{'' if amount == 1 else 's'}"
        self.panel.set_act(words, enabled=not note and self._found is not None, note=note)

    # A trial under way

    def _on_told(self, doing: Doing) -> None:
        self.panel.set_busy(True)
        self.bar.tell(doing.words, doing.share, doing.seconds_left)
        if not self._again.isActive() and not self._reader.busy:
            self._again.start()

    def _on_over(self) -> None:
        self._on_idle()
        self._read()

    def _on_failed(self, error: UserError) -> None:
        self._on_over()
        self._on_problem(error)

    def _on_problem(self, error: UserError) -> None:
        self.banner.show_problem(error)

    def _on_idle(self) -> None:
        self._again.stop()
        self.bar.finish()
        self.panel.set_busy(False)


def _plan(project: Project) -> Comparison:
    from core.evaluation.planning import plan

    whole = plan(project, [], answered=TRIED, train_rows=0, neutral=False)
    return whole.model_copy(update={"cases": whole.answered()})


def _find(project: Project) -> _Found:
    """Read in another thread."""
    from core.evaluation.comparison import comparisons
    from core.evaluation.report import report

    heldout = len(project.store.heldout(project.recipe.heldout.share))
    for folder in comparisons(project.path):
        try:
            systems = folder.read().systems
        except UserError:
            continue  # a damaged one is told of where comparisons are listed
        if [system.kind for system in systems] == ["base", "prompt"]:
            return _Found(folder, report(folder), heldout)
    return _Found(None, None, heldout)
