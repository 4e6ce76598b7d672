"""The example on the desk: shown in the form, marked in the list, its edits on their way to the store."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Signal
from PySide6.QtWidgets import QApplication

from app.models.autosave import Autosave
from app.models.example_table import ExampleTable
from app.models.form_counter import Counted, FormCounter
from app.pages.example_past import ExamplePast
from app.preferences import Preferences
from app.session import Session
from app.widgets.example_browser import ExampleBrowser
from app.widgets.example_form import ExampleForm
from core.dataset.example import Example
from core.dataset.store import Change, ExampleStore
from core.errors import UserError

if TYPE_CHECKING:
    from core.prompt.format import PromptFormat

_BESIDE = "examples/output_beside"  # whether the output is wanted beside the rest of the form


class ExampleDesk(QObject):
    """Keeps list, form and store in step. ``shown`` is the id in the form: negative while new, None for none.

    The list is not put into order again while the user types in an example of it; that waits until they move on.

    Signals:
        settled: the list, the counts and the form agree (after every change).
        end_reached: "save and next" on the last example of a narrowed list.
        not_saved(UserError): edits could not be written; they are tried again with the next ones.
    """

    settled = Signal()
    end_reached = Signal()
    not_saved = Signal(object)

    def __init__(
        self, session: Session, table: ExampleTable, browser: ExampleBrowser, form: ExampleForm, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.session, self.table, self.browser, self.form = session, table, browser, form
        self.shown: int | None = None
        self._store: ExampleStore | None = None
        self._numbers = count(-1, -1)
        self._go_to: int | None = None  # where to go when the list is there
        self._fall_back_row = 0  # which row takes over when the shown example is gone
        self._stale = False  # the order of the list waits until the user moves on
        self._narrowed = False  # the user asked for other rows, and they are not there yet
        self._counter = FormCounter(self)
        self.autosave = Autosave(session.write, self)
        self.autosave.handed_over.connect(form.mark_stored)
        self.autosave.saved.connect(self._saved)
        self.autosave.created.connect(self._created)
        self.autosave.failed.connect(self.not_saved)
        self._counter.counted.connect(self._show_counted)
        self._past = ExamplePast(session, form, self.autosave, self)
        form.edited.connect(self._edited)
        form.left.connect(self.autosave.flush)
        form.tab_changed.connect(lambda: self.count(at_once=True))
        form.set_side_by_side(Preferences().geometry(_BESIDE) == b"1")
        form.arranged.connect(lambda beside: Preferences().keep_geometry(_BESIDE, QByteArray(b"1" if beside else b"0")))
        browser.list.current_changed.connect(self._moved)
        browser.narrowed.connect(self._on_narrowed)
        table.listed.connect(self._listed)

    # --- What is shown ----------------------------------------------------------------------------------------------

    def set_store(self, store: ExampleStore | None) -> None:
        """Begin with another project, or with none."""
        self._store = store
        self.shown = self._go_to = None
        self._fall_back_row, self._stale, self._narrowed = 0, False, False
        self._counter.stop()
        self.autosave.set_store(store)
        self._past.set_store(store)
        self.table.set_source(store)

    @property
    def is_new(self) -> bool:
        """Whether the example in the form is not stored yet."""
        return self.shown is not None and self.shown < 0

    def show(self, example: Example) -> None:
        """Put an example into the form."""
        self.autosave.flush()
        self.shown = example.id
        self.form.show_example(self.autosave.with_edits(example))
        self.count(at_once=True)
        self._past.show()
        self._say_where()

    def go_when_listed(self, id: int) -> None:
        """Go to an example that the next list will have."""
        self._go_to = id

    def _moved(self, id: int) -> None:
        if id == self.shown:
            return
        example = self.table.example(self.browser.list.currentIndex().row())
        if example is not None:
            self.show(example)
        if self._stale:
            self._stale = False
            self.table.refresh()

    def _listed(self) -> None:
        if self._go_to is not None and self._go_to_id(self._go_to):
            self._go_to = None
            self._narrowed = False
        if self._narrowed and self.table.is_whole and self.table.listed_wish == self.table.wish:
            self._narrowed = False
            self._follow()
        if self.shown is None and not self._go(min(self._fall_back_row, self.table.rowCount() - 1)):
            self._show_blank()
        self._say_where()
        self.settled.emit()

    def _on_narrowed(self) -> None:
        self._narrowed = True
        if not self.table.busy:
            self._listed()  # the same rows as before were asked for

    def _follow(self) -> None:
        """Other rows were asked for: mark the shown example among them, or go to the first of them.

        What the user is writing stays, and so does what could not be written.
        """
        if self._row() >= 0:
            if not self.browser.list.current_id():
                self._go(self._row())
            return
        writing = self.form.isAncestorOf(QApplication.focusWidget() or self.browser)
        new = self.is_new and not self._is_blank()
        if self.browser.is_narrowed and not (writing or new or self.autosave.failing):
            self._go(0)

    def _show_blank(self) -> None:
        """Nothing is listed; where there are examples at all, the form is for a new one."""
        if self.table.counts.total:
            self.show(Example(id=next(self._numbers)))

    def _say_where(self) -> None:
        place = self.table.row_of(self.shown) + 1 if self.shown is not None and self.shown > 0 else 0
        self.form.header.set_position(self.shown or 0, place, self.table.rowCount())

    # --- Moving -----------------------------------------------------------------------------------------------------

    def new(self) -> None:
        """Begin a new example; it is stored with the first words."""
        if not (self.is_new and self._is_blank()):
            self.browser.make_room_for_new()
            self.browser.list.let_go()
            self.show(Example(id=next(self._numbers)))
            self.settled.emit()
        self.form.focus_first()

    def save_and_next(self) -> None:
        """Store what is written and go on; after the last example comes a new one."""
        self.autosave.flush()
        row = self._row()
        if row >= 0 and self._go(row + 1):
            self.form.focus_first()
        elif row >= 0 and self.browser.is_narrowed:
            self.end_reached.emit()
        else:
            self.new()

    def previous(self) -> None:
        """Go to the example before this one."""
        self._go(self.table.rowCount() - 1 if self.is_new else self._row() - 1)

    def next(self) -> None:
        """Go to the example after this one."""
        if not self.is_new:
            self._go(self._row() + 1)

    def discard_new(self) -> None:
        """Take the new example off the desk."""
        if self.shown is not None:
            self.autosave.forget(self.shown)
            self.shown, self._fall_back_row = None, self.table.rowCount() - 1
            self._listed()

    def _row(self) -> int:
        return -1 if self.shown is None else self.table.row_of(self.shown)

    def _go(self, row: int) -> bool:
        return 0 <= row < self.table.rowCount() and self._go_to_id(self.table.id_at(row))

    def _go_to_id(self, id: int) -> bool:
        if not self.browser.list.go_to(id):
            return False
        if self.shown != id:
            self._moved(id)  # the list was there already: what was deleted came back before it was made again
        return True

    def _is_blank(self) -> bool:
        return self.form.example() == Example()

    # --- Changes ----------------------------------------------------------------------------------------------------

    def _edited(self, field: str, value: object) -> None:
        if self.shown is None:
            return
        self.autosave.edit(self.shown, field, value)
        if field in ("status", "split", "tags"):
            self.autosave.flush()
        self.count()

    def _saved(self, change: Change) -> None:
        self.session.apply(change, self)

    def _created(self, number: int, id: int) -> None:
        if self.shown == number:
            self.shown = self._go_to = id
            self.form.adopt(id)

    def changed(self, change: Change, source: object) -> None:
        """Somebody changed examples: show it, and leave alone what the user is at."""
        if self.shown in change.removed:
            self._fall_back_row = max(self._row(), 0)
            self.shown = None
        elif self.shown in change.changed:
            self._past.show()
        self.table.touch((*change.changed, *change.removed))
        if source is self and not change.added and not change.removed:
            self._stale = self._stale or not self.table.is_in_plain_order
            self.table.count_again()
            return
        if source is None and self.shown not in change.changed and not self.is_new:
            self._go_to = next(iter((*change.added[:1], *change.changed[:1])), self._go_to)
        self.renew()
        self.table.refresh()

    def renew(self) -> None:
        """Show the stored state of the shown example again, with what is not stored yet."""
        if self._store is None or self.shown is None or self.shown < 0:
            return
        try:
            example = self._store.get(self.shown)
        except KeyError:
            self._fall_back_row = max(self._row(), 0)
            self.shown = None
            return
        self.form.renew(self.autosave.with_edits(example))
        self.count(at_once=True)

    # --- Tokens -----------------------------------------------------------------------------------------------------

    def set_format(self, prompt: PromptFormat | None) -> None:
        """Count with another base model's tokenizer."""
        self._counter.set_format(prompt)
        if prompt is None:
            self.form.set_tokens({})
            self.form.meter.clear()
            self.form.tokens.say("")

    def count(self, *, at_once: bool = False) -> None:
        """Count the tokens of the example in the form again."""
        if self.shown is not None:
            self._counter.count(self.form.example(), at_once=at_once)

    def no_format(self, error: UserError) -> None:
        """The base model's tokenizer cannot be read."""
        self.form.meter.say(f"Tokens cannot be counted. {error.title}")
        self.form.tokens.say(str(error))

    def _show_counted(self, counted: Counted) -> None:
        if counted.example != self.form.example():
            return  # typed on meanwhile; the next count is on its way
        self.form.set_tokens(counted.texts)
        if counted.whole is None:
            problem = counted.problem.title if counted.problem else ""
            self.form.meter.say(problem)
            self.form.tokens.say(str(counted.problem or ""))
            return
        self.form.meter.set_count(len(counted.whole.ids), self.session.recipe.training.max_length)
        if self.form.shows_tokens():
            prompt = self.session.prompt_format()
            self.form.tokens.set_encoded(
                counted.whole,
                limit=self.session.recipe.training.max_length,
                end_ids=prompt.end_ids if prompt is not None else (),
            )
