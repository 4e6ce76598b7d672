"""The Examples page: what is typed is kept, the list follows, and every act can be taken back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_bench import THREE, WordFormat, make_project, stored, until
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from app import disk
from app.models.example_cells import Column
from app.pages.examples import ExamplesPage
from app.session import Session
from app.widgets.example_browser import ExampleBrowser
from app.widgets.import_dialog import ImportDialog
from app.widgets.toast import Toast
from core.dataset.example import Example, Split, Status
from core.dataset.store import Change, Counts
from core.dataset.versions import Versions
from core.errors import ModelError, UserError
from core.project import Project

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> WordFormat:
    """Tokens are words."""
    found = WordFormat()
    monkeypatch.setattr(disk, "prompt_format", lambda *_: found)
    return found


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def opened(qtbot: QtBot, session: Session, path: Path, count: int = 3) -> ExamplesPage:
    """The page with a project of so many examples, in front of the user."""
    session.open(path)
    page = ExamplesPage(session)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    with qtbot.waitActive(page):
        page.activateWindow()
    until(qtbot, lambda: page.table.rowCount() == count and not page.table.busy)
    return page


@pytest.fixture
def page(qtbot: QtBot, session: Session, tmp_path: Path) -> ExamplesPage:
    return opened(qtbot, session, make_project(tmp_path / "letters", THREE))


@pytest.fixture
def empty(qtbot: QtBot, session: Session, tmp_path: Path) -> ExamplesPage:
    page = opened(qtbot, session, make_project(tmp_path / "empty"), 0)
    until(qtbot, lambda: page._stack.currentWidget() is page.empty)
    return page


def write(page: ExamplesPage, field: str, text: str) -> None:
    editor = page.form.fields[field].editor
    editor.setFocus()
    QTest.keyClicks(editor, text)


def editor(page: ExamplesPage, field: str) -> str:
    return page.form.fields[field].editor.text()


def column(page: ExamplesPage, column: Column) -> list[str]:
    return [page.table.index(row, column).data() for row in range(page.table.rowCount())]


def toast(page: ExamplesPage) -> Toast:
    (found,) = [toast for toast in page.window().findChildren(Toast) if toast.isVisible()]
    return found


# --- Writing ----------------------------------------------------------------------------------------------------------


def test_an_empty_project_offers_the_first_step(qtbot: QtBot, session: Session, empty: ExamplesPage) -> None:
    assert not empty._new.isVisible()  # one way in, not two
    empty.empty.button.click()
    assert empty.form.fields["instruction"].editor.hasFocus()
    write(empty, "instruction", "Greet Dora")
    write(empty, "output", "Ahoy, Dora!")
    until(qtbot, lambda: empty.table.counts == Counts(1, 1, 0, 0))
    assert stored(session) == [Example("Greet Dora", "", "Ahoy, Dora!")]
    assert empty._summary.text() == "1 example, 1 ready."


def test_typing_is_kept_without_a_save_button(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.form.fields["output"].editor.moveCursor(page.form.fields["output"].editor.textCursor().MoveOperation.End)
    write(page, "output", " Hi")
    until(qtbot, lambda: not page.desk.autosave.busy)  # nobody asked for it
    assert session.project.store.get(1).output == "Ahoy, Anna! Hi"
    until(qtbot, lambda: column(page, Column.OUTPUT)[0] == "Ahoy, Anna! Hi")


def test_leaving_a_field_keeps_at_once(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    write(page, "input", "from Rome")
    page.form.fields["output"].editor.setFocus()
    session._writer.waitForDone()
    assert session.project.store.get(1).input == "from Rome"


def test_control_enter_goes_through_the_list_and_on_to_a_new_example(
    qtbot: QtBot, session: Session, page: ExamplesPage
) -> None:
    assert page.desk.shown == 1
    page.form.focus_first()
    for expected in (2, 3):
        QTest.keyClick(page.form.fields["instruction"].editor, Qt.Key.Key_Return, CONTROL)
        assert page.desk.shown == expected
    write(page, "output", "Ahoy, Cem!")
    QTest.keyClick(page.form.fields["output"].editor, Qt.Key.Key_Return, CONTROL)
    assert page.desk.is_new
    assert "New example" in page.form.header.title()
    for name in ("Dora", "Emil"):
        write(page, "instruction", f"Greet {name}")
        QTest.keyClick(page.form.fields["instruction"].editor, Qt.Key.Key_Return, CONTROL)
    until(qtbot, lambda: page.table.rowCount() == 5)
    assert [example.instruction for example in stored(session)][3:] == ["Greet Dora", "Greet Emil"]
    assert session.project.store.get(3).output == "Ahoy, Cem!"
    assert page.desk.is_new


def test_control_enter_at_the_end_of_a_search_says_so(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.search.setText("Anna")
    until(qtbot, lambda: page.table.rowCount() == 1)
    page.desk.save_and_next()
    assert toast(page).text == "That was the last example in this list."
    assert page.desk.shown == 1


def test_a_new_example_without_words_is_not_stored(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.new()
    write(page, "instruction", "x")
    QTest.keyClick(page.form.fields["instruction"].editor, Qt.Key.Key_Backspace)
    page.desk.previous()
    assert page.desk.shown == 3
    assert len(stored(session)) == 3


def test_previous_and_next(page: ExamplesPage) -> None:
    page.desk.previous()
    assert page.desk.shown == 1
    QTest.keyClick(page, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert page.desk.shown == 2
    assert editor(page, "input") == "from Kiel"
    assert page.form.header.title() == "Example 2: 2 of 3"


def test_status_tags_split_and_note_are_kept(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.form.details.set_open(True)
    page.form.header.status_chosen.emit(Status.EXCLUDED)
    page.form.details.tags_changed.emit(("polite",))
    page.form.details.split_changed.emit(Split.HELDOUT)
    write(page, "system", "Be kind.")
    write(page, "note", "By Ann")
    first = stored(session)[0]
    assert (first.status, first.tags, first.split) == (Status.EXCLUDED, ("polite",), Split.HELDOUT)
    assert (first.system, first.note) == ("Be kind.", "By Ann")


def test_text_survives_as_it_was_typed_or_pasted(session: Session, page: ExamplesPage) -> None:
    text = "مرحبا\n  <b>no html</b>\ta\u00a0b 翻訳 👩‍🚀 <|im_end|>"
    page.form.fields["output"].editor.selectAll()
    page.form.fields["output"].editor.insertPlainText(text)
    assert stored(session)[0].output == text


def test_undo_and_redo_of_typing(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.form.fields["instruction"].editor.selectAll()
    write(page, "instruction", "Hail Anna")
    session.wait()
    QTest.keyClick(page.form.fields["instruction"].editor, Qt.Key.Key_Z, CONTROL)
    until(qtbot, lambda: editor(page, "instruction") == "Greet Anna")
    QTest.keyClick(page.form.fields["instruction"].editor, Qt.Key.Key_Y, CONTROL)
    until(qtbot, lambda: editor(page, "instruction") == "Hail Anna")
    assert stored(session)[0].instruction == "Hail Anna"


def test_a_failed_write_is_said_and_tried_again(
    qtbot: QtBot, session: Session, page: ExamplesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_fields: object) -> None:
        raise UserError("The disk is full.", hint="Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(session.project.store, "update", full)
        write(page, "input", "a")
        session.wait()
        assert page.banner.title == "The disk is full."
    write(page, "input", "b")
    assert stored(session)[0].input == "ab"


# --- Views ------------------------------------------------------------------------------------------------------------


def test_the_views_of_the_page(qtbot: QtBot, page: ExamplesPage) -> None:
    duplicate = next(action for action in page.actions() if action.text().startswith("Duplicate"))
    page.views.choice.button("quality").click()
    assert page.views.quality.isVisible()
    assert not page.browser.isVisible()
    assert not duplicate.isEnabled()  # what is selected is out of sight
    page.views.choice.button("statistics").click()
    assert page.views.statistics.isVisible()
    QTest.keyClick(page, Qt.Key.Key_F, CONTROL)
    assert page.browser.search.hasFocus()
    assert page.views.current == "write"
    assert duplicate.isEnabled()
    until(qtbot, lambda: not page.views.quality.lookout.busy and not page.views.statistics.lookout.busy)


def test_a_new_example_from_another_view(qtbot: QtBot, page: ExamplesPage) -> None:
    page.views.show_view("quality")
    page.new()
    assert page.form.fields["instruction"].editor.hasFocus()
    until(qtbot, lambda: not page.views.quality.lookout.busy)


def test_the_summary_says_how_many_need_a_look(page: ExamplesPage) -> None:
    page.views.show_view("quality")
    page.views.quality.counted.emit(2)
    assert page._summary.text() == "3 examples, 2 ready, 1 draft. 2 need a look."
    page.views.quality.counted.emit(0)
    assert page._summary.text() == "3 examples, 2 ready, 1 draft."


def test_an_empty_project_has_no_row_of_views_but_for_its_versions(
    qtbot: QtBot, session: Session, empty: ExamplesPage
) -> None:
    assert not empty.views.choice.isVisible()
    Versions(session.project.path).save(session.project.store, "Nothing yet")
    empty.table.refresh()
    until(qtbot, lambda: empty.views.choice.isVisible())  # a way back


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_characters_and_tokens_are_counted(qtbot: QtBot, page: ExamplesPage) -> None:
    until(qtbot, lambda: page.form.fields["output"].counts() == "11 characters, 2 tokens")
    until(qtbot, lambda: page.form.meter.text().startswith("5 of "))
    until(qtbot, lambda: column(page, Column.LENGTH) == ["5", "7", "3"])
    assert page.table.headerData(Column.LENGTH, Qt.Orientation.Horizontal) == "Tokens"
    write(page, "input", "and Olga")
    until(qtbot, lambda: page.form.meter.text().startswith("7 of "))


def test_what_the_model_sees(qtbot: QtBot, page: ExamplesPage) -> None:
    page.form.tabs.setCurrentIndex(1)
    until(qtbot, lambda: page.form.tokens.text().startswith("5 tokens. The 3 underlined ones are learnt"))
    assert page.form.tokens.view.toPlainText() == "Greet Anna Ahoy, Anna! <end> "


def test_an_example_the_template_refuses_is_explained(qtbot: QtBot, page: ExamplesPage) -> None:
    write(page, "instruction", "refused ")
    until(qtbot, lambda: page.form.meter.text() == "The template refuses this example.")


def test_a_missing_base_model_is_explained(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_base: str, _template: str) -> None:
        raise ModelError("The base model is not on this machine.", hint="Choose another.")

    monkeypatch.setattr(disk, "prompt_format", missing)
    page = opened(qtbot, session, make_project(tmp_path / "letters", THREE))
    until(qtbot, lambda: "The base model is not on this machine." in page.form.meter.text())
    assert page.form.fields["output"].counts() == "11 characters"
    assert column(page, Column.LENGTH)[0] == str(len("Greet Anna" + "Ahoy, Anna!"))


# --- Finding ----------------------------------------------------------------------------------------------------------


def test_searching(qtbot: QtBot, page: ExamplesPage) -> None:
    QTest.keyClick(page, Qt.Key.Key_F, CONTROL)
    assert page.browser.search.hasFocus()
    QTest.keyClicks(page.browser.search, "kiel")
    until(qtbot, lambda: column(page, Column.NUMBER) == ["2"])
    QTest.keyClick(page.browser.search, Qt.Key.Key_Escape)
    until(qtbot, lambda: page.table.rowCount() == 3)


def test_a_search_without_result_offers_the_way_back(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.search.setText("<b>zebra</b>")
    until(qtbot, lambda: page.browser._nothing.isVisible())
    page.browser._nothing.second_button.click()
    until(qtbot, lambda: page.table.rowCount() == 3 and page.browser.list.isVisible())
    assert page.browser.search.text() == ""


def test_filtering_by_status(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.filter.button("draft").click()
    until(qtbot, lambda: column(page, Column.INSTRUCTION) == ["Greet Cem"])  # a draft by nature
    page.browser.filter.button("excluded").click()
    until(qtbot, lambda: page.browser._nothing.isVisible())
    page.browser.filter.button("").click()
    until(qtbot, lambda: page.table.rowCount() == 3)


def test_filtering_by_side_and_tag(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.form.details.split_changed.emit(Split.HELDOUT)
    page.form.details.tags_changed.emit(("polite & <b>kind</b>",))
    session.wait()
    more, menu = page.browser.more, page.browser.more.menu()
    until(qtbot, lambda: more._tags == ["polite & <b>kind</b>"])

    def choose(words: str) -> None:
        menu.aboutToShow.emit()
        next(action for action in menu.actions() if action.text() == words).trigger()

    choose("Held-out")
    until(qtbot, lambda: column(page, Column.NUMBER) == ["1"])
    choose("Training")
    until(qtbot, lambda: column(page, Column.NUMBER) == ["2"])  # the third is a draft: on no side
    assert page.browser.chips.words() == ["Split: Training"]
    choose("polite && <b>kind</b>")
    until(qtbot, lambda: page.browser._nothing.isVisible())
    page.browser.chips.button("side").click()
    until(qtbot, lambda: column(page, Column.NUMBER) == ["1"])
    assert page.browser.chips.words() == ["Tag: polite & <b>kind</b>"]
    page.browser.chips.button("tag").click()
    until(qtbot, lambda: page.table.rowCount() == 3)
    assert not page.browser.chips.isVisible()


def test_showing_some_examples_only(qtbot: QtBot, page: ExamplesPage) -> None:
    page.views.show_view("quality")
    page.show_ids((1, 3), "2 near-duplicates")
    assert page.views.current == "write"
    until(qtbot, lambda: column(page, Column.NUMBER) == ["1", "3"])
    assert page.browser.chips.words() == ["2 near-duplicates"]
    assert page.browser.is_narrowed
    page.browser.chips.button("among").click()
    until(qtbot, lambda: page.table.rowCount() == 3)


def search(page: ExamplesPage, words: str) -> None:
    page.browser.search.setFocus()
    page.browser.search.setText(words)
    page.browser.search.returnPressed.emit()


def test_the_form_follows_a_search(qtbot: QtBot, page: ExamplesPage) -> None:
    write(page, "input", "by the sea")
    second = page.table.example(1)
    assert second is not None
    search(page, second.instruction)
    until(qtbot, lambda: column(page, Column.NUMBER) == ["2"])
    assert page.desk.shown == 2
    assert page.browser.list.chosen_ids() == [2]
    search(page, "")
    until(qtbot, lambda: page.table.rowCount() == 3)
    assert page.browser.list.chosen_ids() == [2]
    search(page, "nothing is like that")
    until(qtbot, lambda: page.table.rowCount() == 0)
    assert page.desk.shown == 2
    search(page, "")
    until(qtbot, lambda: page.table.rowCount() == 3)
    assert page.browser.list.chosen_ids() == [2]  # again


def test_the_form_follows_a_finding(qtbot: QtBot, page: ExamplesPage) -> None:
    write(page, "input", "x")
    page.views.show_view("quality")
    page.show_ids((2, 3), "2 near-duplicates")
    until(qtbot, lambda: column(page, Column.NUMBER) == ["2", "3"])
    assert page.desk.shown == 2
    page.browser.list.go_to(3)
    page.show_ids((2, 3), "2 near-duplicates")
    until(qtbot, lambda: not page.table.busy)
    assert page.desk.shown == 3


def test_the_form_follows_the_funnel(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.list.go_to(3)  # a draft: on no side
    write(page, "input", "x")
    page.browser.more.side_chosen.emit(Split.TRAIN)  # the funnel leaves the focus where it is
    until(qtbot, lambda: page.table.listed_wish.side is Split.TRAIN and not page.table.busy)
    assert page.desk.shown == page.table.id_at(0)


def test_what_is_being_written_stays_in_the_form(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.filter.set_value(Status.DRAFT.value)
    page.browser._ask()
    write(page, "input", "x")  # before the list is there
    until(qtbot, lambda: column(page, Column.NUMBER) == ["3"])
    assert page.desk.shown == 1


def test_a_new_example_takes_the_filters_away(qtbot: QtBot, page: ExamplesPage) -> None:
    page.show_ids((1, 3), "some")
    until(qtbot, lambda: page.table.rowCount() == 2)
    page.new()
    until(qtbot, lambda: page.table.rowCount() == 3)
    assert page.browser.chips.words() == []


def test_the_column_of_the_split_can_always_be_seen(qtbot: QtBot, page: ExamplesPage) -> None:
    rows, header = page.browser.list, page.browser.list.horizontalHeader()

    def choose() -> None:
        header.customContextMenuRequested.emit(QPoint(5, 5))
        (menu,) = [menu for menu in header.findChildren(QMenu) if menu.isVisible()]
        next(action for action in menu.actions() if action.text() == "Split").trigger()
        menu.close()

    page._splitter.setSizes([420, 580])
    assert rows.isColumnHidden(Column.SPLIT)
    choose()
    assert not rows.isColumnHidden(Column.SPLIT)
    assert ExampleBrowser(page.table, page).list.split_shown is True  # remembered
    choose()
    page.resize(1080, 700)  # what a window 1280 wide leaves it
    page._splitter.setSizes([2000, 1])
    assert rows.isColumnHidden(Column.SPLIT)  # unwanted, however wide
    rows.split_shown = None
    assert not rows.isColumnHidden(Column.SPLIT)


def test_sorting_keeps_the_filters(qtbot: QtBot, page: ExamplesPage) -> None:
    page.show_ids((1, 3), "some")
    page.browser.list.sortByColumn(Column.NUMBER, Qt.SortOrder.DescendingOrder)
    until(qtbot, lambda: column(page, Column.NUMBER) == ["3", "1"])


def test_sorting_keeps_the_example_in_the_form(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.list.go_to(2)
    page.browser.list.sortByColumn(Column.INSTRUCTION, Qt.SortOrder.DescendingOrder)
    until(qtbot, lambda: column(page, Column.NUMBER) == ["3", "2", "1"])
    assert page.desk.shown == 2
    assert page.browser.list.current_id() == 2


def test_an_edit_moves_no_row_under_the_typing_hand(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.browser.list.sortByColumn(Column.INSTRUCTION, Qt.SortOrder.AscendingOrder)
    until(qtbot, lambda: not page.table.busy)
    page.browser.list.go_to(1)
    page.form.fields["instruction"].editor.selectAll()
    write(page, "instruction", "Zzz")
    until(qtbot, lambda: not page.desk.autosave.busy and not page.table.busy)
    assert column(page, Column.NUMBER) == ["1", "2", "3"]
    page.desk.next()
    until(qtbot, lambda: column(page, Column.NUMBER) == ["2", "3", "1"])
    assert page.desk.shown == 2


def test_a_new_example_is_not_hidden_by_a_search(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.search.setText("Anna")
    until(qtbot, lambda: page.table.rowCount() == 1)
    page.new()
    until(qtbot, lambda: page.table.rowCount() == 3)
    write(page, "instruction", "Greet Dora")
    until(qtbot, lambda: page.table.rowCount() == 4)


# --- Several at once --------------------------------------------------------------------------------------------------


def test_deleting_with_the_key_and_undoing_in_the_toast(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.browser.list.setFocus()
    page.browser.list.selectAll()
    assert page.browser.selection.isVisible()
    assert page.browser.selection.delete.text() == "Delete 3 examples"
    QTest.keyClick(page.browser.list, Qt.Key.Key_Delete)
    until(qtbot, lambda: page._stack.currentWidget() is page.empty)
    assert toast(page).text == "Deleted 3 examples."
    toast(page).button.click()
    until(qtbot, lambda: page.table.rowCount() == 3)
    assert stored(session) == list(THREE)


def test_the_neighbour_takes_over_when_the_shown_example_is_deleted(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.list.go_to(2)
    page.verbs.delete()
    until(qtbot, lambda: page.table.rowCount() == 2)
    assert page.desk.shown == 3
    page.verbs.delete()
    until(qtbot, lambda: page.table.rowCount() == 1)
    assert page.desk.shown == 1


def test_deleting_and_undoing_in_one_breath_leaves_a_form_that_writes(
    qtbot: QtBot, session: Session, page: ExamplesPage
) -> None:
    page.verbs.delete()
    session.undo()
    session.wait()  # both are done before the list is made once more
    until(qtbot, lambda: not page.table.busy)
    assert page.desk.shown == 1
    write(page, "input", "still here")
    assert stored(session)[0].input == "still here"


def test_the_toast_goes_with_the_next_change(qtbot: QtBot, page: ExamplesPage) -> None:
    page.verbs.delete()
    until(qtbot, lambda: page.table.rowCount() == 2)
    shown = toast(page)
    write(page, "input", "x")
    until(qtbot, lambda: not page.desk.autosave.busy)
    assert not any(other.isVisible() for other in page.findChildren(Toast))  # its Undo would mean something else
    assert shown.text == "Deleted 1 example."


def test_a_new_example_is_deleted_by_taking_it_off_the_desk(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.new()
    page.form.header.delete_wanted.emit()
    assert not page.desk.is_new
    assert page.desk.shown == 3
    assert len(stored(session)) == 3


def test_marking_several(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.browser.list.selectAll()
    page.verbs.mark(Status.EXCLUDED)
    until(qtbot, lambda: page.table.counts.excluded == 3)
    assert {example.status for example in stored(session)} == {Status.EXCLUDED}
    assert page.form.header.status() is Status.EXCLUDED
    assert len(page.browser.list.chosen_ids()) == 3  # still chosen
    session.undo()
    until(qtbot, lambda: page.table.counts.ready == 2)


def context_menu(page: ExamplesPage) -> QMenu:
    page.browser.list.customContextMenuRequested.emit(QPoint(20, 60))
    menus = page.browser.list.findChildren(QMenu)
    return next(menu for menu in menus if menu.isVisible() and len(menu.actions()) > 3)


def test_the_menu_of_the_right_mouse_button(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.browser.list.selectAll()
    menu = context_menu(page)
    words = [action.text().partition("\t")[0] for action in menu.actions() if not action.isSeparator()]
    assert words == [
        *("Write in it", "Mark as", "Split", "Tags…", "Find and replace…", "Draft outputs with the model…"),
        *("Duplicate", "Delete 3 examples"),
    ]
    menu.actions()[1].menu().actions()[2].trigger()
    until(qtbot, lambda: page.table.counts.excluded == 3)
    menu = context_menu(page)
    menu.actions()[-1].trigger()
    menu.close()
    until(qtbot, lambda: page.table.counts.total == 0)


def test_what_takes_a_moment_says_so(
    qtbot: QtBot, session: Session, page: ExamplesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    store, real = session.project.store, session.project.store.update_many

    def slow(ids: list[int], **fields: object) -> Change:
        assert gate.wait(10)
        return real(ids, **fields)

    monkeypatch.setattr(store, "update_many", slow)
    page.browser.list.selectAll()
    page.verbs.mark(Status.EXCLUDED)
    until(qtbot, page.browser.progress.isVisible)
    assert page.browser.progress.words == "Working on 3 examples …"
    assert not page.browser.selection.isEnabled()
    gate.set()
    until(qtbot, lambda: page.table.counts.excluded == 3)
    assert not page.browser.progress.isVisible()
    assert page.browser.selection.isEnabled()

    def full(*_args: object, **_fields: object) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr(store, "update_many", full)
    with qtbot.waitSignal(session.problem):
        page.verbs.mark(Status.READY)
    assert page.browser.selection.isEnabled()


def test_assigning_several_to_a_side(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.browser.list.selectAll()
    page.browser.selection.split_wanted.emit(Split.HELDOUT)
    until(qtbot, lambda: column(page, Column.SPLIT) == ["Held-out", "Held-out", ""])  # the third is a draft
    assert {example.split for example in stored(session)} == {Split.HELDOUT}
    toast(page).button.click()
    until(qtbot, lambda: column(page, Column.SPLIT) == ["Training", "Training", ""])


def test_tags_of_several(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    session.project.store.update_many([1, 2], tags=("old", "kept"))
    page.browser.list.selectAll()
    dialog = page.verbs.change_tags()
    until(qtbot, lambda: list(dialog.boxes) == ["kept", "old"])
    assert not dialog.button.isEnabled()
    dialog.boxes["old"].setChecked(True)
    assert dialog.button.text() == "Take away 1 tag"
    QTest.keyClicks(dialog.add.focusProxy(), "new")
    QTest.keyClick(dialog.add.focusProxy(), Qt.Key.Key_Return)  # adds it, and does not end the dialog
    assert dialog.button.text() == "Add 1 tag, take away 1"
    dialog.button.click()
    until(qtbot, lambda: stored(session)[2].tags == ("new",))
    assert [example.tags for example in stored(session)] == [("kept", "new"), ("kept", "new"), ("new",)]
    assert toast(page).text == "Changed tags of 3 examples."
    session.undo()
    assert [example.tags for example in stored(session)] == [("old", "kept"), ("old", "kept"), ()]


def test_duplicating(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    QTest.keyClick(page, Qt.Key.Key_D, CONTROL)
    until(qtbot, lambda: page.desk.shown == 4)
    assert editor(page, "output") == "Ahoy, Anna!"
    assert stored(session)[3] == THREE[0]


# --- Files ------------------------------------------------------------------------------------------------------------


def imported(page: ExamplesPage, path: Path) -> ImportDialog:
    return page.files.import_examples(path)


def test_importing_lists_bad_rows_and_takes_the_good_ones(
    qtbot: QtBot, session: Session, page: ExamplesPage, tmp_path: Path
) -> None:
    file = tmp_path / "more.json"
    rows = [{"instruction": f"Greet {n}", "input": "", "output": "Ahoy!"} for n in range(200)]
    file.write_text(json.dumps([*rows, "words", {"instruction": 3, "output": "x"}]), encoding="utf-8")
    dialog = imported(page, file)
    until(qtbot, lambda: dialog.button.text() == "Import 200 examples")
    skipped = dialog.preview.skipped.cells()
    assert [row[0] for row in skipped] == ["201", "202"]
    assert all(row[2] for row in skipped)
    dialog.button.click()
    until(qtbot, lambda: page.table.rowCount() == 203)
    assert toast(page).text == "Imported 200 examples."
    assert page.desk.shown == 4  # the first of them
    toast(page).button.click()
    until(qtbot, lambda: page.table.rowCount() == 3)


def test_a_file_that_is_none_changes_nothing(
    qtbot: QtBot, session: Session, page: ExamplesPage, tmp_path: Path
) -> None:
    file = tmp_path / "broken.json"
    file.write_text('[{"instruction": "a"', encoding="utf-8")
    dialog = imported(page, file)
    until(qtbot, lambda: dialog.banner.title)
    assert not dialog.button.isEnabled()
    dialog.reject()
    assert stored(session) == list(THREE)


def test_a_cancelled_import_changes_nothing(qtbot: QtBot, session: Session, page: ExamplesPage, tmp_path: Path) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\n' * 3000, encoding="utf-8")
    dialog = imported(page, file)
    until(qtbot, lambda: dialog.button.isEnabled())
    dialog.button.click()
    dialog.reject()
    session.wait()
    until(qtbot, lambda: not page.table.busy)
    assert len(stored(session)) in (3, 3003)  # all or nothing
    if len(stored(session)) == 3:
        assert page.banner.title == ""


def test_pasting_rows_into_the_list_opens_the_import(qtbot: QtBot, page: ExamplesPage) -> None:
    QGuiApplication.clipboard().setText("instruction\toutput\nGreet Dora\tAhoy!\nGreet Emil\tAhoy!")
    page.browser.list.setFocus()
    QTest.keyClick(page.browser.list, Qt.Key.Key_V, CONTROL)
    (dialog,) = page.findChildren(ImportDialog)
    until(qtbot, lambda: dialog.button.text() == "Import 2 examples")
    dialog.button.click()
    until(qtbot, lambda: page.table.rowCount() == 5 and page.desk.shown == 4)


def test_dropping_a_file_opens_the_import(qtbot: QtBot, page: ExamplesPage, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("instruction,output\nGreet Dora,Ahoy!\n", encoding="utf-8")
    data = QMimeData()  # the event does not keep it
    data.setUrls([QUrl.fromLocalFile(str(file))])
    place, button, key = QPointF(10, 10), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, data, button, key))
    (dialog,) = page.findChildren(ImportDialog)
    until(qtbot, lambda: dialog.button.text() == "Import 1 example")
    dialog.reject()


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv"])
def test_exporting_and_bringing_back(
    qtbot: QtBot, session: Session, page: ExamplesPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    target = tmp_path / "out" / "examples"
    target.parent.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(target), ""))
    write(page, "input", "typed just now ")
    dialog = page.files.export_examples()
    dialog.choose("all", ending)
    dialog.button.click()
    until(qtbot, lambda: not page.isHidden() and target.with_name(f"examples{ending}").exists())
    until(qtbot, lambda: page.window().findChildren(Toast))
    with Project.create(tmp_path / "again") as again:
        from core.dataset import files

        again.store.add(files.read(target.with_name(f"examples{ending}")).examples)
        texts = [(example.instruction, example.input, example.output) for example in again.store.iterate()]
    assert texts[0] == ("Greet Anna", "typed just now ", "Ahoy, Anna!")
    assert len(texts) == 3


def test_exporting_what_is_listed_or_selected(
    qtbot: QtBot, session: Session, page: ExamplesPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "some.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(target), ""))
    page.browser.filter.button("ready").click()
    until(qtbot, lambda: page.table.rowCount() == 2)
    dialog = page.files.export_examples()
    assert dialog.scope == "listed"
    dialog.choose("listed", ".json")
    dialog.button.click()
    until(qtbot, target.exists)
    assert [row["instruction"] for row in json.loads(target.read_text("utf-8"))] == ["Greet Anna", "Greet Ben"]


def test_an_export_that_fails_says_so_in_its_window(
    qtbot: QtBot, page: ExamplesPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(tmp_path / "no" / "x.json"), ""))
    dialog = page.files.export_examples()
    dialog.button.click()
    until(qtbot, lambda: dialog.banner.title)
    assert dialog.button.isEnabled()
    dialog.reject()


def test_the_proposed_file_has_a_name_that_every_system_takes(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda _dialog, _title, path, _kind: asked.append(path) or ("", "")
    )
    page = opened(qtbot, session, make_project(tmp_path / "x", THREE, name="A/B: test?"))
    dialog = page.files.export_examples()
    dialog.button.click()
    assert Path(asked[0]).name == "a-b-test.jsonl"
    assert dialog.button.isEnabled()
    dialog.reject()


# --- Others -----------------------------------------------------------------------------------------------------------


def test_another_programs_changes_appear(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    from core.dataset.store import ExampleStore

    other = ExampleStore(session.project.path / "examples.db")
    other.add([Example("Greet Dora", "", "Ahoy!")])
    other.update(1, output="Moin!")
    other.close()
    page.enter()
    until(qtbot, lambda: page.table.rowCount() == 4 and editor(page, "output") == "Moin!")


def test_a_project_for_reading_can_only_be_looked_at(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_project(tmp_path / "letters", THREE)
    session.use(Project.open(path, read_only=True))
    page = ExamplesPage(session)
    qtbot.addWidget(page)
    page.show()
    until(qtbot, lambda: page.table.rowCount() == 3 and page._export.isEnabled())
    assert page.banner.title == "This project can only be read."
    assert not page._new.isEnabled()
    assert not page._import.isEnabled()
    page.new()
    page.verbs.delete()
    page.verbs.duplicate()
    page.verbs.mark(Status.EXCLUDED)
    write(page, "output", "x")
    assert stored(session) == list(THREE)


def test_another_project_begins_afresh(qtbot: QtBot, session: Session, page: ExamplesPage, tmp_path: Path) -> None:
    page.browser.search.setText("Anna")
    until(qtbot, lambda: page.table.rowCount() == 1)
    write(page, "input", "last words")
    first = session.project.path
    session.open(make_project(tmp_path / "other", [Example("Only one", "", "Yes")]))
    until(qtbot, lambda: column(page, Column.INSTRUCTION) == ["Only one"])
    assert page.browser.search.text() == ""
    assert editor(page, "instruction") == "Only one"
    with Project.open(first) as again:
        assert again.store.get(1).input == "last words"
