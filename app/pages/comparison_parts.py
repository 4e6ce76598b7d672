"""The parts of a comparison that is shown: verdict with evidence, answers, blind test, hard rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app import comparison_words as words
from app.pages.blind_view import BlindView
from app.session import Session
from app.widgets.answers_list import AnswersList
from app.widgets.comparison_head import ComparisonHead
from app.widgets.empty_state import EmptyState
from app.widgets.evidence_view import EvidenceView
from app.widgets.hard_rows_list import HardRowsList
from app.widgets.scrolled import scrolled

if TYPE_CHECKING:
    from app.pages.comparison_looks import Shown


class ComparisonParts(QStackedWidget):
    """One part at a time; all of them about one adapter of the comparison."""

    next_wanted = Signal(str)
    """(core.evaluation.verdict.Next): the user wants to do what the verdict advises."""
    rule_changed = Signal(str, str)
    """(kind, text): another style rule."""
    examples_wanted = Signal(list, str)
    """(numbers, words): show these examples in the table."""
    voted = Signal()
    """A vote was kept."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Shown | None = None
        self._adapter = ""
        self._stopped = False  # nobody works on what is missing
        self.evidence = EvidenceView()
        self.answers = AnswersList(words.ORDERS)
        self.blind = BlindView(session)
        self.hard = HardRowsList()
        self.no_hard = EmptyState("good", "", "")
        self._hard_faces = QStackedWidget()
        self._hard_faces.addWidget(scrolled(self.hard))
        self._hard_faces.addWidget(self.no_hard)
        for part in (scrolled(self.evidence), scrolled(self.answers), self.blind, self._hard_faces):
            self.addWidget(part)
        self.evidence.next_wanted.connect(self.next_wanted)
        self.evidence.rule_changed.connect(self.rule_changed)
        self.answers.order_changed.connect(lambda _: self._show_answers(fresh=True))
        self.answers.open_wanted.connect(lambda id: self.examples_wanted.emit([id], "Compared example"))
        self.hard.show_wanted.connect(self.examples_wanted)
        self.blind.voted.connect(self.voted)

    def show_part(self, part: str) -> None:
        """Show one of ``ComparisonHead.PARTS``."""
        self.setCurrentIndex(list(ComparisonHead.PARTS).index(part))
        self._show_answers()

    def clear(self) -> None:
        """There is no comparison."""
        self._shown, self._adapter = None, ""
        self.blind.show_report(None, "")

    def show_comparison(self, shown: Shown, adapter: str, *, working: bool) -> int:
        """Show a comparison from the view of one of its adapters; returns how many rows are hard.

        ``working`` says whether what is missing is being computed.
        """
        self._shown, self._adapter, self._stopped = shown, adapter, not (working or shown.complete)
        stopped = self._stopped
        report, so_far = shown.report, not shown.complete
        found = report.verdicts.get(adapter)
        self.evidence.show_verdict(
            words.without_adapter(report, stopped=stopped)
            if found is None
            else words.verdict(found, so_far=so_far, stopped=stopped)
        )
        self.evidence.show_purpose(shown.goal, shown.advice)
        self.evidence.show_scores(*words.scores(report.figures), note=words.against(report))
        self.evidence.show_forgetting(words.forgetting(report.figures))
        self.evidence.show_rule(shown.rule, report.style_problem)
        self._show_answers()
        self.blind.show_report(report, adapter)
        groups = words.hard_groups(report, adapter)
        self.hard.show_groups(groups)
        self.no_hard.set_words(*words.no_hard_rows(report, adapter, so_far=so_far))
        self._hard_faces.setCurrentIndex(0 if groups else 1)
        return sum(len(group.rows) for group in groups)

    def _show_answers(self, *, fresh: bool = False) -> None:
        """Those that nobody looks at are not drawn."""
        if self._shown is not None and self.currentIndex() == 1:
            order = str(self.answers.order.currentData())
            blocks = words.blocks(self._shown.report, self._adapter, order, stopped=self._stopped)
            self.answers.set_blocks(blocks, fresh=fresh)
