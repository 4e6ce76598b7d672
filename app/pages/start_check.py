"""What keeps a run from starting, shown with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app import format
from app.session import Session
from app.widgets.offenders_dialog import Cause, OffendersDialog
from app.widgets.toast import show_toast

if TYPE_CHECKING:
    from core.dataset.store import Change
    from core.project import Project
    from core.prompt.gate import Checked, Offender

_WORDS = "Cannot be trained"


class StartCheck(QObject):
    """Joins the dialog to the session and to the page of examples."""

    def __init__(
        self, session: Session, show_examples: Callable[[Sequence[int], str], object], window: QWidget
    ) -> None:
        """``show_examples(numbers, words)`` shows these in the table, under a chip with the words."""
        super().__init__(window)
        self._session, self._show_examples, self._window = session, show_examples, window
        self.dialog: OffendersDialog | None = None
        session.gate.refused.connect(self._show)

    def _show(self, found: Checked) -> None:
        if self.dialog is not None and isValid(self.dialog):
            self.dialog.close()
        project = self._session.project
        if project is None:
            return
        dialog = self.dialog = OffendersDialog(
            causes(found.offenders), len(found.flawed), can_write=not project.read_only, parent=self._window
        )
        dialog.destroyed.connect(self._on_gone)
        dialog.open_wanted.connect(lambda id: self._show_examples([id], f"Example {id}"))
        dialog.show_wanted.connect(lambda: self._show_examples(found.flawed, _WORDS))
        dialog.exclude_wanted.connect(lambda id: self._exclude(project, [id], self._on_excluded))
        dialog.exclude_all_wanted.connect(lambda: self._exclude(project, found.flawed, self._train))
        dialog.open()

    def _on_gone(self) -> None:
        if self.dialog is not None and not isValid(self.dialog):
            self.dialog = None

    def _exclude(self, project: Project, ids: Sequence[int], then: Callable[[Change], object]) -> None:
        from core.dataset.example import Status

        def over(change: Change) -> None:
            if project is self._session.project:
                self._session.apply(change, self)
                then(change)

        self._session.write(lambda: project.store.update_many(ids, status=Status.EXCLUDED), done=over)

    def _on_excluded(self, change: Change) -> None:
        words = f"{format.plural(len(change.changed), 'example')} excluded from training."
        show_toast(self._window, words, act="Undo", on_act=self._session.undo)

    def _train(self, change: Change) -> None:
        self._on_excluded(change)
        self._session.once_mended()


def causes(offenders: Sequence[Offender]) -> list[Cause]:
    """Offenders by what is wrong with them, the cause with the most first."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for one in offenders:
        found.setdefault((one.reason, one.hint), []).append((one.id, one.excerpt))
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [Cause(reason, hint, tuple(examples)) for (reason, hint), examples in ordered]
