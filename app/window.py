"""The frame: side bar, menus, pages, and the wiring between them; it decides nothing about content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QUrl, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QHideEvent, QIcon, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QWidget

from app import actions, crash, format, problems, stations
from app.actions import Verb
from app.guidance import Guidance
from app.importing import import_soon
from app.leaving import Leaving
from app.looks import Looks
from app.notify import Notifier
from app.page_stack import PageStack
from app.pages.page import Page
from app.pages.start_check import StartCheck
from app.preferences import Preferences
from app.projects import Projects
from app.session import Session
from app.status import Overview, Status
from app.steps import Steps
from app.widgets.about_dialog import AboutDialog
from app.widgets.command_palette import CommandPalette
from app.widgets.empty_state import EmptyState
from app.widgets.shortcuts_dialog import ShortcutsDialog
from app.widgets.side_bar import SideBar
from app.widgets.toast import show_toast
from core import paths
from core.errors import UserError

if TYPE_CHECKING:
    from app.jobs import TrainingThread
    from app.widgets.side_bar import Tone
    from core.hardware.usage import MemoryUse
    from core.runs.folder import Progress, RunFolder

SIZE, SMALLEST = (1280, 800), (1100, 700)
MENUS = ("Project", "Edit", "View", "Help")


class Window(QMainWindow):
    """Made once; pages are made at their first visit."""

    page_shown = Signal(str)
    """(station id)"""

    def __init__(self, session: Session, preferences: Preferences) -> None:
        super().__init__()
        self.session = session
        self.preferences = preferences
        self.projects = Projects(session, self)
        self.guidance = Guidance(session, self.projects, self)
        self.status = Status(session, self)
        self._stack = PageStack(session)
        self._stack.made.connect(self._join)
        self.pages = self._stack.pages
        self.station = ""
        self.leaving = Leaving(session, self.pages, self)
        self._coming = ""  # the station whose module is being imported
        self.setWindowIcon(QIcon(str(paths.resources() / "icons" / "tunesmith.svg")))
        self.setMinimumSize(*SMALLEST)
        self.verbs = self._make_actions()
        self.looks = Looks(preferences, self.verbs)
        self.notifier = Notifier(session, preferences, self.verbs[actions.NOTIFY], parent=self)
        self.steps = Steps(session, self.verbs, lambda: self.station == "examples", self)
        menus = self._make_menus()
        self.side_bar = SideBar(menus["Project"])
        self.start_check = StartCheck(session, self.show_examples, self)
        self._opening = EmptyState("folder", "", "")
        self._stack.addWidget(self._opening)
        self._arrange()
        self._connect()
        self._restore()
        self._show_project()

    # Making

    def _make_actions(self) -> dict[Verb, QAction]:
        does: dict[Verb, Callable[[], object]] = {
            actions.NEW_PROJECT: self.projects.new,
            actions.NEW_SAMPLE: lambda: self.go("home"),
            actions.OPEN_PROJECT: self.projects.open,
            actions.SHOW_FOLDER: self.projects.show_folder,
            actions.RENAME_PROJECT: self.projects.rename,
            actions.CLOSE_PROJECT: lambda: self.leaving.leave(self.projects.close),
            actions.QUIT: self.close,
            actions.START_TRAINING: self.start_training,
            actions.ADD_TO_QUEUE: self.session.queue.add_current,
            actions.PALETTE: self.open_palette,
            actions.GUIDE: self.session.guidance_wanted.emit,
            actions.SHORTCUTS: self.show_shortcuts,
            actions.SHOW_LOGS: lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(crash.logs()))),
            actions.ABOUT: lambda: AboutDialog(self).open(),
        }
        for station in stations.STATIONS:
            does[station.verb] = lambda id=station.id: self.go(id)
        made = {verb: actions.make_action(verb, does.get(verb), self) for verb in actions.VERBS}
        self.addActions(list(made.values()))
        return made

    def _make_menus(self) -> dict[str, QMenu]:
        menus = {}
        for name in MENUS:
            menu = menus[name] = self.menuBar().addMenu(name)
            group = 0
            for verb in (verb for verb in actions.VERBS if verb.menu == name):
                if verb.group != group:
                    menu.addSeparator()
                    group = verb.group
                menu.addAction(self.verbs[verb])
        return menus

    def _arrange(self) -> None:
        for station in stations.STATIONS:
            keys = self.verbs[station.verb].shortcut().toString()
            self.side_bar.add_station(station.id, station.verb.words, station.verb.icon, keys)
        for verb in (actions.PALETTE, actions.SHORTCUTS):
            self.side_bar.add_tool(self.verbs[verb])
        frame = QWidget()
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.side_bar)
        row.addWidget(self._stack, 1)
        self.setCentralWidget(frame)

    def _connect(self) -> None:
        self.side_bar.chosen.connect(self.go)
        self.session.project_changed.connect(self._on_project)
        self.session.name_changed.connect(self._show_project)
        self.session.opening.connect(self._on_opening)
        self.session.already_open.connect(lambda: self.go("examples"))
        self.session.training_changed.connect(self._on_training)
        self.session.runs_changed.connect(self._show_training)
        self.session.problem.connect(self.show_problem)
        self.session.prompt_wanted.connect(self.try_prompt)
        self.session.queue.added.connect(self._on_added)
        self.session.queue.goes_on.connect(self._on_queue_goes_on)
        self.session.queue.broke_off.connect(self._on_broke_off)
        self.status.overview_changed.connect(self._on_overview)
        self.status.memory_changed.connect(self._on_memory)

    def _restore(self) -> None:
        self.resize(*SIZE)
        geometry = self.preferences.geometry("window")
        if geometry is not None:
            self.restoreGeometry(geometry)

    # Pages

    def go(self, id: str) -> None:
        """Show a page; without a project, only those that need none can be shown, and Home in place of others."""
        self._coming = ""
        station = stations.station(id)
        if self.session.project is None and station.verb.needs_project:
            station = stations.station("home")
        page = self._stack.page_of(station)
        self._stack.setCurrentWidget(page)
        self.station = station.id
        self.side_bar.choose(station.id)
        page.enter()
        self.page_shown.emit(station.id)

    def _go_soon(self, id: str) -> None:
        """Show a page; where its module is still to be imported, the window does not wait for that."""
        station = stations.station(id)
        if station.is_loaded:
            self.go(id)
            return
        self._coming = id
        self._stack.setCurrentWidget(self._opening)
        import_soon(station.module, done=lambda _: self._on_loaded(id))

    def _on_loaded(self, id: str) -> None:
        if id == self._coming:
            self.go(id)

    def try_prompt(self) -> None:
        """Show what the best prompt does, before anything is trained."""
        from app.pages.compare import ComparePage

        self.go("compare")
        page = self.page()
        if isinstance(page, ComparePage):
            page.show_tab("prompt")

    def chat_with(self, key: str) -> None:
        """Show the chat with an adapter among those who answer."""
        from app.pages.compare import ComparePage

        self.go("compare")
        page = self.page()
        if isinstance(page, ComparePage):
            page.chat_with(key)

    def compare_with(self, key: str) -> None:
        """Show whether an adapter helped, or ask what to compare it with."""
        from app.pages.compare import ComparePage

        self.go("compare")
        page = self.page()
        if isinstance(page, ComparePage):
            page.compare_with(key)

    def page(self) -> Page | None:
        """The page that is shown."""
        return self.pages.get(self.station)

    def _join(self, page: Page) -> None:
        from app.pages.home import HomePage

        page.go.connect(self.go)
        page.examples_wanted.connect(self.show_examples)
        page.chat_wanted.connect(self.chat_with)
        page.compare_wanted.connect(self.compare_with)
        page.state_told.connect(lambda tone, words: self._show_state(page, tone, words))
        if isinstance(page, HomePage):
            page.new_project.connect(self.projects.new)
            page.open_project.connect(self.projects.open)
            page.sample_chosen.connect(self.projects.new_from_sample)

    def _show_state(self, page: Page, tone: Tone, words: str) -> None:
        id = next(id for id, made in self.pages.items() if made is page)
        self.side_bar.station(id).set_state(tone, words)

    def load_pages(self) -> None:
        """Make the other pages in small pieces, so that a first visit is quick."""
        self._stack.load()

    # The project

    def _on_opening(self, name: str) -> None:
        if name:
            self._opening.set_words(f"Opening {name}…", "")
            self._stack.setCurrentWidget(self._opening)
        elif self.session.project is None:
            self.go("home")
        elif self._stack.currentWidget() is self._opening and not self._coming:
            self.go(self.station)

    def _on_project(self) -> None:
        self._show_project()
        project = self.session.project
        if project is None:
            self.go("home")
            return
        last = self.preferences.page if self.preferences.project == str(project.path) else ""
        self.preferences.project = str(project.path)
        self._go_soon(last if last and last != "home" else "examples")

    def _show_project(self) -> None:
        project = self.session.project
        for verb, action in self.verbs.items():
            action.setEnabled(project is not None or not verb.needs_project)
        for station in stations.STATIONS:
            self.side_bar.station(station.id).setEnabled(project is not None or not station.verb.needs_project)
        if project is None:
            self.side_bar.set_project("Tunesmith", "No project open")
        else:
            note = format.place(project.path)
            self.side_bar.set_project(project.name, f"Read-only: {note}" if project.read_only else note)
        self._on_overview(Overview())
        self._show_training()

    def _on_overview(self, overview: Overview) -> None:
        counts = {"examples": overview.examples, "adapters": overview.adapters}
        for id, amount in counts.items():
            self.side_bar.station(id).set_count(format.count(amount) if amount else "")
        self.steps.show(undo=overview.undo, redo=overview.redo)

    def _on_memory(self, use: MemoryUse) -> None:
        words = format.size_of(use.used, use.total)
        name = "GPU" if use.is_gpu else "Memory"
        tip = f"{use.device or 'Main memory of this machine'}: {words} in use"
        self.side_bar.set_memory(f"{name} {words}", use.share, tip)

    # Training

    def start_training(self) -> None:
        """Train with the settings as they are, and show it."""
        self.session.start_run()
        self.go("train")

    def show_examples(self, ids: Sequence[int], words: str) -> None:
        """Show these examples in the table, under a chip with these words."""
        from app.pages.examples import ExamplesPage

        self.go("examples")
        page = self.page()
        assert isinstance(page, ExamplesPage)
        page.show_ids(ids, words)

    def _on_added(self, runs: list[RunFolder]) -> None:
        """Runs were added to the queue."""
        words = f"Run {runs[0].number} waits" if len(runs) == 1 else f"{format.plural(len(runs), 'run')} wait"
        show_toast(self, f"{words} in the queue.", act="Show", on_act=self._show_queue)

    def _on_queue_goes_on(self, amount: int) -> None:
        """The queue of the project just opened was left on."""
        words = f"The queue goes on: {format.plural(amount, 'run')} {'waits' if amount == 1 else 'wait'}."
        show_toast(self, words, act="Hold it", on_act=lambda: self.session.queue.switch(False))

    def _on_broke_off(self, thread: TrainingThread) -> None:
        """A run of the queue has not finished, and the next one may take its place on the page."""
        run, why = thread.run_folder, thread.problem.title if thread.problem is not None else ""
        show_toast(self, f"{thread.title} did not finish. {why}".strip(), act="Show it", on_act=lambda: self._show(run))

    def _show(self, run: RunFolder) -> None:
        self.go("train")
        self.session.queue.run_wanted.emit(run)

    def _show_queue(self) -> None:
        self.go("train")
        self.session.queue.show_wanted.emit()

    def _on_training(self) -> None:
        if self.session.training is not None:
            self.session.training.state_changed.connect(self._on_progress)

    def _on_progress(self, _progress: Progress) -> None:
        self._show_training()

    def _show_training(self) -> None:
        state = stations.training_state(self.session)
        self.side_bar.station("train").set_state(state.tone, state.words)
        project = self.session.project
        parts = [state.words if state.active else "", project.name if project is not None else "", "Tunesmith"]
        self.setWindowTitle(" – ".join(part for part in parts if part))
        self.verbs[actions.START_TRAINING].setEnabled(project is not None and not self.session.is_training)
        self.verbs[actions.ADD_TO_QUEUE].setEnabled(project is not None and not project.read_only)

    # Other verbs

    def show_problem(self, error: UserError) -> None:
        """Say what went wrong on the page that is shown; in a dialog where there is none."""
        page = self.page()
        if page is not None and page.isVisible():
            page.show_problem(error)
        else:
            problems.show(self, error)

    def open_palette(self) -> None:
        """Let the user find a command by its words."""
        page = self.page()
        own = page.actions() if page is not None else []
        rest = [action for verb, action in self.verbs.items() if verb is not actions.PALETTE]
        CommandPalette([*own, *rest], self).open()

    def show_shortcuts(self) -> None:
        """Show what the keyboard can do here."""
        page = self.page()
        groups = {page.title: page.actions()} if page is not None else {}
        for name in MENUS:
            groups[name] = [action for verb, action in self.verbs.items() if verb.menu == name]
        ShortcutsDialog(groups, self).open()

    def tell_earlier_crash(self, report: str) -> None:
        """Say that the program broke off last time, and offer the report."""
        show_toast(
            self,
            "Tunesmith ended unexpectedly last time. Your work is saved.",
            act="Show report",
            on_act=lambda: problems.show(self, crash.told(report)),
        )

    # Events

    def showEvent(self, event: QShowEvent) -> None:
        """Watch the memory while somebody can see it."""
        super().showEvent(event)
        self.status.watch_memory(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop watching."""
        self.status.watch_memory(False)
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Stop watching while minimised."""
        if event.type() == QEvent.Type.WindowStateChange:
            self.status.watch_memory(not self.isMinimized())
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep how the window was left, and put everything on disk; a run goes on without the window."""
        if not self.leaving.may_close(self.close) or not self.leaving.allowed(self.close):
            event.ignore()
            return
        self.preferences.keep_geometry("window", self.saveGeometry())
        self.preferences.page = self.station
        self.preferences.project = str(self.session.project.path) if self.session.project is not None else ""
        self.preferences.sync()
        self.session.close()
        super().closeEvent(event)


def open_at_start(window: Window, path: Path | None) -> None:
    """Open what was asked for on the command line, or what was open last; Home otherwise."""
    last = window.preferences.project
    if path is not None:
        window.session.open_soon(path)
    elif last and Path(last).is_dir():
        window.session.open_soon(Path(last))
    else:
        window.go("home")
