"""The first tab of the Compare page: the verdict, its evidence, the answers, the blind test and the hard rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app import comparison_words as words
from app.comparing import Comparing, MakeJob, Plan, comparison_job
from app.latest import Latest
from app.pages.comparison_banner import ComparisonBanner
from app.pages.comparison_looks import Found, Past, Shown, find, keep_rule, look
from app.pages.comparison_parts import ComparisonParts
from app.pages.comparison_removing import ComparisonRemoving
from app.pages.comparison_start import ComparisonStart
from app.session import Session
from app.theme import SPACE
from app.widgets.comparison_head import ComparisonHead
from app.widgets.empty_state import EmptyState
from app.widgets.work_bar import WorkBar
from core.errors import UserError

if TYPE_CHECKING:
    from core.evaluation.comparison import ComparisonFolder
    from core.evaluation.job import Doing

_PURPOSE = (
    "Base model, base model with your best prompt, and adapters answer the same held-out examples. You read in plain "
    "words whether fine-tuning was worth it, by how much, and how sure that is."
)
_AGAIN_MS = 1500  # while answers come, they are looked at so often
_PLACES = {
    "use_adapter": "adapters",
    "hold_out_more": "settings",
    "more_epochs": "settings",
    "stop_earlier": "settings",
    "forgets": "settings",
    "more_examples": "examples",
}


class CompareView(QWidget):
    """Follows one comparison at a time; past ones are chosen from a list."""

    go = Signal(str)
    """Show another page."""
    tab_wanted = Signal(str)
    """Show another tab of the page."""
    examples_wanted = Signal(list, str)
    """(numbers, words): show these examples in the table."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, make_job: MakeJob = comparison_job) -> None:
        super().__init__(parent)
        self._session = session
        self._past: list[Past] = []
        self._folder: ComparisonFolder | None = None  # the one that is shown
        self.shown: Shown | None = None
        self._adapter = self._wanted = ""
        self.start = ComparisonStart(session, self)
        self.removing = ComparisonRemoving(session, self)
        self.work = Comparing(session, self, make=make_job)
        self._finder = Latest(self._on_found, failed=self._on_problem, parent=self)
        self._reader = Latest(self._on_read, failed=self._on_problem, parent=self)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._read)
        self._build()
        self._connect()
        self._on_project()

    def _build(self) -> None:
        self.head = ComparisonHead()
        self.bar = WorkBar("Stop")
        self.banner = ComparisonBanner()
        self.parts = ComparisonParts(self._session)
        self.empty = EmptyState("compare", "No comparison yet", _PURPOSE, "Compare", "Try the prompt first")
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(self.head)
        column.addWidget(self.banner)
        column.addWidget(self.parts, 1)
        self.faces = QStackedWidget()
        for face in (QWidget(), self.empty, whole):
            self.faces.addWidget(face)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.setSpacing(SPACE.UNIT)
        around.addWidget(self.bar)
        around.addWidget(self.faces, 1)

    def _connect(self) -> None:
        self.head.past_chosen.connect(self._on_past)
        self.head.part_chosen.connect(self.show_part)
        self.head.adapter_chosen.connect(self._on_adapter)
        self.removing.changed.connect(self._show_removal)
        self.removing.failed.connect(self._on_problem)
        self.head.remove_wanted.connect(lambda: self._folder and self.removing.remove(self._folder))
        self.head.new_wanted.connect(lambda: self.compare(self._adapter))
        self.empty.acted.connect(self._on_empty)
        self.empty.acted_second.connect(lambda: self.tab_wanted.emit("prompt"))
        self.start.chosen.connect(self.begin)
        self.start.failed.connect(self._on_problem)
        self.bar.stopped.connect(self.stop)
        self.banner.acted.connect(self.go_on)
        self.work.began.connect(self._on_began)
        self.work.told.connect(self._on_told)
        self.work.ended.connect(self._after_work)
        self.work.stopped.connect(self._after_work)
        self.work.failed.connect(self._on_failed)
        self.parts.next_wanted.connect(self._on_next)
        self.parts.rule_changed.connect(self._on_rule)
        self.parts.examples_wanted.connect(self.examples_wanted)
        self.parts.voted.connect(self._read)
        self._session.project_changed.connect(self._on_project)
        self._session.runs_changed.connect(self._find_if_seen)
        self.parts.evidence.purpose_wanted.connect(self._session.guidance_wanted)
        self._session.purpose_changed.connect(self._read)

    # What the user wants

    def enter(self) -> None:
        """Look again."""
        self._find()

    def compare(self, adapter: str = "") -> None:
        """Ask what to compare, with this adapter chosen."""
        self.start.ask(adapter)

    def compare_with(self, adapter: str) -> None:
        """Show the newest comparison of an adapter; where it was never compared, ask what to compare it with."""
        self._wanted = adapter
        self._find()

    def begin(self, plan: Plan) -> None:
        """Plan a comparison, compute it and show it."""
        self.banner.clear()
        self.bar.tell("Preparing the comparison …")
        self.work.start(plan)
        self._show_may()

    def stop(self) -> None:
        """End the work; what was found is kept."""
        self.bar.finish()
        self.work.stop()

    def go_on(self) -> None:
        """Take up the comparison that is shown and was not finished, or follow the process that works on it."""
        if self._folder is not None:
            self.banner.clear()
            self.bar.tell("Starting …")
            self.work.resume(self._folder)
            self._show_may()

    def _show_removal(self, folder: ComparisonFolder | None) -> None:
        """A comparison was taken out, or one is back, which is shown then."""
        self._choose(folder)
        self._find()

    def show_part(self, part: str) -> None:
        """Show the verdict, the answers, the blind test or the hard rows."""
        self.head.set_part(part)
        self.parts.show_part(part)

    def _on_empty(self) -> None:
        if self._has_adapters:
            self.compare()
        else:
            self.go.emit("train")

    def _on_next(self, kind: str) -> None:
        if kind == "vote":
            self.show_part("blind")
        elif kind == "clean_examples":
            self.show_part("hard")
        elif kind == "better_prompt":
            self.tab_wanted.emit("prompt")
        elif kind == "measure_prompt":
            self.compare(self._adapter)
        elif kind in _PLACES:
            self.go.emit(_PLACES[kind])

    def _on_rule(self, kind: str, text: str) -> None:
        project = self._session.project
        if project is not None and not project.read_only:
            self._session.write(lambda: keep_rule(project, kind, text), done=lambda _: self._read())

    # Work under way

    @property
    def _worked_on(self) -> ComparisonFolder | None:
        """The comparison that is being computed."""
        return self.work.results.folder if self.work.busy and self.work.results is not None else None

    def _on_began(self) -> None:
        if self.work.results is not None:
            self._choose(self.work.results.folder)
            self._find()

    def _on_told(self, doing: Doing) -> None:
        self.bar.tell(doing.words, doing.share, doing.seconds_left)
        if self._worked_on == self._folder and not self._again.isActive():
            self._again.start()

    def _on_failed(self, problem: UserError) -> None:
        self._after_work()
        self._on_problem(problem, ended=True)

    def _after_work(self) -> None:
        self.bar.finish()
        self._show_may()
        self._find()  # how far it came stands in the list
        self._read()

    def _on_problem(self, problem: UserError, *, ended: bool = False) -> None:
        if not self.work.busy:
            self.bar.finish()
            self._show_may()
        self.banner.say_problem(problem, ended=ended)
        if self.faces.currentIndex() == 1:  # the empty face has no banner of its own
            self._session.problem.emit(problem)

    # What there is

    def _on_project(self) -> None:
        self._past, self._folder, self.shown, self._adapter, self._wanted = [], None, None, "", ""
        self._has_adapters = False
        self._finder.forget()
        self._reader.forget()
        self._again.stop()
        self.bar.finish()
        self.banner.clear()
        self.faces.setCurrentIndex(0)
        self.parts.clear()
        self._find_if_seen()

    def _find_if_seen(self) -> None:
        if self.isVisible():
            self._find()

    def _find(self) -> None:
        project = self._session.project
        if project is not None:
            self._finder.ask(lambda: find(project))

    def _on_found(self, found: Found) -> None:
        self._past, self._has_adapters = found.past, found.has_adapters
        known = [item.folder for item in found.past]
        wanted, self._wanted = self._wanted, ""
        if wanted:
            with_it = [item.folder for item in found.past if wanted in item.keys]
            if with_it:
                self._choose(with_it[0])
                self._adapter = wanted
            else:
                self.compare(wanted)
        if self._folder not in known:
            with_adapter = [item.folder for item in found.past if item.has_adapter]
            self._choose(next(iter(with_adapter + known), None))  # trials of the prompt alone come second
        elif self.shown is None or self.shown.folder != self._folder:
            self._read()
        self.head.set_past([(item.folder.name, self._past_words(item)) for item in found.past])
        self.head.set_chosen("" if self._folder is None else self._folder.name)
        self._show_face()

    def _past_words(self, item: Past) -> str:
        return words.past(item.comparison, stopped=item.stopped if item.folder != self._worked_on else "")

    def _show_face(self) -> None:
        self.faces.setCurrentIndex(2 if self._past else 1)
        self.empty.second_button.setVisible(not self._has_adapters)
        if self._has_adapters:
            self.empty.set_words("No comparison yet", _PURPOSE)
            self.empty.button.setText("Compare")
        else:
            text = f"{_PURPOSE} It takes an adapter, and held-out examples. What a prompt alone does, you can see now."
            self.empty.set_words("Nothing to compare yet", text)
            self.empty.button.setText("Train the first adapter")
        self._show_may()

    def _on_past(self, name: str) -> None:
        self._choose(next((item.folder for item in self._past if item.folder.name == name), None))

    def _choose(self, folder: ComparisonFolder | None) -> None:
        if folder != self._folder:
            self._folder, self.shown, self._adapter = folder, None, ""
            self.banner.clear()
        self._read()

    def _read(self) -> None:
        project, folder = self._session.project, self._folder
        if project is not None and folder is not None:
            self._reader.ask(lambda: look(project, folder))

    def _on_read(self, shown: Shown) -> None:
        if shown.folder != self._folder:
            return
        self.shown = shown
        adapters = {
            system.key: system.title for system in shown.report.results.comparison.systems if system.kind == "adapter"
        }
        if self._adapter not in adapters:
            self._adapter = next(iter(adapters), "")
        self.head.set_adapters(adapters, self._adapter)
        if shown.running and not self.work.busy and self._may_write:
            self.go_on()  # it was begun elsewhere, or by a window that is gone
        working = self._worked_on == shown.folder
        self.banner.show_state(shown, working=working, may_go_on=not self.work.busy and self._may_write)
        self._show_report()

    def _on_adapter(self, key: str) -> None:
        self._adapter = key
        self._show_report()

    def _show_report(self) -> None:
        if self.shown is not None:
            report = self.shown.report
            working = self.shown.running or self._worked_on == self.shown.folder
            hard = self.parts.show_comparison(self.shown, self._adapter, working=working)
            self.head.set_amounts(answers=len(report.results.comparison.answered()), hard=hard)

    @property
    def _may_write(self) -> bool:
        project = self._session.project
        return project is not None and not project.read_only

    def _show_may(self) -> None:
        """One comparison at a time, and none in a project that cannot be written."""
        may = self._may_write and not self.work.busy and self.bar.isHidden()
        for button in (self.head.new, self.head.remove):
            button.setEnabled(may)
        self.empty.button.setEnabled(may or not self._has_adapters)
