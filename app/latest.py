"""Questions answered off the drawing thread, where only the newest answer counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from app import tasks
from core.errors import UserError


class Latest(QObject):
    """Asks one question at a time; of those that come meanwhile only the newest is kept, and older answers are dropped.

    So a person who types fast into a search field starts two searches, not twenty, and never sees an old result after
    a newer one.
    """

    def __init__(
        self,
        answered: Callable[[Any], object],
        *,
        failed: Callable[[UserError], object] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """``answered`` and ``failed`` are called on the drawing thread."""
        super().__init__(parent)
        self._answered = answered
        self._failed = failed
        self._waiting: Callable[[], Any] | None = None
        self._task: tasks.Task | None = None
        self._wanted = False  # whether anybody still wants the answer under way

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._wanted or self._waiting is not None

    def ask(self, question: Callable[[], Any]) -> None:
        """Have ``question`` answered in a pool thread; an answer still under way is no longer wanted."""
        self._wanted = False
        self._waiting = question
        if self._task is None:
            self._start()

    def forget(self) -> None:
        """Want no answer any more."""
        self._wanted = False
        self._waiting = None

    def _start(self) -> None:
        question, self._waiting = self._waiting, None
        if question is not None:
            self._wanted = True
            self._task = tasks.run(question, done=self._done, failed=self._fail)

    def _done(self, answer: Any) -> None:
        wanted, self._wanted, self._task = self._wanted, False, None
        self._start()
        if wanted:
            self._answered(answer)

    def _fail(self, problem: UserError) -> None:
        wanted, self._wanted, self._task = self._wanted, False, None
        self._start()
        if wanted and self._failed is not None:
            self._failed(problem)
