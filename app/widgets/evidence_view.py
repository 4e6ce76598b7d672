"""The verdict with all its evidence: scores, the style rule, the forgetting meter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.advice_card import link
from app.widgets.card import Card
from app.widgets.forgetting_meter import Forgetting, ForgettingMeter
from app.widgets.score_table import Column, ScoreRow, ScoreTable
from app.widgets.style_rule_field import StyleRuleField
from app.widgets.verdict_card import VerdictCard, VerdictWords
from core.errors import UserError

_FORGETTING = (
    "The loss on texts that have nothing to do with your examples. Where it rises a lot, the model has lost some of "
    "what it could before."
)


class EvidenceView(QWidget):
    """It is told the words and figures."""

    next_wanted = Signal(str)
    """(id of a thing to do next)"""
    purpose_wanted = Signal()
    """Show the questions on the project's purpose."""
    rule_changed = Signal(str, str)
    """(kind, text): the user confirmed another style rule."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.verdict = VerdictCard()
        self.verdict.next_wanted.connect(self.next_wanted)
        self.scores = ScoreTable()
        self._note = _secondary("")
        self.rule = StyleRuleField()
        self.rule.rule_changed.connect(self.rule_changed)
        self.meter = ForgettingMeter()
        scores = Card("Scores on the held-out examples")
        for widget in (self.scores, self._note, self.rule):
            scores.body.addWidget(widget)
        self._forgetting = Card("Forgetting")
        self._forgetting.body.addWidget(_secondary(_FORGETTING))
        self._forgetting.body.addWidget(self.meter)
        self._purpose = Card("What this is for")
        self.purpose = link("Purpose…")
        self.purpose.setToolTip("The questions on whether fine-tuning is right for this, and your answers")
        self.purpose.clicked.connect(self.purpose_wanted)
        self._purpose.add_act(self.purpose)
        self._goal, self._advice = _secondary(""), _secondary("")
        self._goal.setProperty("kind", "")
        for widget in (self._goal, self._advice):
            self._purpose.body.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.GAP)
        for card in (self.verdict, self._purpose, scores, self._forgetting):
            column.addWidget(card)
        column.addStretch(1)
        self.show_purpose("", "")

    def show_verdict(self, words: VerdictWords) -> None:
        """Say the verdict."""
        self.verdict.show_words(words)

    def show_purpose(self, goal: str, advice: str) -> None:
        """Say again what the project is for, and what was advised; nothing where nobody said."""
        self._goal.setText(goal)
        self._goal.setVisible(bool(goal))
        self._advice.setText(advice)
        self._purpose.setVisible(bool(goal or advice))

    def show_scores(self, columns: Sequence[Column], rows: Sequence[ScoreRow], *, note: str) -> None:
        """Show the figures; ``note`` says what stands under them."""
        self.scores.show_rows(columns, rows)
        self._note.setText(note)

    def show_forgetting(self, rows: Sequence[Forgetting]) -> None:
        """Show the meter, if anything was measured."""
        self.meter.show_rows(rows)
        self._forgetting.setVisible(bool(rows))

    def show_rule(self, rule: tuple[str, str], problem: UserError | None) -> None:
        """Show the style rule that was used; one that is being written is left alone."""
        if not self.rule.text.hasFocus():
            self.rule.set_rule(*rule)
        self.rule.set_problem("" if problem is None else f"{problem.title} {problem.reason}".strip())


def _secondary(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("kind", "secondary")
    label.setWordWrap(True)
    return label
