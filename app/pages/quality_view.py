"""What is wrong with the examples, or may be: findings by rule, each with a way to its examples and, if safe, a fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app import example_words, finding_words, format
from app.latest import Latest
from app.lookout import Lookout
from app.session import Session
from app.theme import SPACE
from app.widgets.banner import Banner
from app.widgets.counting_bar import CountingBar
from app.widgets.empty_state import EmptyState
from app.widgets.finding_group import FindingGroup
from app.widgets.toast import show_toast
from core.errors import UserError

if TYPE_CHECKING:
    from core.dataset.change import Change
    from core.dataset.example import Example
    from core.dataset.review import Finding, Group, Progress, Report, ReviewJob
    from core.project import Project

_WIDEST = 1160
_ORDER = ("error", "warning", "hint")
_PURPOSE = (
    "As soon as there are examples, this looks for what spoils a training: duplicates, cut answers, "
    "placeholders, personal data, broken letters and more."
)


class QualityView(QWidget):
    """Looks again while it is in sight whenever examples or settings have changed."""

    show_wanted = Signal(object, str)
    """(ids, words): show these examples in the table, and what they are."""
    counted = Signal(int)
    """So many examples need a look."""
    reported = Signal(object)
    """(Report): the newest; None when there is none any more."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.report: Report | None = None
        self._review: Report | None = None
        self.groups: dict[str, FindingGroup] = {}
        self._found: dict[str, Group] = {}
        self._texts: dict[int, Example] = {}
        self._reading = Latest(self._on_read, failed=lambda _error: None, parent=self)
        self._merging = Latest(self._show_merged, failed=lambda _error: None, parent=self)
        self._build()
        self.lookout = Lookout(self, session, self._job_for)
        self.lookout.begun.connect(self._on_begun)
        self.lookout.told.connect(self._on_told)
        self.lookout.ended.connect(self.progress.stop)
        self.lookout.failed.connect(self._on_failed)
        self.lookout.forgotten.connect(self._forget)
        session.recipe_changed.connect(self.lookout.look_again)
        session.gate.checked.connect(self._show_report)

    def _build(self) -> None:
        self.summary = QLabel()
        self.summary.setProperty("kind", "heading")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.restore = QPushButton()
        self.restore.setProperty("kind", "link")
        self.restore.setCursor(Qt.CursorShape.PointingHandCursor)
        self.restore.clicked.connect(self._restore)
        self.progress = CountingBar()
        self.banner = Banner()
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        inside.setMaximumWidth(_WIDEST)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.GAP)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(inside)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clean = EmptyState("good", "", "")
        self.empty = EmptyState("good", "Nothing to look at yet", _PURPOSE)
        self._stack = QStackedWidget()
        for face in (QWidget(), self._area, self.clean, self.empty):
            self._stack.addWidget(face)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.setSpacing(SPACE.UNIT)
        head = QHBoxLayout()
        head.setSpacing(SPACE.GAP)
        head.addWidget(self.summary, 1)
        head.addWidget(self.restore)
        around.addLayout(head)
        for widget in (self.progress, self.banner):
            around.addWidget(widget)
        around.addWidget(self._stack, 1)
        self.summary.hide()
        self.restore.hide()

    # --- Looking ----------------------------------------------------------------------------------------------------

    def _job_for(self, project: Project) -> Callable[[], ReviewJob]:
        folder = project.path

        def make() -> ReviewJob:
            from core.dataset.review import ReviewJob

            return ReviewJob(folder)

        return make

    def _on_begun(self) -> None:
        self.banner.clear()
        self.progress.begin("Looking at the examples")

    def _on_told(self, message: Progress | Report) -> None:
        if not hasattr(message, "groups"):
            self.progress.tell("Looking at the examples", message.done, message.total)
            return
        self._review, self.report = message, None
        if message.problem:
            self.banner.say("Not everything could be looked at.", message.problem, tone="warn")
        self._show_report()
        if self.isVisible():
            self._session.look_at_examples()

    def _show_report(self, *_: object) -> None:
        """What the review found, and what the check before a run did, as far as they are known."""
        report, checked = self._review, self._session.gate.latest
        if report is None:
            return
        if checked is not None and checked.flawed:
            from core.prompt.gate import with_offenders

            self._merging.ask(lambda: with_offenders(report, checked))
        else:
            self._merging.forget()
            self._show_merged(report)

    def _show_merged(self, report: Report) -> None:
        if report != self.report:
            self.report = report
            self._present(report)
            self.counted.emit(report.flagged)
            self.reported.emit(report)

    def _on_failed(self, error: UserError) -> None:
        self.progress.stop()
        self.banner.show_problem(error)

    def _forget(self) -> None:
        self.progress.stop()
        self.banner.clear()
        self.summary.hide()
        self.restore.hide()
        self._stack.setCurrentIndex(0)
        self._texts.clear()
        self._show_groups(())
        self._review = None
        self._merging.forget()
        if self.report is not None:
            self.report = None
            self.counted.emit(0)
            self.reported.emit(None)

    # --- What was found ---------------------------------------------------------------------------------------------

    def _present(self, report: Report) -> None:
        self.summary.setText(finding_words.summary(report))
        self.summary.setVisible(report.examples > 0)
        self.restore.setText(f"Report {format.plural(report.ignored, 'ignored finding')} again")
        self.restore.setVisible(report.ignored > 0 and self._writable)
        self._texts.clear()
        self._show_groups(report.groups)
        if report.groups:
            self._stack.setCurrentWidget(self._area)
            self._read()
        else:
            self.clean.set_words(*finding_words.nothing(report))
            self._stack.setCurrentWidget(self.clean if report.examples else self.empty)

    def _show_groups(self, groups: tuple[Group, ...]) -> None:
        """Have a card for each, worst first; those that stay keep what was opened in them."""
        ordered = sorted(groups, key=lambda group: (_ORDER.index(group.rule.severity), -len(group.examples)))
        self._found = {group.rule.id: group for group in ordered}
        for id in [id for id in self.groups if id not in self._found]:
            card = self.groups.pop(id)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for place, group in enumerate(ordered):
            card = self.groups.get(group.rule.id) or self._add_group(group)
            self._column.removeWidget(card)
            self._column.insertWidget(place, card)
            card.set_busy(False)
            self._fill(group.rule.id)

    def _add_group(self, group: Group) -> FindingGroup:
        rule = group.rule
        card = self.groups[rule.id] = FindingGroup(
            rule.title, rule.explanation, rule.severity, rule.fix, can_ignore=rule.can_ignore
        )
        card.show_wanted.connect(lambda: self._show_group(rule.id))
        card.finding_wanted.connect(lambda index: self._show_finding(rule.id, index))
        card.fix_wanted.connect(lambda: self._fix(rule.id))
        card.ignore_wanted.connect(lambda index: self._ignore(rule.id, index))
        card.more_wanted.connect(lambda _shown: self._read())
        return card

    def _fill(self, id: str) -> None:
        card, group = self.groups[id], self._found[id]
        words = [finding_words.words_of(finding, self._texts) for finding in group.findings[: card.shown]]
        findings, examples = len(group.findings), len(group.examples)
        card.show_rows(words, findings=findings, examples=examples, writable=self._writable)

    def _read(self) -> None:
        """Have the texts of the rows in sight read."""
        project = self._session.project
        if project is None:
            return
        store = project.store
        shown = [
            id
            for rule, group in self._found.items()
            for finding in group.findings[: self.groups[rule].shown]
            for id in finding.examples[:1]
        ]
        missing = [id for id in dict.fromkeys(shown) if id not in self._texts]
        self._reading.ask(lambda: store.rows(missing))

    def _on_read(self, examples: list[Example]) -> None:
        self._texts.update({example.id: example for example in examples})
        for id in self.groups:
            self._fill(id)

    # --- What the user does -----------------------------------------------------------------------------------------

    @property
    def _writable(self) -> bool:
        project = self._session.project
        return project is not None and not project.read_only

    def _show_group(self, id: str) -> None:
        group = self._found[id]
        self.show_wanted.emit(group.examples, f"{group.rule.title}: {format.plural(len(group.examples), 'example')}")

    def _show_finding(self, id: str, index: int) -> None:
        ids = self._found[id].findings[index].examples
        self.show_wanted.emit(ids, f"{self._found[id].rule.title}: example {finding_words.number(ids)}")

    def _fix(self, id: str) -> None:
        project, group = self._session.project, self._found[id]
        if project is None or not self._writable:
            return
        from core.dataset import review

        store = project.store
        self.groups[id].set_busy(True)
        self._session.hand_over.emit()
        self._session.write(
            lambda: review.fix(store, group),
            done=self._fixed,
            failed=lambda error: self._not_fixed(id, error),
        )

    def _fixed(self, change: Change) -> None:
        self._session.apply(change, self)
        if change.label:
            show_toast(self, example_words.done(change.label), act="Undo", on_act=self._session.undo)
        self.lookout.look_again()

    def _not_fixed(self, id: str, error: UserError) -> None:
        if id in self.groups:
            self.groups[id].set_busy(False)
        self.banner.show_problem(error)

    def _ignore(self, id: str, index: int) -> None:
        project, group = self._session.project, self._found[id]
        if project is None or not self._writable:
            return
        from core.dataset import review

        findings: tuple[Finding, ...] = group.findings if index < 0 else (group.findings[index],)
        folder, store = project.path, project.store
        self._session.write(
            lambda: review.ignore(folder, store, findings),
            done=lambda keys: self._ignored(project, len(findings), keys),
        )

    def _ignored(self, project: Project, count: int, keys: set[str]) -> None:
        words = f"Ignored {format.plural(count, 'finding')}."
        show_toast(self, words, act="Undo", on_act=lambda: self._report_again(project, keys))
        self.lookout.look_again()

    def _report_again(self, project: Project, keys: set[str]) -> None:
        if project is not self._session.project:
            return  # another one was opened meanwhile
        from core.dataset import review

        self._session.write(lambda: review.restore_ignored(project.path, keys), done=self.lookout.look_again)

    def _restore(self) -> None:
        project = self._session.project
        if project is None or not self._writable:
            return
        from core.dataset import review

        folder = project.path
        self._session.write(lambda: review.restore_ignored(folder), done=self.lookout.look_again)
