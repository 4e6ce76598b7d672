"""Drafting outputs with a model: which one, for which examples, and what becomes of each draft."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from app import draft_words, format, theme
from app.draft_choice import AT_ONCE, Choice, look
from app.pages.example_desk import ExampleDesk
from app.session import Session
from app.widgets.draft_bar import DraftBar
from app.widgets.draft_dialog import DraftDialog
from app.widgets.plain_editor import PlainEditor
from app.widgets.toast import show_toast
from core.dataset.store import Change

if TYPE_CHECKING:
    from app.answers import MakeModel
    from app.drafts import Draft, Drafts, Writer
    from app.pages.page import Page
    from core.dataset.example import Example
    from core.dataset.store import ExampleStore
    from core.project import Project

LONGEST = 256  # tokens of a draft, unless the user wants others


class Drafting(QObject):
    """Joins the drafts to the form; ``bar`` shows that of the example in the form.

    Signals:
        show_wanted(tuple, str): show these examples in the table; the words say what they are.
    """

    show_wanted = Signal(tuple, str)

    def __init__(self, session: Session, desk: ExampleDesk, page: Page, *, make_model: MakeModel | None = None) -> None:
        super().__init__(page)
        self._session, self._desk, self._page, self._make = session, desk, page, make_model
        self._form = desk.form
        self.drafts: Drafts | None = None  # made when first wanted: it brings the protocol with it
        self.dialog: DraftDialog | None = None
        self._longest = LONGEST
        self._moving: Draft | None = None  # the draft in the form that is being written
        self._title = ""  # of the model that was chosen last
        self._seek = False  # the draft is to be brought into sight when its example is shown
        self._typed = False  # since the draft was asked for
        self._said = ""  # why no more drafts are written
        self.bar = DraftBar()
        self._form.place_under_output(self.bar)
        self.action = QAction(theme.icon("model", "secondary"), "Draft outputs with the model…", self)
        self.action.triggered.connect(lambda _checked=False: self.draft_chosen())
        self.bar.accept_wanted.connect(self.accept)
        self.bar.edit_wanted.connect(self.edit)
        self.bar.reject_wanted.connect(self.reject)
        self.bar.stop_wanted.connect(self.stop)
        self.bar.next_wanted.connect(self.go_to_next)
        self._form.edited.connect(self._on_edited)
        desk.settled.connect(self._show)
        desk.browser.list.current_changed.connect(lambda _id: self._show())
        session.project_changed.connect(self._on_project)
        session.examples_changed.connect(self._on_examples)
        session.runs_changed.connect(self._give_way)
        session.training_changed.connect(self._give_way)
        session.model_wanted.connect(self._on_model_wanted)
        session.leaving.connect(self.stop)

    # --- What the user wants ----------------------------------------------------------------------------------------

    def draft_chosen(self) -> None:
        """Draft the outputs of the selected examples, or of the one in the form."""
        self.draft(self._desk.browser.list.chosen_ids() or self._shown())

    def draft_shown(self) -> None:
        """Draft the output of the example in the form."""
        self.draft(self._shown())

    def _draft_stored(self) -> None:
        """The new example in the form is on its way to the store: draft when it is there."""

        def go_on(_: object) -> None:
            stored = self._stored() if isValid(self) else []
            if stored:
                self.draft(stored)

        self._session.write(lambda: None, done=go_on)

    def draft(self, ids: Sequence[int]) -> None:
        """Ask which model is to draft the outputs of these examples."""
        store = self._store()
        if store is None or self.dialog is not None:
            return
        if self._session.is_training:
            show_toast(self._page, draft_words.GAVE_WAY)
            return
        self._desk.autosave.flush()
        if any(id < 0 for id in ids) and self._form.example().prompt.strip():
            self._draft_stored()
            return
        project, base = self._session.project, self._session.recipe.model
        assert project is not None
        wanted = [id for id in ids if id > 0][:AT_ONCE]
        left = len(ids) - len(wanted)
        self._session.write(
            lambda: look(project, base, wanted), done=lambda choice: self._choose(project, choice, left)
        )

    def _choose(self, project: Project, choice: Choice, left: int) -> None:
        if not isValid(self) or self.dialog is not None or self._session.project is not project:
            return  # the window or the project was closed meanwhile
        if not choice.ids:
            show_toast(self._page, "Write an instruction first: the model needs something to answer.")
            return
        titles = [writer.title for writer in choice.writers]
        dialog = self.dialog = DraftDialog(
            titles, len(choice.ids), notes=draft_words.notes(choice, left), longest=self._longest, parent=self._page
        )
        if self._title in titles:
            dialog.model.setCurrentIndex(titles.index(self._title))
        dialog.wanted.connect(lambda number, longest: self.begin(choice.ids, choice.writers[number], longest=longest))
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self) -> None:
        self.dialog = None

    def begin(self, ids: Sequence[int], writer: Writer, *, longest: int) -> None:
        """Have the drafts written."""
        if self._session.is_training:  # begun while the dialog was open
            show_toast(self._page, draft_words.GAVE_WAY)
            return
        self._longest, self._title, self._said = longest, writer.title, ""
        self._made().begin(ids, writer, longest=longest)
        self._form.tabs.setCurrentIndex(0)
        if self._desk.shown not in ids:
            self._go(ids[0])
        self._seek, self._typed = True, False
        self._show()

    def accept(self) -> bool:
        """Make the draft shown the output of its example; one undo step."""
        draft = self._draft()
        if self.drafts is None or draft is None or not draft.waits_for_a_word or self._store() is None:
            return False
        assert self._desk.shown is not None
        self._form.put({"output": draft.text})
        self._decided()
        return True

    def edit(self) -> None:
        """Make the draft the output, and go on writing in it."""
        if self.accept():
            editor = self._form.fields["output"].editor
            editor.moveCursor(editor.textCursor().MoveOperation.End)
            editor.setFocus(Qt.FocusReason.OtherFocusReason)
            editor.ensureCursorVisible()

    def reject(self) -> None:
        """Drop the draft shown."""
        if self.drafts is not None and self._desk.shown is not None:
            self._decided()

    def _decided(self) -> None:
        """The draft shown is done with; who pressed a button of it goes on with the next draft or in the output."""
        assert self.drafts is not None
        assert self._desk.shown is not None
        focused = QApplication.focusWidget()
        was_here = focused is not None and self.bar.isAncestorOf(focused)
        self.drafts.drop(self._desk.shown)
        if was_here:
            place = self.bar.next if self.bar.next.isVisible() else self._form.fields["output"].editor
            place.setFocus(Qt.FocusReason.OtherFocusReason)

    def stop(self) -> None:
        """Write no more drafts; those that are there are kept."""
        if self.drafts is not None:
            self.drafts.stop()
            self._show()

    def go_to_next(self) -> None:
        """Go to another example with a draft."""
        others = self._others()
        if not others:
            return
        later = [id for id in others if id > (self._desk.shown or 0)]
        self._seek = True
        self._go((later or others)[0])
        self._show()

    def _go(self, id: int) -> None:
        """Go to an example; where a filter hides it, all that have a draft or get one are shown."""
        if not self._desk.browser.list.go_to(id) and self.drafts is not None:
            self._desk.go_when_listed(id)
            self.show_wanted.emit(tuple(sorted(self.drafts.ids())), "Examples with a drafted output")

    # --- What is shown ----------------------------------------------------------------------------------------------

    def _show(self, *_: object) -> None:
        """Show the draft of the example in the form, and how far the others are."""
        drafts, draft, bar = self.drafts, self._draft(), self.bar
        bar.set_writable(self._store() is not None)
        if draft is None:
            bar.show_nothing()
            moving = False
        else:
            note, moving = draft_words.note(draft, loading=drafts is not None and drafts.loading)
            whose = f"Draft by {draft.writer.title}"
            bar.show_draft(whose, draft.text, note, moving=moving, complete=draft.problem is not None)
        if draft is not None and (self._seek or (draft is self._moving and not moving and not self._is_writing())):
            self._form.bring_under_output_into_sight(bar)
            self._seek = False
        self._moving = draft if moving else None
        self._check()
        busy = drafts is not None and drafts.busy
        bar.set_progress(self._progress(), busy=busy, others=len(self._others()))

    def _is_writing(self) -> bool:
        """Whether the user writes in the form, which must not move then; a cursor left in a text is no writing."""
        focused = QApplication.focusWidget()
        return self._typed and isinstance(focused, PlainEditor) and self._form.isAncestorOf(focused)

    def _on_edited(self, *_: object) -> None:
        self._typed = True
        self._check()

    def _check(self) -> None:
        """Say what speaks against accepting the draft as it is."""
        draft = self._draft()
        if draft is None or not draft.waits_for_a_word:
            self.bar.warn("")
        elif not draft.is_of(self._form.example()):
            self.bar.warn(draft_words.CHANGED)
        else:
            self.bar.warn(draft_words.REPLACES if self._form.example().output.strip() else "", serious=False)

    def _progress(self) -> str:
        drafts, others = self.drafts, len(self._others())
        if drafts is None:
            return ""
        if drafts.busy and drafts.total > 1:
            return f"Draft {format.count(drafts.done + 1)} of {format.count(drafts.total)} is being written."
        if drafts.busy and self._draft() is None:
            return "A draft of another example is being written."
        waiting = f"{format.plural(others, 'other draft')} to look at." if others else ""
        return " ".join(part for part in (self._said, waiting) if part)

    # --- What others do ---------------------------------------------------------------------------------------------

    def _made(self) -> Drafts:
        if self.drafts is None:
            from app.answers import model_process
            from app.drafts import Drafts

            load = partial(self._session.model_wanted.emit, self)
            self.drafts = Drafts(self._read, load, make=self._make or model_process, parent=self)
            self.drafts.changed.connect(self._show)
            self.drafts.written.connect(self._on_written)
            self.drafts.failed.connect(self._on_failed)
            self.drafts.answers.state_changed.connect(self._show)
        return self.drafts

    def _on_written(self, id: int, text: str) -> None:
        if id == self._desk.shown:
            self.bar.add(text)

    def _on_failed(self, error: object) -> None:
        self._show()
        self._page.show_problem(error)  # type: ignore[arg-type]

    def _on_project(self) -> None:
        if self.dialog is not None:
            self.dialog.reject()
        if self.drafts is not None:
            self.drafts.clear()
        self._said = ""
        self._show()

    def _on_examples(self, change: Change, _source: object) -> None:
        if self.drafts is not None:
            for id in change.removed:
                self.drafts.drop(id)

    def _give_way(self, *_: object) -> None:
        """Training needs the memory: the model gives way to it."""
        if self._session.is_training:
            self._let_go("The model was let go: training needs the memory.")

    def _on_model_wanted(self, who: object) -> None:
        if who is not self:
            self._let_go("The model was let go: another one is being tried.")

    def _let_go(self, why: str) -> None:
        if self.drafts is None:
            return
        if self.drafts.busy:
            self._said = why
        self.drafts.release()
        self._show()

    # --- Where things are -------------------------------------------------------------------------------------------

    def _shown(self) -> list[int]:
        return [] if self._desk.shown is None else [self._desk.shown]

    def _stored(self) -> list[int]:
        return [id for id in self._shown() if id > 0]

    def _draft(self) -> Draft | None:
        shown = self._desk.shown
        return None if self.drafts is None or shown is None else self.drafts.of(shown)

    def _others(self) -> list[int]:
        """Other examples with a draft to decide on."""
        return [] if self.drafts is None else [id for id in self.drafts.undecided() if id != self._desk.shown]

    def _store(self) -> ExampleStore | None:
        """The store, if it can be written."""
        project = self._session.project
        return None if project is None or project.read_only else project.store

    def _read(self, id: int) -> Example | None:
        """An example as it is now, with what is typed and not stored yet."""
        store = self._store()
        if store is None:
            return None
        if id == self._desk.shown:
            return self._form.example()
        return next((self._desk.autosave.with_edits(example) for example in store.rows([id])), None)
