"""Named versions of all examples: saved, compared with each other, with today and with what a run was trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QWidget

from app import compare_words, format
from app.background_job import BackgroundJob
from app.latest import Latest
from app.pages.version_verbs import VersionVerbs
from app.session import Session
from app.widgets.diff_list import AT_ONCE
from app.widgets.empty_state import EmptyState
from app.widgets.state_compare import KINDS, Counts, StateCompare
from app.widgets.version_list import VersionList, VersionWords
from core.comparing import SHOWN, CompareJob, Comparison, Progress, State
from core.dataset.versions import Version, Versions
from core.errors import UserError

if TYPE_CHECKING:
    from app.widgets.word_diff import DiffSection
    from core.project import Project

TODAY = "today"
_PURPOSE = (
    "A version keeps all examples as they are now under a name of yours. Later you can see what has changed since, "
    "and go back. Save one before you clean up, or before you try something."
)


@dataclass(frozen=True)
class _States:
    """What can be compared."""

    versions: dict[str, Version] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


class VersionsView(QWidget):
    """Reads versions and runs when it comes into sight.

    Signals: ``show_wanted(ids, words)``: show these examples in the table.
    """

    show_wanted = Signal(object, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._states = _States()
        self._comparison: Comparison | None = None
        self._pair = ("", "")
        self._new = ""  # the version that was saved last, until it is in the list
        self._shown = AT_ONCE
        self._reader = Latest(self._on_read, failed=self._on_problem, parent=self)
        self._drawing = Latest(self._on_sections, failed=self._on_problem, parent=self)
        self._job = BackgroundJob(self)
        self._job.told.connect(self._on_told)
        self._job.failed.connect(self._on_not_compared)
        self.verbs = VersionVerbs(session, self)
        self.versions = VersionList()
        self.compare = StateCompare()
        self.empty = EmptyState("history", "No versions yet", _PURPOSE, "Save the first version…")
        self._build()
        self._join()

    def _build(self) -> None:
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.versions)
        self._splitter.addWidget(self.compare)
        self._splitter.setSizes([340, 700])
        self._splitter.setStretchFactor(1, 1)
        self.versions.setMinimumWidth(300)
        self.compare.setMinimumWidth(400)
        self._stack = QStackedWidget()
        for face in (QWidget(), self.empty, self._splitter):
            self._stack.addWidget(face)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._stack)

    def _join(self) -> None:
        verbs = self.verbs
        verbs.saved.connect(self._on_saved)
        verbs.changed.connect(self.read)
        verbs.failed.connect(self._on_problem)
        verbs.saving.connect(self.versions.set_saving)
        self.empty.acted.connect(verbs.ask_and_save)
        self.versions.save_wanted.connect(verbs.save)
        self.versions.chosen.connect(self._choose)
        self.versions.restore_wanted.connect(lambda key: verbs.restore(self._states.versions[key]))
        self.versions.rename_wanted.connect(lambda key: verbs.ask_name(self._states.versions[key]))
        self.versions.delete_wanted.connect(lambda key: verbs.delete(self._states.versions[key]))
        self.compare.wanted.connect(self._compare)
        self.compare.kind_chosen.connect(lambda _kind: self._show(more=False))
        self.compare.more_wanted.connect(lambda: self._show(more=True))
        self.compare.table_wanted.connect(self._show_in_table)
        self._session.project_changed.connect(self._forget)
        self._session.runs_changed.connect(self._on_changed)
        self._session.examples_changed.connect(self._on_changed)

    # --- What there is ----------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether something is read or compared."""
        return self._reader.busy or self._job.busy or self._drawing.busy

    def showEvent(self, event: QShowEvent) -> None:
        """Read what there is now."""
        super().showEvent(event)
        self.read()

    def read(self) -> None:
        """Read versions and runs again."""
        project = self._session.project
        if project is not None:
            self._reader.ask(lambda: _read(project))

    def _on_changed(self, *_: object) -> None:
        if self.isVisible():
            self.read()

    def _forget(self) -> None:
        self._job.stop()
        self._reader.forget()
        self._drawing.forget()
        self._states, self._comparison, self._pair, self._new = _States(), None, ("", ""), ""
        self.compare.clear()
        self.versions.set_versions(())
        self._stack.setCurrentIndex(0)
        self._on_changed()

    def _on_read(self, states: _States) -> None:
        self._states = states
        self.versions.banner.clear()
        writable = self.verbs.project() is not None
        self.versions.set_writable(writable)
        self.empty.button.setVisible(writable)
        words = [VersionWords(key, one.name, one.at, one.count) for key, one in states.versions.items()]
        self.versions.set_versions(words)
        names = self._names()
        old, new = self.compare.pair if self._pair != ("", "") else ("", "")
        if self._new in states.versions:
            old, new, self._new = self._new, TODAY, ""
        if old not in names:
            old = next(iter([*states.versions, *states.runs]), "")
        self.compare.set_states(names, old, new if new in names else TODAY)
        something = bool(states.versions or states.runs)
        self._stack.setCurrentWidget(self._splitter if something else self.empty)
        if something:
            self._compare()

    def _names(self) -> dict[str, str]:
        names = {TODAY: "Today"}
        names |= {key: f"{one.name} ({format.ago(one.at)})" for key, one in self._states.versions.items()}
        return names | {key: f"{title} (its data)" for key, title in self._states.runs.items()}

    def _on_saved(self, key: str) -> None:
        self._new = key

    def _on_problem(self, error: UserError) -> None:
        self._stack.setCurrentWidget(self._splitter)
        self.versions.banner.show_problem(error)

    # --- Comparing --------------------------------------------------------------------------------------------------

    def _choose(self, key: str) -> None:
        """Compare the chosen version with today."""
        if key:
            self.compare.set_states(self._names(), key, TODAY)
            self._compare()

    def _compare(self) -> None:
        project, (old, new) = self._session.project, self.compare.pair
        if project is None or not old or not new:
            return
        if (old, new) != self._pair:
            self.compare.clear()
            self._comparison, self._shown = None, AT_ONCE
        self._pair = (old, new)
        self.versions.choose(old)
        self._session.hand_over.emit()
        self._session.write(lambda: None, done=lambda _: self._start(project, old, new))

    def _start(self, project: Project, old: str, new: str) -> None:
        """Begin when what was typed last is on disk."""
        if project is self._session.project and (old, new) == self._pair:
            folder, states = project.path, (self._state(old), self._state(new))
            self.compare.progress.begin("Comparing")
            self._job.start(lambda: CompareJob(folder, *states))

    def _state(self, key: str) -> State:
        if key == TODAY:
            return State()
        return State("version" if key in self._states.versions else "run", key)

    def _on_told(self, message: Progress | Comparison) -> None:
        if isinstance(message, Progress):
            self.compare.progress.tell("Comparing", message.done, 0, amount=format.plural(message.done, "example"))
            return
        self._comparison = message
        changed, added, removed = (len(self._ids(kind)) for kind in KINDS)
        self.compare.show_counts(Counts(changed, added, removed, message.same))
        self._show(more=False)

    def _on_not_compared(self, error: UserError) -> None:
        self._comparison = None
        self.compare.clear()
        self.compare.banner.show_problem(error)

    def _show(self, *, more: bool) -> None:
        found, kind = self._comparison, self.compare.kind.value
        if found is None or not found.any:
            return
        self._shown = self._shown + AT_ONCE if more else AT_ONCE
        shown = self._shown
        self._drawing.ask(lambda: (found, kind, compare_words.sections(found, kind, shown), more))

    def _on_sections(self, answer: tuple[Comparison, str, list[DiffSection], bool]) -> None:
        found, kind, sections, stay = answer
        if found is not self._comparison:
            return
        total = min(len(self._ids(kind)), SHOWN)
        in_table = (self._pair[1] if kind != "removed" else self._pair[0]) == TODAY
        self.compare.show_sections(sections, shown=min(self._shown, total), total=total, stay=stay, in_table=in_table)

    def _ids(self, kind: str) -> tuple[int, ...]:
        found = self._comparison
        if found is None:
            return ()
        return {"changed": found.changed_ids, "added": found.added_ids, "removed": found.removed_ids}[kind]

    def _show_in_table(self) -> None:
        kind = self.compare.kind.value
        ids = self._ids(kind)
        other = self.compare.old if kind != "removed" else self.compare.new
        name = other.currentText().rpartition(" (")[0] or other.currentText()
        since = "added since" if kind == "added" else "changed since" if kind == "changed" else "not in"
        self.show_wanted.emit(ids, f"{format.count(len(ids))} {since} {name}")


def _read(project: Project) -> _States:
    from core.runs import notes

    versions = {str(version.path): version for version in Versions(project.path).all()}
    titles = {str(run.path): notes.title(run, notes.read(run)) for run in reversed(project.runs())}
    return _States(versions, titles)
