"""The history of the example in the form: read off the drawing thread, and an older version put back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.latest import Latest
from app.models.autosave import Autosave
from app.session import Session
from app.widgets.example_form import ExampleForm
from app.widgets.example_story import FIELDS
from core.dataset.example import Example
from core.dataset.store import ExampleStore


class ExamplePast(QObject):
    """Fills the tab "History" while it is in front."""

    def __init__(self, session: Session, form: ExampleForm, autosave: Autosave, parent: QObject) -> None:
        super().__init__(parent)
        self.session, self.form, self.autosave = session, form, autosave
        self._store: ExampleStore | None = None
        self._latest = Latest(lambda found: form.story.set_moments(*found), failed=self._failed, parent=self)
        form.story.put_back_wanted.connect(self._put_back)
        form.tab_changed.connect(self.show)

    def set_store(self, store: ExampleStore | None) -> None:
        """Read from another project."""
        self._store = store
        self._latest.forget()
        self.form.story.say("")

    def show(self) -> None:
        """Read the history of the example in the form again, if it is looked at."""
        store, id = self._store, self.form.example().id
        if store is None or not self.form.shows_story():
            return
        if id <= 0:
            self._latest.forget()
            self.form.story.say("Nothing is stored of this example yet.")
            return
        if self.autosave.busy:
            self.autosave.flush()  # what was typed last is told when it is stored
        self._latest.ask(_reading(store, id))

    def _failed(self, error: Exception) -> None:
        self.form.story.say(str(error))

    def _put_back(self, wanted: Example) -> None:
        store, id = self._store, self.form.example().id
        if store is None or id <= 0:
            return
        self.autosave.flush()
        fields = {field: getattr(wanted, field) for field in FIELDS}
        self.session.write(
            lambda: store.update(id, **fields), done=lambda change: self.session.apply(change, self.form.story)
        )


def _reading(store: ExampleStore, id: int) -> Callable[[], object]:
    def read() -> object:
        try:
            return store.story(id), store.get(id)
        except KeyError:
            return [], Example(id=id)  # deleted meanwhile; the desk is about to show another one

    return read
