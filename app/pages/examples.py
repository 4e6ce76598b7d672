"""The Examples page: a table of all examples, and the form in which the chosen one is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedWidget, QWidget

from app.example_words import summary
from app.latest import Latest
from app.models.example_table import ExampleTable
from app.models.token_counter import TokenCounter
from app.pages.drafting import Drafting
from app.pages.example_desk import ExampleDesk
from app.pages.example_files import ExampleFiles
from app.pages.example_verbs import ExampleVerbs, make_action
from app.pages.example_views import NAMES, WRITE, ExampleViews
from app.pages.page import Page
from app.preferences import Preferences
from app.session import Session
from app.theme import TEXT_COLUMN
from app.widgets.drop_zone import dropped_source
from app.widgets.empty_state import EmptyState
from app.widgets.example_browser import ExampleBrowser
from app.widgets.example_form import ExampleForm
from app.widgets.toast import show_toast
from core.dataset import versions
from core.dataset.store import Change, ExampleStore

if TYPE_CHECKING:
    from app.answers import MakeModel

_LOOK_MS = 1500  # how often to look whether another program changed the examples
_READ_ONLY = "Its folder cannot be written. Look at the examples and export them; to change them, copy the folder."
_PURPOSE = (
    "An example is an instruction and the answer you wish the model would give. "
    "Twenty good ones teach a tone, two hundred teach a task. Write them here, or bring a file you have."
)


class ExamplesPage(Page):
    """Joins the table, the form and the session; what happens to the example in the form is the desk's."""

    title = "Examples"

    def __init__(self, session: Session, parent: QWidget | None = None, *, make_model: MakeModel | None = None) -> None:
        super().__init__(session, parent)
        self._store: ExampleStore | None = None
        self._revision = 0
        self._tokens = TokenCounter(self)
        self.table = ExampleTable(self._tokens, self)
        self.browser = ExampleBrowser(self.table)
        self.form = ExampleForm()
        self.desk = ExampleDesk(session, self.table, self.browser, self.form, self)
        self.verbs = ExampleVerbs(session, self.desk, self)
        self.files = ExampleFiles(session, self.browser, self)
        self.drafting = Drafting(session, self.desk, self, make_model=make_model)
        self._need_a_look = 0
        self._tags = Latest(self._show_tags, failed=lambda _error: None, parent=self)
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._look_for_others)
        self._build()
        self._join()
        self._join_session()
        self.setAcceptDrops(True)
        self._project_changed()

    def _build(self) -> None:
        self._export = QPushButton("Export")
        self._import = QPushButton("Import")
        self._new = QPushButton("New example")
        self._new.setProperty("kind", "primary")
        self._new.setToolTip("Ctrl+Shift+N")
        for button in (self._export, self._import, self._new):
            self.add_act(button)
        self.browser.setMinimumWidth(420)
        self.form.setMinimumWidth(400)
        self.form.setMaximumWidth(TEXT_COLUMN)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.browser)
        self._splitter.addWidget(self.form)
        self._splitter.setSizes([560, 480])
        self.empty = EmptyState("edit", "Teach by example", _PURPOSE, "Write the first example", "Import a file")
        self._stack = QStackedWidget()
        for face in (QWidget(), self.empty, self._splitter):
            self._stack.addWidget(face)
        self.views = ExampleViews(self.session, self._stack)
        self.body.addWidget(self.views, 1)
        preferences = Preferences()
        splitter, share = preferences.geometry("examples/splitter"), preferences.geometry("examples/share")
        if splitter is not None:
            self._splitter.restoreState(splitter)
        if share is not None:
            self.browser.list.share = share.toDouble()[0]

    def _join(self) -> None:
        header, rows, selection, verbs = self.form.header, self.browser.list, self.browser.selection, self.verbs
        self._new.clicked.connect(self.new)
        self._import.clicked.connect(lambda: self.files.import_examples())
        self._export.clicked.connect(lambda: self.files.export_examples())
        self.empty.acted.connect(self.new)
        self.empty.acted_second.connect(lambda: self.files.import_examples())
        self.table.counted.connect(self._count)
        self.table.failed.connect(self.show_problem)
        self.desk.settled.connect(self._settled)
        self.desk.end_reached.connect(lambda: show_toast(self, "That was the last example in this list."))
        self.desk.not_saved.connect(self.show_problem)
        self.form.undo_wanted.connect(self.session.undo)
        self.form.redo_wanted.connect(self.session.redo)
        header.previous_wanted.connect(self.desk.previous)
        header.next_wanted.connect(self.desk.next)
        header.duplicate_wanted.connect(lambda: verbs.duplicate_these(verbs.shown()))
        header.draft_wanted.connect(self.drafting.draft_shown)
        header.delete_wanted.connect(lambda: verbs.delete_these(verbs.shown()))
        rows.open_wanted.connect(self.form.focus_first)
        rows.delete_wanted.connect(verbs.delete)
        rows.paste_wanted.connect(self.files.paste)
        self.files.imported.connect(self._imported)
        selection.status_wanted.connect(verbs.mark)
        selection.split_wanted.connect(verbs.assign)
        selection.tags_wanted.connect(verbs.change_tags)
        selection.replace_wanted.connect(verbs.find_and_replace)
        selection.draft_wanted.connect(self.drafting.draft_chosen)
        self.drafting.show_wanted.connect(self.show_ids)
        selection.duplicate_wanted.connect(verbs.duplicate)
        selection.delete_wanted.connect(verbs.delete)
        self.views.show_wanted.connect(self.show_ids)
        self.views.counted.connect(self._looked)
        self.views.shown.connect(self._view_shown)
        self._add_verbs()

    def _add_verbs(self) -> None:
        """What the palette and the list of shortcuts offer while this page is shown."""
        self.addAction(make_action(self, "New example", "add", "Ctrl+Shift+N", self.new))
        self.addAction(make_action(self, "Find an example", "search", "Ctrl+F", self.find_example))
        self._of_list = [*self.verbs.actions(), self.drafting.action]  # what needs the table and the form in sight
        self.addActions([*self._of_list, *self.form.actions()])
        self.addAction(make_action(self, "Import examples…", "import", "", self.files.import_examples))
        self.addAction(make_action(self, "Paste rows of a table…", "import", "", self.files.paste))
        self.addAction(make_action(self, "Export examples…", "export", "", self.files.export_examples))
        icons = {"write": "edit", "quality": "good", "statistics": "table", "versions": "history"}
        for id, words in NAMES.items():
            show = make_action(self, f"Show: {words}", icons[id], "", lambda id=id: self.views.show_view(id))
            self.addAction(show)

    def _join_session(self) -> None:
        session = self.session
        session.project_changed.connect(self._project_changed)
        session.examples_changed.connect(self._examples_changed)
        session.recipe_changed.connect(self._recipe_changed)
        session.prompt_format_changed.connect(self._format_changed)
        session.prompt_format_failed.connect(self.desk.no_format)
        session.hand_over.connect(self.desk.autosave.flush)

    # --- What the user does -----------------------------------------------------------------------------------------

    def new(self) -> None:
        """Begin a new example."""
        if self._writable():
            self.views.show_view(WRITE)
            self._stack.setCurrentWidget(self._splitter)
            self.desk.new()

    def find_example(self) -> None:
        """Go to the search field."""
        self.views.show_view(WRITE)
        self.verbs.find()

    def show_ids(self, ids: Sequence[int], words: str) -> None:
        """Show only these examples in the table, under a chip with these words that takes the filter away."""
        self.desk.autosave.flush()
        self.views.show_view(WRITE)
        self.browser.show_among(ids, words)

    @property
    def unsaved(self) -> bool:
        """Whether the last words could not be written."""
        return self.desk.autosave.failing

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file or folder may be dropped anywhere on the page."""
        if self._writable() and dropped_source(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import what was dropped."""
        source = dropped_source(event.mimeData())
        if source is not None:
            event.acceptProposedAction()
            self.files.import_examples(source)

    def _imported(self, change: Change) -> None:
        """Bring the new rows into sight."""
        if change.added:
            self.views.show_view(WRITE)
            self.browser.show_all()
            self.desk.go_when_listed(change.added[0])

    # --- What others do ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Show what has changed while another page was shown."""
        self._look_for_others()

    def showEvent(self, event: QShowEvent) -> None:
        """Look for other programs' changes while in sight."""
        super().showEvent(event)
        self._look.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave nothing unsaved, and remember the widths."""
        super().hideEvent(event)
        self._look.stop()
        self.desk.autosave.flush()
        preferences = Preferences()
        preferences.keep_geometry("examples/splitter", self._splitter.saveState())
        preferences.keep_geometry("examples/share", QByteArray(str(self.browser.list.share).encode()))

    def _project_changed(self) -> None:
        project = self.session.project
        self._store = None if project is None else project.store
        self.banner.clear()
        self._stack.setCurrentIndex(0)
        self.set_summary("")
        self.browser.reset()
        self.form.set_read_only(not self._writable())
        self.table.set_share(self.session.recipe.heldout.share)
        self.desk.set_store(self._store)
        if project is not None and project.read_only:
            self.banner.say("This project can only be read.", _READ_ONLY)
        if self._store is not None:
            self._revision = self._store.revision
        self._ask_tags()
        self._format_changed()

    def _writable(self) -> bool:
        project = self.session.project
        return project is not None and not project.read_only

    def _examples_changed(self, change: Change, source: object) -> None:
        if self._store is None:
            return
        self.verbs.forget_undo()
        self._ask_tags()
        self._revision = self._store.revision
        self.desk.changed(change, source)

    def _look_for_others(self) -> None:
        """Another program (an import on the command line) may have changed the examples."""
        project = self.session.project
        if self._store is None or project is None or self._store is not project.store:
            return  # another project is just taking the place of this one
        if self.desk.autosave.busy or self._store.revision == self._revision:
            return
        self._revision = self._store.revision
        self.table.touch(self.table.ids)
        self.desk.renew()
        self.table.refresh()

    def _ask_tags(self) -> None:
        store = self._store
        if store is None:
            self._tags.forget()
            self._show_tags([])
        else:
            self._tags.ask(store.tags)

    def _show_tags(self, tags: list[str]) -> None:
        self.form.set_known_tags(tags)
        self.browser.more.set_tags(tags)
        self.verbs.known_tags = tags

    def _recipe_changed(self, _source: object) -> None:
        self.table.set_share(self.session.recipe.heldout.share)
        self.desk.count()

    def _format_changed(self) -> None:
        prompt = self.session.prompt_format()
        self._tokens.set_format(prompt)
        self.desk.set_format(prompt)

    # --- Faces ------------------------------------------------------------------------------------------------------

    def _settled(self) -> None:
        self._count()
        nothing = self.table.counts.total == 0 and self.table.rowCount() == 0 and not self.desk.is_new
        self._stack.setCurrentWidget(self.empty if nothing else self._splitter)
        for button in (self._export, self._import, self._new):
            button.setVisible(not nothing)
        self.views.set_choice_visible(not nothing or self._has_versions())
        self._export.setEnabled(self.table.counts.total > 0)
        self._import.setEnabled(self._writable())
        self._new.setEnabled(self._writable())
        self.empty.button.setVisible(self._writable())
        self.empty.second_button.setVisible(self._writable())

    def _has_versions(self) -> bool:
        project = self.session.project
        return project is not None and (project.path / versions.FOLDER).is_dir()

    def _count(self) -> None:
        self.set_summary(summary(self.table.counts, need_a_look=self._need_a_look))

    def _looked(self, need_a_look: int) -> None:
        self._need_a_look = need_a_look
        self._count()

    def _view_shown(self, id: str) -> None:
        self.desk.autosave.flush()
        for action in self._of_list:
            action.setEnabled(id == WRITE)
