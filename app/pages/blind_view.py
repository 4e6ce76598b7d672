"""The blind test of a comparison: ten pairs at a time, each vote kept at once, names at the end of each ten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import format
from app.session import Session
from app.widgets.blind_test import TIE, BallotWords, BlindTest
from app.widgets.save_place import ask_where_to_save
from app.widgets.toast import show_toast
from core.evaluation.votes import Ballot, Vote

if TYPE_CHECKING:
    from core.dataset.example import Example
    from core.evaluation.report import Report

ROUND = 10
_ABOUT = (
    "You see two answers to the same question, without names and in random order, and say which one is better. "
    "After ten pairs you learn who was who, and your votes count for the verdict."
)


class BlindView(QWidget):
    """Joins the widget to the votes of the comparison that is shown."""

    voted = Signal()
    """A vote was kept."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.test = BlindTest()
        self._report: Report | None = None
        self._adapter = self._rival = ""
        self._ballots: list[Ballot] = []
        self._votes: dict[int, Vote] = {}
        self._examples: dict[int, Example] = {}
        self._at = 0  # the ballot that is shown, or would be
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.test)
        self.test.start_wanted.connect(self.start)
        self.test.chosen.connect(self.vote)
        self.test.back_wanted.connect(self._back)
        self.test.leave_wanted.connect(self._leave)
        self.test.more_wanted.connect(self._more)
        self.test.export_wanted.connect(self._export)
        self._leave()

    def show_report(self, report: Report | None, adapter: str) -> None:
        """Show the votes of an adapter of a comparison, once it is done; a ballot under way stays on the screen."""
        before = self._report, self._adapter, self._rival
        self._report, self._adapter = report, adapter
        self._rival = "" if report is None else report.rival
        same = before[0] is not None and report is not None and before[0].results.folder == report.results.folder
        if same and before[1:] == (self._adapter, self._rival) and self._ballots:
            return
        self._ballots, self._votes, self._examples = [], {}, {}
        if report is not None and adapter and report.results.work().is_complete:
            self._begin(report)
        self._leave()

    def _begin(self, report: Report) -> None:
        from core.evaluation.votes import ballots

        answers, pair = report.results.answers, (self._adapter, self._rival)
        self._examples = {case.id: case.example() for case in report.results.comparison.answered()}
        texts = {
            id: (answers[id, pair[0]].text, answers[id, pair[1]].text)
            for id in self._examples
            if all((id, key) in answers for key in pair)
        }
        self._votes = {vote.example: vote for vote in report.votes if {vote.left, vote.right} == set(pair)}
        self._ballots = ballots(texts, first=pair[0], second=pair[1], seed=report.results.folder.name)
        self._ballots.sort(key=lambda ballot: ballot.example not in self._votes)

    # What the user does

    def start(self) -> None:
        """Show the first pair that was not voted on."""
        open_ = [place for place, ballot in enumerate(self._ballots) if ballot.example not in self._votes]
        if open_:
            self._at = open_[0]
            self._show_ballot()

    def vote(self, choice: str) -> None:
        """Take a vote and go on to the next pair; at the end of ten, tell who was who."""
        from core.evaluation import votes

        if self._report is None or self.test.face != "ballot" or not self._may_vote:
            return
        ballot, path = self._ballots[self._at], self._report.results.folder.votes_file
        self._votes[ballot.example] = Vote(example=ballot.example, left=ballot.left, right=ballot.right, choice=choice)
        self._session.write(
            lambda: votes.cast(path, ballot, choice),
            done=lambda _: self.voted.emit(),
            failed=lambda error: self._on_lost(ballot, error),
        )
        self._at += 1
        if self._at % ROUND == 0 or self._at == len(self._ballots):
            self._show_result()
        else:
            self._show_ballot()

    def _back(self) -> None:
        if self._at > 0 and self._ballots:
            self._at -= 1
            self._show_ballot()

    def _more(self) -> None:
        self.start()

    def _leave(self) -> None:
        """Say what this is, how far it is, or why there is nothing to vote on."""
        open_ = len(self._ballots) - len(self._votes)
        if not self._may_vote:
            self.test.show_offer("Which answers do you prefer?", "This project is open read-only.", "")
        elif self._report is not None and not self._report.results.work().is_complete:
            self.test.show_offer("Not yet", "The blind test begins when all answers are there.", "")
        elif not self._ballots:
            self.test.show_offer(
                "Nothing to vote on",
                "The blind test needs answers of an adapter, and of what it has to beat, that differ.",
                "",
            )
        elif self._votes and (open_ <= 0 or len(self._votes) % ROUND == 0):
            self._at = len(self._votes)
            self._show_result()
        else:
            voted = f"You have voted on {format.plural(len(self._votes), 'pair')}. " if self._votes else ""
            act = "Go on with the blind test" if self._votes else "Start the blind test"
            self.test.show_offer("Which answers do you prefer?", voted + _ABOUT, act)

    def _on_lost(self, ballot: Ballot, error: object) -> None:
        self._votes.pop(ballot.example, None)
        self._session.problem.emit(error)

    @property
    def _may_vote(self) -> bool:
        project = self._session.project
        return project is not None and not project.read_only

    # What is shown

    def _show_ballot(self) -> None:
        assert self._report is not None
        ballot = self._ballots[self._at]
        first = self._at - self._at % ROUND
        vote = self._votes.get(ballot.example)
        answers = self._report.results.answers
        chosen = ""
        if vote is not None:  # it may have been cast with the sides the other way round
            chosen = TIE if vote.winner is None else "left" if vote.winner == ballot.left else "right"
        example = self._examples[ballot.example]
        self.test.show_ballot(
            BallotWords(
                self._at - first + 1,
                min(ROUND, len(self._ballots) - first),
                example.prompt,
                answers[ballot.example, ballot.left].text.strip(),
                answers[ballot.example, ballot.right].text.strip(),
                example.output,
                chosen,
            )
        )

    def _show_result(self) -> None:
        from core.evaluation.votes import tally

        assert self._report is not None
        comparison = self._report.results.comparison
        found = tally(self._votes.values(), first=self._adapter, second=self._rival)
        ours, theirs = comparison.system(self._adapter).title, comparison.system(self._rival).title
        lines = [
            f"{ours}: better in {format.count(found.wins)}",
            f"{theirs}: better in {format.count(found.losses)}",
            f"Equally good: {format.count(found.ties)}",
            "",
        ]
        if found.is_decisive:
            lines.append("Votes as uneven as these are hardly chance. They decide the verdict.")
        else:
            lines.append("That may still be chance: more votes would tell.")
        left = len(self._ballots) - len(self._votes)
        more = f"Vote on {format.count(min(ROUND, left))} more" if left > 0 else ""
        self.test.show_result(
            f"You voted on {format.plural(found.voted, 'pair')}", lines, more=more, can_export=found.voted > found.ties
        )

    # Taking the votes away

    def _export(self) -> None:
        project, report = self._session.project, self._report
        if project is None or report is None:
            return
        proposed = project.path / "exports" / f"preferences-{report.results.folder.name}.jsonl"
        path = ask_where_to_save(self, "Export the votes", _near(proposed), "JSON lines (*.jsonl)", ending=".jsonl")
        if path is not None:
            self.export_to(path)

    def export_to(self, path: Path) -> None:
        """Write the votes of this comparison as preference pairs."""
        from core.evaluation import votes

        assert self._report is not None
        results = self._report.results
        examples = self._examples
        answers = {key: row.text.strip() for key, row in results.answers.items()}

        def write() -> int:
            pairs = votes.preference_pairs(votes.read(results.folder.votes_file), examples, answers)
            votes.write_pairs(path, pairs)
            return len(pairs)

        def told(amount: int) -> None:
            show_toast(self, f"{format.plural(amount, 'preference pair')} written to {format.place(path)}.")

        self._session.write(write, done=told)  # after the newest vote


def _near(path: Path) -> Path:
    """Where the dialog begins: the folder of exports, or the project's while there is none."""
    return path if path.parent.is_dir() else path.parent.parent / path.name
