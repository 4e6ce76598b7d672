"""What is wrong with the comparison that is shown, or that it is not finished, with a way to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app import format
from app.widgets.banner import Banner
from core.errors import UserError

if TYPE_CHECKING:
    from app.pages.comparison_looks import Shown


class ComparisonBanner(Banner):
    """A problem stays until it is closed; why the work ended, until the work goes on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered = False  # whether it offers to go on
        self._why: UserError | None = None  # what ended the work last

    def clear(self) -> None:
        """Have nothing to say."""
        self._offered, self._why = False, None
        super().clear()

    def say_problem(self, problem: UserError, *, ended: bool = False) -> None:
        """Show a problem; ``ended`` when the work cannot go on by itself because of it."""
        self._offered = False
        self._why = problem if ended else self._why
        self.show_problem(problem)

    def show_state(self, shown: Shown, *, working: bool, may_go_on: bool) -> None:
        """Offer to go on with what is not finished, and not worked on."""
        if working or shown.complete:
            if self._offered:
                self.clear()
            return
        self._offered = True
        why, act = self._why or shown.problem, "Go on" if may_go_on else ""
        if why is not None:
            self.show_problem(why, act=act)
        else:
            done = f"{format.count(shown.work.done)} of {format.count(shown.work.total)} steps are done and kept."
            self.say("This comparison is not finished.", done, tone="information", act=act)
