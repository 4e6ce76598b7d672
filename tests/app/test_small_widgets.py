"""Small widgets: tags, search, segments, flow, toast, banner, empty state, palette's ranking, drop zone, tips."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_bench import until
from PySide6.QtCore import QMimeData, QRect, Qt, QUrl
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets import toast as toast_module
from app.widgets.banner import Banner
from app.widgets.command_palette import CommandPalette, score
from app.widgets.drop_zone import dropped_file
from app.widgets.elided_label import ElidedLabel
from app.widgets.empty_state import EmptyState
from app.widgets.flow_layout import FlowLayout
from app.widgets.plain_tip import plain_tip
from app.widgets.search_field import SearchField
from app.widgets.selection_bar import SelectionBar
from app.widgets.tag_editor import TagEditor
from app.widgets.toast import Toast, show_toast
from core.errors import UserError


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(800, 600)
    host.show()
    return host


# --- Tags -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tags(qtbot: QtBot) -> TagEditor:
    tags = TagEditor()
    qtbot.addWidget(tags)
    tags.resize(300, 80)
    tags.show()
    return tags


def test_tags_are_added_and_taken_away(qtbot: QtBot, tags: TagEditor) -> None:
    changes: list[tuple[str, ...]] = []
    tags.changed.connect(changes.append)
    line = tags.findChild(QLineEdit)
    QTest.keyClicks(line, "polite")
    QTest.keyClick(line, Qt.Key.Key_Return)
    QTest.keyClicks(line, "  two   words ,")
    QTest.keyClicks(line, "polite,")  # twice is once
    assert changes == [("polite",), ("polite", "two words")]
    next(chip for chip in tags.findChildren(QToolButton) if "polite" in chip.accessibleName()).click()
    assert tags.tags() == ("two words",)
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    assert changes[-1] == ()


def test_setting_tags_tells_nobody(qtbot: QtBot, tags: TagEditor) -> None:
    changes: list[tuple[str, ...]] = []
    tags.changed.connect(changes.append)
    tags.set_tags(["a", "b & c", "a"])
    assert tags.tags() == ("a", "b & c")
    assert changes == []


# --- Search -----------------------------------------------------------------------------------------------------------


def test_search_waits_for_a_pause_and_repeats_nothing(qtbot: QtBot) -> None:
    field = SearchField("Search")
    qtbot.addWidget(field)
    asked: list[str] = []
    field.searched.connect(asked.append)
    QTest.keyClicks(field, "harbour")
    assert asked == []
    until(qtbot, lambda: asked == ["harbour"])
    QTest.keyClicks(field, " ")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert asked == ["harbour"]
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert asked == ["harbour", ""]
    field.setText("x")
    field.reset()
    assert field.text() == ""
    assert asked == ["harbour", ""]


# --- Layout -----------------------------------------------------------------------------------------------------------


def test_flow_puts_a_lines_items_on_its_middle_and_breaks_lines(qtbot: QtBot, host: QWidget) -> None:
    flow = FlowLayout(host, spacing=4)
    small, tall, wide = QWidget(), QWidget(), QWidget()
    for widget, size in ((small, (40, 20)), (tall, (40, 32)), (wide, (90, 20))):
        widget.setFixedSize(*size)
        widget.setParent(host)
        widget.show()  # a hidden one takes no room
        flow.addWidget(widget)
    flow.setGeometry(QRect(0, 0, 100, 100))
    assert small.geometry() == QRect(0, 6, 40, 20)
    assert tall.geometry() == QRect(44, 0, 40, 32)
    assert wide.geometry() == QRect(0, 36, 90, 20)
    assert flow.heightForWidth(100) == 56


# --- Saying things ----------------------------------------------------------------------------------------------------


def test_a_toast_offers_one_act_and_goes(qtbot: QtBot, host: QWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toast_module, "SHOWN_MS", 60)
    undone: list[bool] = []
    toast = show_toast(host, "Deleted 1 example.", act="Undo", on_act=lambda: undone.append(True))
    assert toast.button.text() == "Undo"
    toast.button.click()
    assert undone == [True]
    gone = show_toast(host, "Exported.")
    assert not gone.button.isVisible()
    with qtbot.waitSignal(gone.destroyed):
        pass


def test_a_toast_takes_the_place_of_the_one_before(qtbot: QtBot, host: QWidget) -> None:
    show_toast(host, "one")
    show_toast(host, "two")
    assert [toast.text for toast in host.findChildren(Toast) if toast.isVisible()] == ["two"]


def test_a_long_toast_stays_in_the_window(qtbot: QtBot, host: QWidget) -> None:
    toast = show_toast(host, "Exported 3 examples to " + "a-very-long-name " * 30, act="Show in folder")
    assert toast.x() >= 0
    assert toast.geometry().right() < host.width()
    host.resize(900, 650)
    assert abs(toast.geometry().center().x() - 450) <= 1


def test_a_banner_tells_a_problem_and_copies_its_details(qtbot: QtBot, host: QWidget) -> None:
    banner = Banner(host)
    assert banner.title == ""
    banner.show_problem(UserError("It broke.", reason="Why.", hint="Do this.", details="trace"))
    assert banner.title == "It broke."
    banner._copy.click()
    assert "trace" in QGuiApplication.clipboard().text()
    with qtbot.waitSignal(banner.closed):
        banner._close.click()
    assert banner.title == ""


def test_drawn_signs_follow_the_look(qtbot: QtBot, host: QWidget) -> None:
    empty, banner = EmptyState("edit", "Nothing", ""), Banner(host)
    qtbot.addWidget(empty)
    banner.say("Said", tone="bad")
    before = [sign.pixmap().toImage() for sign in (empty._sign, banner._sign)]
    theme.apply(qtbot_app(), dark=True)
    after = [sign.pixmap().toImage() for sign in (empty._sign, banner._sign)]
    theme.apply(qtbot_app(), dark=False)
    assert all(old != new for old, new in zip(before, after, strict=True))


def qtbot_app() -> object:
    from PySide6.QtWidgets import QApplication

    return QApplication.instance()


def test_a_shortened_label_tells_the_rest_as_plain_text(qtbot: QtBot) -> None:
    label = ElidedLabel("<b>a very long name</b> that does not fit")
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.grab()
    assert "&lt;b&gt;a very long name" in label.toolTip()
    label.resize(600, 20)
    label.grab()
    assert label.toolTip() == ""


def test_tips_are_plain() -> None:
    assert "&lt;script&gt;" in plain_tip("<script>")
    assert plain_tip("") == ""


# --- Palette ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "words"), [("set", "Settings"), ("np", "New project"), ("", "Anything")])
def test_letters_in_order_fit(typed: str, words: str) -> None:
    assert score(typed, words) is not None


def test_what_does_not_fit_and_what_fits_better() -> None:
    assert score("xyz", "Settings") is None
    assert score("tr", "Train") < score("tr", "Start training")
    assert score("new", "New example") < score("new", "Save and go to the next example, wow")


def test_the_palette_offers_what_can_be_done_now(qtbot: QtBot, host: QWidget) -> None:
    done: list[str] = []
    actions = []
    for words, can in (("Open project…", True), ("Close project", False), ("Other", True)):
        action = QAction(words, host)
        action.setEnabled(can)
        action.triggered.connect(lambda _=False, words=words: done.append(words))
        actions.append(action)
    palette = CommandPalette(actions, host)
    palette.open()
    assert palette.shown() == ["Open project", "Other"]
    QTest.keyClicks(palette.field, "zzz")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == []
    assert palette._nothing.isVisible()
    palette.field.clear()
    assert not palette._nothing.isVisible()
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["Open project…"]


# --- Dropping ---------------------------------------------------------------------------------------------------------


def test_one_local_file_can_be_dropped(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("[]", encoding="utf-8")
    cases = {(str(file),): file, (str(tmp_path),): None, (str(file), str(file)): None, (): None}
    for paths, expected in cases.items():
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in paths])
        assert dropped_file(data) == expected
    web = QMimeData()
    web.setUrls([QUrl("https://example.org/a.json")])
    assert dropped_file(web) is None


def test_an_empty_states_buttons(qtbot: QtBot) -> None:
    empty = EmptyState("edit", "Title", "Text", "First", "Second")
    qtbot.addWidget(empty)
    with qtbot.waitSignals([empty.acted, empty.acted_second]):
        for button in empty.findChildren(QPushButton):
            button.click()
    empty.set_words("<i>Other</i>", "words")
    assert "<i>Other</i>" in [label.text() for label in empty.findChildren(QLabel)]
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in (empty._title, empty._text))


# --- Several examples -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "words"), [(402, False), (560, True)])
def test_the_selection_bar_fits(qtbot: QtBot, width: int, words: bool) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    host.setFixedWidth(width)
    bar = SelectionBar()
    column = QVBoxLayout(host)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(bar)
    bar.set_count(100_000)
    host.show()
    until(qtbot, lambda: bar.width() == width and bar._words.isVisible() == words)
    assert bar.delete.text() == "Delete 100,000 examples"
    shown = [button for button in bar.findChildren(QPushButton) if button.isVisible()]
    until(qtbot, lambda: all(button.width() >= button.sizeHint().width() for button in shown))
    bar.set_count(1)
    assert not bar.isVisible()
