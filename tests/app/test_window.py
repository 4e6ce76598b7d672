"""The frame: pages and how to get to them, menus, palette, keys, looks, and what comes back at the next start."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_bench import THREE, make_project, top_level, until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLabel, QScrollBar, QTabBar, QWidget
from pytestqt.qtbot import QtBot
from run_factory import new_run

from app import actions, disk, stations
from app.jobs import TrainingThread
from app.pages.train import TrainPage
from app.preferences import Preferences
from app.problems import ProblemDialog
from app.session import Session
from app.theme import Theme
from app.widgets.command_palette import CommandPalette
from app.widgets.lose_dialog import LoseDialog
from app.widgets.shortcuts_dialog import ShortcutsDialog
from app.widgets.toast import Toast, show_toast
from app.window import Window, open_at_start
from core.errors import UserError
from core.project import Project
from core.runs.queue import Queue

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Window]:
    window = Window(Session(), Preferences())
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "letters", THREE)


def opened(qtbot: QtBot, window: Window, project: Path, page: str = "examples") -> None:
    window.session.open_soon(project)
    until(qtbot, lambda: window.session.project is not None and window.station == page)
    with qtbot.waitActive(window):
        window.activateWindow()


def toasts(window: Window) -> list[str]:
    return [toast.text for toast in window.findChildren(Toast) if toast.isVisible()]


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_without_a_project_there_are_home_and_the_models_alone(window: Window) -> None:
    window.go("models")
    assert window.station == "models"
    for station in ("examples", "train", "nowhere", "home"):
        window.go(station)
        assert window.station == "home"
    enabled = [station.id for station in stations.STATIONS if window.side_bar.station(station.id).isEnabled()]
    assert enabled == ["home", "models"]
    assert not window.verbs[actions.START_TRAINING].isEnabled()
    assert not window.verbs[actions.RENAME_PROJECT].isEnabled()
    assert window.verbs[actions.NEW_PROJECT].isEnabled()
    assert window.windowTitle() == "Tunesmith"


def test_a_project_brings_its_examples(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    assert window.windowTitle() == "Harbour letters – Tunesmith"
    assert all(window.side_bar.station(station.id).isEnabled() for station in stations.STATIONS)
    until(qtbot, lambda: "Examples, 3" in window.side_bar.station("examples").accessibleName())
    window.projects.close()
    assert window.station == "home"
    assert window.windowTitle() == "Tunesmith"
    assert not window.side_bar.station("examples").isEnabled()


def test_the_window_does_not_wait_for_a_pages_import(
    qtbot: QtBot, window: Window, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    window.page_shown.connect(shown.append)
    with monkeypatch.context() as patch:
        patch.setattr(stations.Station, "is_loaded", False)
        opened(qtbot, window, project)
    assert shown == ["examples"]


def test_who_went_elsewhere_while_a_page_was_being_imported_stays_there(
    qtbot: QtBot, window: Window, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(stations.Station, "is_loaded", False)
        window.session.open(project)
        window.go("home")
    qtbot.wait(100)
    assert window.station == "home"


def test_each_page_is_made_once_and_entered_each_time(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    page = window.page()
    window.go("settings")
    window.go("examples")
    assert window.page() is page
    window.side_bar.station("settings").click()
    assert window.station == "settings"
    assert window.page() is window.pages["settings"]


def test_opening_that_fails_leaves_the_page_and_says_why_there(
    qtbot: QtBot, window: Window, project: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, project)
    window.go("settings")
    with qtbot.waitSignal(window.session.problem):
        window.session.open_soon(tmp_path / "nothing")
    assert window.station == "settings"
    assert window.page().isVisible()
    assert "is not there" in window.page().banner.title


def test_a_problem_before_any_page_is_a_dialog(qtbot: QtBot, window: Window) -> None:
    window.show_problem(UserError("It broke.", reason="Nobody knows why.", hint="Try again.", details="trace"))
    dialog = top_level(ProblemDialog)
    words = [label.text() for label in dialog.findChildren(QLabel)]
    assert {"It broke.", "Nobody knows why.", "Try again."} <= set(words)
    dialog.close()


def test_the_project_that_is_open_is_shown_when_it_is_chosen_again(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    window.go("home")
    window.session.open_soon(project)
    assert window.station == "examples"


def test_another_project_takes_the_place_of_the_one_that_is_shown(
    qtbot: QtBot, window: Window, project: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, project)
    window.go("examples")
    window.session.create(tmp_path / "another")
    assert window.station == "examples"
    assert window.session.project.name == "another"


def test_a_project_for_reading_says_so(
    qtbot: QtBot, window: Window, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.os, "access", lambda _path, _mode: False)
    opened(qtbot, window, project)
    assert "can only be read" in window.page().banner.title
    until(qtbot, lambda: "3" in window.side_bar.station("examples").accessibleName())
    assert not window.verbs[actions.UNDO].isEnabled()


def test_the_other_pages_are_made_while_nothing_is_asked_for(qtbot: QtBot, window: Window, project: Path) -> None:
    shown = window.station
    window.load_pages()
    until(qtbot, lambda: len(window.pages) == len(stations.STATIONS))
    until(qtbot, lambda: all(window.isAncestorOf(page) for page in window.pages.values()))
    assert window.station == shown
    made = dict(window.pages)
    opened(qtbot, window, project)
    for station in stations.STATIONS:
        window.go(station.id)
        assert window.page() is made[station.id]


# --- Verbs ------------------------------------------------------------------------------------------------------------


def test_every_verb_is_in_one_menu(window: Window) -> None:
    listed = [action for menu in window.menuBar().actions() for action in menu.menu().actions()]
    words = Counter(action.text() for action in listed if not action.isSeparator())
    assert set(words) == {verb.words for verb in actions.VERBS}
    assert set(words.values()) == {1}


def test_no_shortcut_means_two_things(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    frame = [key.toString() for action in window.verbs.values() for key in action.shortcuts()]
    for station in stations.STATIONS:
        window.go(station.id)
        page = [key.toString() for action in window.page().actions() for key in action.shortcuts()]
        doubled = [key for key, times in Counter([*frame, *page]).items() if times > 1]
        assert doubled == [], station.id


def test_undo_is_called_after_what_it_takes_back(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    undo, redo = window.verbs[actions.UNDO], window.verbs[actions.REDO]
    until(qtbot, lambda: undo.text() == "Undo add 3 examples")
    assert not redo.isEnabled()
    undo.trigger()
    until(qtbot, lambda: redo.text() == "Redo add 3 examples")
    assert not undo.isEnabled()
    assert toasts(window) == []  # the page shows it


def test_undo_on_another_page_says_what_it_did(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    until(qtbot, lambda: window.verbs[actions.UNDO].isEnabled())
    window.go("settings")
    window.verbs[actions.UNDO].trigger()
    assert toasts(window) == ["Undone: add 3 examples"]
    until(qtbot, lambda: window.verbs[actions.REDO].isEnabled())
    window.verbs[actions.REDO].trigger()
    assert toasts(window) == ["Done again: add 3 examples"]


def test_undo_takes_back_what_a_message_offers_before_anything_else(
    qtbot: QtBot, window: Window, project: Path
) -> None:
    opened(qtbot, window, project)
    undo = window.verbs[actions.UNDO]
    until(qtbot, lambda: undo.isEnabled())
    window.go("train")
    taken_back: list[str] = []
    show_toast(window, "Run 4 is in the trash.", act="Undo", on_act=lambda: taken_back.append("run"))
    undo.trigger()
    assert taken_back == ["run"]
    assert undo.text() == "Undo add 3 examples"
    assert not window.verbs[actions.REDO].isEnabled()
    until(qtbot, lambda: toasts(window) == [])
    undo.trigger()
    until(qtbot, lambda: window.verbs[actions.REDO].isEnabled())


def test_the_palette_finds_and_does(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = top_level(CommandPalette)
    assert palette.shown()[0] == "New example"  # what the page offers comes first
    assert "Find a command" not in palette.shown()
    QTest.keyClicks(palette.field, "settings")
    assert palette.shown()[0] == "Settings"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.station == "settings"


def test_f1_lists_the_keys(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    until(qtbot, lambda: window.verbs[actions.UNDO].isEnabled())
    QTest.keyClick(window, Qt.Key.Key_F1)
    dialog = top_level(ShortcutsDialog)
    words = [label.text() for label in dialog.findChildren(QLabel)]
    assert {"Examples", "Save and go to the next example", "Ctrl+F", "Everywhere", "F1"} <= set(words)
    assert "Undo" in words  # not what it would take back just now
    dialog.close()


def test_stations_have_keys(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    for key, station in zip((Qt.Key.Key_3, Qt.Key.Key_1, Qt.Key.Key_4), ("models", "home", "settings"), strict=True):
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.station == station


def test_a_pages_keys_work_wherever_the_focus_is(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    page = window.page()
    until(qtbot, lambda: page.desk.shown == 1)
    window.side_bar.station("examples").setFocus()
    QTest.keyClick(window.side_bar.station("examples"), Qt.Key.Key_N, CONTROL_SHIFT)
    assert page.desk.is_new
    window.go("settings")
    window.side_bar.station("settings").setFocus()
    page.desk.previous()
    QTest.keyClick(window.side_bar.station("settings"), Qt.Key.Key_N, CONTROL_SHIFT)
    assert not page.desk.is_new  # of a page out of sight


def test_looks(qtbot: QtBot, window: Window) -> None:
    assert window.verbs[actions.LOOK_SYSTEM].isChecked()
    window.verbs[actions.LOOK_DARK].trigger()
    assert Theme.current.dark
    checked = [verb for verb in actions.COLOURS if window.verbs[verb].isChecked()]
    assert checked == [actions.LOOK_DARK]
    assert Preferences().dark is True
    window.verbs[actions.LOOK_LIGHT].trigger()
    assert not Theme.current.dark


def test_an_earlier_crash_is_told_once_the_window_shows(qtbot: QtBot, window: Window) -> None:
    window.tell_earlier_crash("Segmentation fault")
    (toast,) = window.findChildren(Toast)
    assert "ended unexpectedly" in toast.text
    toast.button.click()
    dialog = top_level(ProblemDialog)
    assert dialog.error.details == "Segmentation fault"
    dialog.close()


# --- What comes back --------------------------------------------------------------------------------------------------


def test_size_page_and_project_come_back(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    window.resize(1210, 750)
    window.go("settings")
    window.close()
    assert window.session.project is None
    again = Window(Session(), Preferences())
    qtbot.addWidget(again)
    again.show()
    open_at_start(again, None)
    until(qtbot, lambda: again.station == "settings")
    assert again.session.project.path == project
    assert again.height() == 750  # the test's screen is too narrow for the width
    again.close()


def test_a_project_that_was_closed_does_not_come_back(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    window.projects.close()
    window.close()
    again = Window(Session(), Preferences())
    qtbot.addWidget(again)
    open_at_start(again, None)
    assert again.station == "home"
    assert again.session.project is None
    again.close()


def test_the_command_lines_project_goes_first(qtbot: QtBot, window: Window, project: Path, tmp_path: Path) -> None:
    other = make_project(tmp_path / "other", name="Other")
    window.preferences.project = str(project)
    open_at_start(window, other)
    until(qtbot, lambda: window.session.project is not None)
    assert window.session.project.name == "Other"


def test_closing_the_window_keeps_the_last_words(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    page = window.page()
    until(qtbot, lambda: page.desk.shown == 1)
    page.form.fields["output"].editor.setFocus()
    page.form.fields["output"].editor.moveCursor(page.form.fields["output"].editor.textCursor().MoveOperation.End)
    QTest.keyClicks(page.form.fields["output"].editor, " Welcome")
    window.close()
    with Project.open(project) as again:
        assert again.store.get(1).output == "Ahoy, Anna! Welcome"


def test_words_that_cannot_be_saved_are_not_lost_without_asking(
    qtbot: QtBot, window: Window, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_fields: object) -> None:
        raise UserError("The disk is full.")

    opened(qtbot, window, project)
    page = window.page()
    until(qtbot, lambda: page.desk.shown == 1)
    with monkeypatch.context() as patch:
        patch.setattr(window.session.project.store, "update", full)
        page.form.fields["input"].editor.setFocus()
        QTest.keyClicks(page.form.fields["input"].editor, "precious")
        for leave in (window.close, window.verbs[actions.CLOSE_PROJECT].trigger):
            leave()
            dialog = top_level(LoseDialog)
            dialog.keep.click()
            assert window.isVisible()
            assert window.session.project is not None
    page.form.fields["input"].editor.setFocus()
    QTest.keyClicks(page.form.fields["input"].editor, "!")
    window.close()
    assert not window.isVisible()
    with Project.open(project) as again:
        assert again.store.get(1).input == "precious!"


def test_who_wants_to_lose_them_can(
    qtbot: QtBot, window: Window, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(qtbot, window, project)
    monkeypatch.setattr(type(window.pages["examples"]), "unsaved", True)
    window.close()
    top_level(LoseDialog).lose.click()
    assert not window.isVisible()
    assert window.session.project is None


def _unnamed(parent: QWidget) -> list[QWidget]:
    """Widgets that the keyboard reaches and a screen reader cannot name."""
    reached = [widget for widget in parent.findChildren(QWidget) if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    named = [widget for widget in reached if widget.accessibleName() or _words_on(widget)]
    return [widget for widget in reached if widget not in named and widget.isVisible() and not _is_part(widget)]


def _is_part(widget: QWidget) -> bool:
    """Whether it belongs to a widget that has a name of its own."""
    return isinstance(widget, (QTabBar, QScrollBar)) or isinstance(widget.parent(), (QAbstractSpinBox, QComboBox))


def _words_on(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton) else ""


@pytest.mark.parametrize("station", ["home", "examples", "settings", "train", "compare", "adapters"])
def test_everything_the_keyboard_reaches_has_a_name(qtbot: QtBot, window: Window, project: Path, station: str) -> None:
    opened(qtbot, window, project)
    window.go(station)
    qtbot.wait(20)
    assert [(type(widget).__name__, widget.parent()) for widget in _unnamed(window)] == []


def test_nothing_is_smaller_than_it_may_be(window: Window) -> None:
    window.resize(300, 300)
    assert (window.width(), window.height()) == (1100, 700)


def test_settings_as_they_are_wait_in_the_queue(qtbot: QtBot, window: Window, project: Path) -> None:
    opened(qtbot, window, project)
    window.verbs[actions.ADD_TO_QUEUE].trigger()
    until(qtbot, lambda: window.session.queue.amount == 1)
    until(qtbot, lambda: toasts(window) == ["Run 1 waits in the queue."])
    window.findChildren(Toast)[-1].button.click()
    page = window.page()
    assert isinstance(page, TrainPage)
    assert page._stack.currentWidget() is page.queue


def test_a_run_of_the_queue_that_broke_off_is_told_with_a_way_to_it(
    qtbot: QtBot, window: Window, project: Path
) -> None:
    opened(qtbot, window, project)
    run = new_run(project / "runs", "a")
    thread = TrainingThread(run, start=False, parent=window)
    thread.problem = UserError("The run was interrupted.")
    window.session.queue.broke_off.emit(thread)
    assert toasts(window) == ["Run 1 · A did not finish. The run was interrupted."]
    window.findChildren(Toast)[-1].button.click()
    page = window.page()
    assert isinstance(page, TrainPage)
    assert page.watch.run == run


def test_a_queue_that_was_left_on_goes_on_and_says_so(
    qtbot: QtBot, window: Window, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    said: list[tuple[str, Callable[[], object]]] = []

    def start(path: Path) -> subprocess.Popen[bytes]:
        started.append(path)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr("app.window.show_toast", lambda _, text, *, act, on_act: said.append((text, on_act)))
    window.session.queue.start_runner = start
    queue = Queue(project / "runs")
    queue.runs.mkdir()
    queue.add([new_run(queue.runs, "a"), new_run(queue.runs, "b")])
    queue.switch(True)
    opened(qtbot, window, project)
    until(qtbot, lambda: started == [project])
    (words, hold), *more = said
    assert (words, more) == ("The queue goes on: 2 runs wait.", [])
    hold()
    until(qtbot, lambda: not queue.look().on)
