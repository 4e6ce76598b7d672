"""What can be done with the examples of the Examples page: each a verb of the user, one undo step each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app import example_words, format, theme
from app.pages.example_desk import ExampleDesk
from app.pages.example_replace import ExampleReplace
from app.session import Session
from app.widgets.example_browser import ExampleBrowser
from app.widgets.tags_dialog import TagsDialog
from app.widgets.toast import Toast, show_toast
from core.dataset.example import Split, Status
from core.dataset.store import Change, ExampleStore
from core.dataset.tagging import change_tags, tags_of


class ExampleVerbs(QObject):
    """Writes to the store of the open project and announces the change in the name of the desk's page."""

    def __init__(self, session: Session, desk: ExampleDesk, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._desk, self._page = session, desk, page
        self._browser: ExampleBrowser = desk.browser
        self._undo_toast: Toast | None = None
        self._replace: ExampleReplace | None = None
        self.known_tags: Sequence[str] = ()

    # --- Verbs ------------------------------------------------------------------------------------------------------

    def find(self) -> None:
        """Go to the search field."""
        self._browser.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._browser.search.selectAll()

    def duplicate(self) -> None:
        """Duplicate the selected examples, or the one in the form."""
        self.duplicate_these(self._browser.list.chosen_ids() or self.shown())

    def delete(self) -> None:
        """Delete the selected examples; a toast offers to take it back."""
        self.delete_these(self._browser.list.chosen_ids() or self.shown())

    def mark(self, status: Status) -> None:
        """Give the selected examples a status."""
        ids = self._browser.list.chosen_ids()
        if ids:
            self._write(ids, lambda store: store.update_many(ids, status=status), self._changed)

    def assign(self, split: Split) -> None:
        """Put the selected examples on a side of the split, or leave that to the app."""
        ids = self._browser.list.chosen_ids()
        if ids:
            self._write(ids, lambda store: store.update_many(ids, split=split), self._changed)

    def change_tags(self) -> TagsDialog | None:
        """Ask which tags to add to the selected examples and which to take away."""
        store, ids = self._store(), self._browser.list.chosen_ids() or self.stored()
        if store is None or not ids:
            return None
        self._desk.autosave.flush()
        dialog = TagsDialog(len(ids), self.known_tags, self._page)
        dialog.wanted.connect(lambda add, remove: self._retag(ids, add, remove))
        self._session.write(lambda: tags_of(store, ids), done=dialog.set_present)
        dialog.open()
        dialog.add.setFocus()
        return dialog

    def _retag(self, ids: list[int], add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        self._write(ids, lambda store: change_tags(store, ids, add=add, remove=remove), self._changed)

    def find_and_replace(self) -> ExampleReplace | None:
        """Ask what to replace in the texts of many examples, and show every change before it is made."""
        store = self._store()
        if store is None or (self._replace is not None and isValid(self._replace.dialog)):
            return self._replace
        self._desk.autosave.flush()
        self._replace = ExampleReplace(self._session, store, self._desk.table, self._browser, self._page)
        self._replace.replaced.connect(self._replaced)
        return self._replace

    def _replaced(self, change: Change) -> None:
        self._apply(change)
        nothing = "Nothing was replaced: it is as it should be already."
        self.offer_undo(example_words.done(change.label) if change.label else nothing)

    def stored(self) -> list[int]:
        """The example in the form, if it is in the store."""
        return [id for id in self.shown() if id > 0]

    def shown(self) -> list[int]:
        """The example in the form, if there is one."""
        return [] if self._desk.shown is None else [self._desk.shown]

    def duplicate_these(self, ids: list[int]) -> None:
        """Add copies of stored examples and go to the first."""
        stored = [id for id in ids if id > 0]
        if stored:
            self._write(stored, lambda store: store.duplicate(stored), self._duplicated)

    def delete_these(self, ids: list[int]) -> None:
        """Delete examples; a new one that is not stored yet is taken off the desk."""
        if not ids or self._store() is None:
            return
        if self._desk.is_new and ids == self.shown():
            self._desk.discard_new()
            return
        self._write(ids, lambda store: store.delete(ids), self._deleted)

    # --- Afterwards -------------------------------------------------------------------------------------------------

    def _duplicated(self, change: Change) -> None:
        if change.added:
            self._desk.go_when_listed(change.added[0])
        self._apply(change)

    def _deleted(self, change: Change) -> None:
        self._apply(change)
        self.offer_undo(f"Deleted {format.plural(len(change.removed), 'example')}.")

    def _changed(self, change: Change) -> None:
        self._apply(change)
        if len(change.changed) > 1:
            self.offer_undo(example_words.done(change.label))

    def _apply(self, change: Change) -> None:
        self._session.apply(change, self._page)

    def offer_undo(self, words: str) -> None:
        """Say what was done, with a button that takes it back."""
        self._undo_toast = show_toast(self._page, words, act="Undo", on_act=self._session.undo)

    def forget_undo(self) -> None:
        """Something else was done: the offered undo would take back that."""
        if self._undo_toast is not None and isValid(self._undo_toast):
            self._undo_toast.close()
        self._undo_toast = None

    def _store(self) -> ExampleStore | None:
        """The store, if it can be written."""
        project = self._session.project
        return None if project is None or project.read_only else project.store

    def _write(self, ids: Sequence[int], act: Callable[[ExampleStore], Any], done: Callable[[Any], object]) -> None:
        """Do it in the thread that writes; where that takes a moment, the list says so."""
        store = self._store()
        if store is None:
            return
        self._desk.autosave.flush()
        self._browser.set_busy(f"Working on {format.plural(len(ids), 'example')}")
        self._session.write(
            lambda: act(store),
            done=lambda change: self._over(done, change),
            failed=lambda error: self._over(self._session.problem.emit, error),
        )

    def _over(self, then: Callable[[Any], object], result: object) -> None:
        if isValid(self):  # the window may have been closed meanwhile
            self._browser.set_busy("")
            then(result)

    # --- Where they are named ---------------------------------------------------------------------------------------

    def actions(self) -> list[QAction]:
        """Those of the list, for the palette and the list of shortcuts."""
        desk = self._desk
        verbs: tuple[tuple[str, str, str, Callable[[], object]], ...] = (
            ("Save and go to the next example", "check", "Ctrl+Return Ctrl+Enter", desk.save_and_next),
            ("Previous example", "chevron-left", "Alt+Up Ctrl+PgUp", desk.previous),
            ("Next example", "chevron-right", "Alt+Down Ctrl+PgDown", desk.next),
            ("Find and replace…", "edit", "Ctrl+H", self.find_and_replace),
            ("Change tags of the selected examples…", "tag", "", self.change_tags),
            ("Duplicate the selected examples", "duplicate", "Ctrl+D", self.duplicate),
        )
        made = [make_action(self, *verb) for verb in verbs]
        delete = make_action(self, "Delete the selected examples", "delete", "", self.delete)
        delete.setShortcut(QKeySequence.StandardKey.Delete)
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # the key is the table's; here it is only named
        return [*made, delete]


def make_action(parent: QObject, words: str, icon: str, keys: str, act: Callable[[], object]) -> QAction:
    """An action with its shortcuts (separated by a space) that calls ``act``."""
    action = QAction(theme.icon(icon, "secondary"), words, parent)
    action.setShortcuts([QKeySequence(key) for key in keys.split()])
    action.triggered.connect(lambda _checked=False: act())
    return action
