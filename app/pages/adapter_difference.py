"""Comparing two adapters' settings and examples, in a dialog over the Adapters page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app import format
from app.background_job import BackgroundJob
from app.latest import Latest
from app.session import Session
from app.widgets.adapter_difference import AdapterDifference
from core.comparing import CompareJob, Comparison, Progress, State
from core.errors import UserError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.adapter_details import AdapterDetails
    from core.library.entries import Adapter
    from core.library.lineage import Change
    from core.project import Project


class Difference(QObject):
    """Opens the dialog, and reads what it is to show."""

    examples_wanted = Signal(list, str)
    """(numbers, words): show these examples in the table."""

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self._key = self._title = ""
        self._differ: list[int] = []  # the numbers of the examples
        self.dialog: AdapterDifference | None = None
        self._reader = Latest(self._on_settings, failed=self._on_problem, parent=self)
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.failed.connect(self._on_problem)
        session.leaving.connect(self._close)

    def show(self, details: AdapterDetails, others: Mapping[str, str]) -> None:
        """Compare an adapter with another, the first of ``others`` (``{key: title}``) at first."""
        if self.dialog is not None or not others:
            return
        self._key, self._title = details.key, details.title
        dialog = self.dialog = AdapterDifference(details.title, others, self._page)
        dialog.wanted.connect(self._compare)
        dialog.examples_wanted.connect(self._show_examples)
        dialog.finished.connect(self._on_closed)
        dialog.open()
        self._compare(dialog.other.value)

    def _compare(self, other: str) -> None:
        project, dialog = self._session.project, self.dialog
        if project is None or dialog is None:
            return
        dialog.clear()
        self._job.stop()
        key = self._key
        self._reader.ask(lambda: _settings(project, key, other))

    def _on_settings(self, found: tuple[Adapter, Adapter, list[Change]]) -> None:
        one, other, changes = found
        project, dialog = self._session.project, self.dialog
        if project is None or dialog is None or other.key != dialog.other.value:
            return
        dialog.show_settings([(change.title, change.before, change.after) for change in changes])
        if one.run is None or other.run is None:
            dialog.show_examples("Nobody knows which examples an imported adapter was trained on.")
            return
        dialog.show_examples("Comparing the examples …")
        states = State("run", str(one.run.path)), State("run", str(other.run.path))
        self._job.start(lambda: CompareJob(project.path, *states))

    def _on_told(self, message: Progress | Comparison) -> None:
        if self.dialog is not None and isinstance(message, Comparison):
            self._differ = sorted({*message.changed_ids, *message.added_ids, *message.removed_ids})
            self.dialog.show_examples(example_words(message), some=bool(self._differ))

    def _show_examples(self) -> None:
        if self.dialog is not None:
            words = f"Examples that differ between {self._title} and {self.dialog.other.currentText()}"
            self.dialog.accept()
            self.examples_wanted.emit(self._differ, words)

    def _on_problem(self, error: UserError) -> None:
        if self.dialog is not None:
            self.dialog.show_examples("")
            self.dialog.banner.show_problem(error)

    def _on_closed(self) -> None:
        self.dialog = None
        self._reader.forget()
        self._job.stop()

    def _close(self) -> None:
        if self.dialog is not None:
            self.dialog.reject()


def example_words(found: Comparison) -> str:
    """What differs between the examples of two runs, in a sentence."""
    if not found.any:
        return "Both were given the same examples."
    counts = {"only in the other": found.added_ids, "only in this one": found.removed_ids, "changed": found.changed_ids}
    parts = [f"{format.count(len(ids))} {words}" for words, ids in counts.items() if ids]
    return f"Examples: {', '.join(parts)}, {format.count(found.same)} the same."


def _settings(project: Project, key: str, other: str) -> tuple[Adapter, Adapter, list[Change]]:
    from core.library import entries, lineage

    one, two = entries.find(project, key), entries.find(project, other)
    return one, two, lineage.settings_between(one, two)
