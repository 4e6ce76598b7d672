"""Drafts of outputs: written by a model, looked at in the form, and stored only when the user takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fake_model
import pytest
from adapter_factory import trained_run
from example_bench import WordFormat, make_project, stored, until
from fake_model import ADAPTER_WORDS, BASE_WORDS, FakeModels
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app import answer_thread, disk
from app.drafts import Stage
from app.pages.examples import ExamplesPage
from app.session import Session
from app.widgets.toast import Toast
from core.dataset.example import Example
from core.errors import ModelError, PromptError
from core.project import Project

FOUR = (
    Example("Greet Anna"),
    Example("Greet Ben", "from Kiel", "Ahoy, Ben!"),
    Example("Greet Cem"),
    Example("", "", "An answer to nothing"),
)


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens are words."""
    monkeypatch.setattr(disk, "prompt_format", lambda *_: WordFormat())


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "letters", FOUR)


@pytest.fixture
def session(qtbot: QtBot, project: Path) -> Iterator[Session]:
    session = Session()
    session.open(project)
    yield session
    session.close()


@pytest.fixture
def page(qtbot: QtBot, session: Session, models: FakeModels) -> Iterator[ExamplesPage]:
    page = ExamplesPage(session, make_model=models)
    qtbot.addWidget(page)
    page.resize(1100, 760)
    page.show()
    with qtbot.waitActive(page):
        page.activateWindow()
    until(qtbot, lambda: page.table.rowCount() == 4 and not page.table.busy)
    yield page
    if page.drafting.drafts is not None:
        page.drafting.drafts.release()
    until(qtbot, lambda: not answer_thread._living)


def begin(qtbot: QtBot, page: ExamplesPage, ids: list[int] | None = None, *, model: int = 0) -> None:
    """Ask for drafts and confirm."""
    if ids is None:
        page.form.header.draft_wanted.emit()
    else:
        page.drafting.draft(ids)
    until(qtbot, lambda: page.drafting.dialog is not None)
    page.drafting.dialog.model.setCurrentIndex(model)
    page.drafting.dialog.button.click()


def idle(qtbot: QtBot, page: ExamplesPage) -> None:
    until(qtbot, lambda: page.drafting.drafts is not None and not page.drafting.drafts.busy)


def output(page: ExamplesPage) -> str:
    return page.form.fields["output"].editor.text()


def toasts(page: ExamplesPage) -> str:
    """All that toasts say."""
    labels = [label for toast in page.window().findChildren(Toast) for label in toast.findChildren(QLabel)]
    return " ".join(label.text() for label in labels)


def go(page: ExamplesPage, id: int) -> None:
    assert page.browser.list.go_to(id)


def test_a_draft_streams_in_and_is_stored_only_when_accepted(
    qtbot: QtBot, session: Session, page: ExamplesPage, models: FakeModels
) -> None:
    models.hold_writing = True
    bar = page.drafting.bar
    assert not bar.isVisible()
    begin(qtbot, page)
    until(qtbot, lambda: bar.text == "Order")
    assert bar.isVisible()
    assert "Writing…" in bar.words()
    assert not bar.accept.isVisible()
    models.made[0].may_write.set()
    idle(qtbot, page)
    assert bar.text == BASE_WORDS
    assert bar.words() == "Draft by Starter (practice model)\n4 tokens in 0.5 s, 8 a second."
    assert [adapter for _, adapter, _ in models.made[0].asked] == [None]
    assert output(page) == ""
    assert stored(session)[0].output == ""
    bar.accept.click()
    assert output(page) == BASE_WORDS
    assert not bar.isVisible()
    assert stored(session)[0].output == BASE_WORDS
    session.undo()  # one step
    until(qtbot, lambda: output(page) == "")


def in_sight(page: ExamplesPage, widget: QWidget) -> bool:
    return widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect()


def test_the_form_scrolls_to_the_draft(qtbot: QtBot, page: ExamplesPage, models: FakeModels) -> None:
    page.resize(1100, 620)
    models.hold_writing = True
    begin(qtbot, page)
    until(qtbot, lambda: in_sight(page, page.drafting.bar.stop))
    models.made[0].may_write.set()
    idle(qtbot, page)
    until(qtbot, lambda: in_sight(page, page.drafting.bar.accept))


@pytest.mark.parametrize("typing", [False, True])
def test_a_cursor_left_in_a_text_does_not_keep_the_draft_out_of_sight(
    qtbot: QtBot, page: ExamplesPage, models: FakeModels, monkeypatch: pytest.MonkeyPatch, typing: bool
) -> None:
    monkeypatch.setattr(fake_model, "BASE_WORDS", "word \n\n" * 40)
    models.hold_writing = True
    editor = page.form.fields["instruction"].editor
    editor.setFocus()
    editor.insertPlainText("A long question.\n" * 9)
    begin(qtbot, page)
    with qtbot.waitActive(page):
        page.activateWindow()
    until(qtbot, lambda: editor.hasFocus() and in_sight(page, page.drafting.bar.stop))
    if typing:
        editor.insertPlainText("More of it.")
    models.made[0].may_write.set()
    idle(qtbot, page)
    if typing:  # the form stays where the user writes
        until(qtbot, lambda: page.drafting.bar.accept.isVisible() and page.drafting.bar.text.count("word") == 40)
        assert not in_sight(page, page.drafting.bar.accept)
    else:
        until(qtbot, lambda: in_sight(page, page.drafting.bar.accept))


def test_edit_takes_the_draft_and_puts_the_cursor_into_it(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    begin(qtbot, page)
    idle(qtbot, page)
    page.activateWindow()
    until(qtbot, page.isActiveWindow)
    page.drafting.bar.edit.click()
    editor = page.form.fields["output"].editor
    assert editor.hasFocus()
    qtbot.keyClicks(editor, " Yours")
    page.desk.autosave.flush()
    assert stored(session)[0].output == f"{BASE_WORDS} Yours"


def test_reject_leaves_the_output_alone(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    before = session.project.store.undo_label
    begin(qtbot, page, [2])
    idle(qtbot, page)
    assert page.desk.shown == 2  # the form went there
    assert "replaces the output above" in page.drafting.bar.words()
    page.drafting.bar.reject.click()
    assert not page.drafting.bar.isVisible()
    assert stored(session)[1].output == "Ahoy, Ben!"
    assert session.project.store.undo_label == before


def test_many_drafts_one_after_the_other_kept_until_decided(
    qtbot: QtBot, session: Session, page: ExamplesPage, models: FakeModels
) -> None:
    models.hold_writing = True
    page.drafting.draft([1, 2, 3, 4])
    until(qtbot, lambda: page.drafting.dialog is not None)
    dialog = page.drafting.dialog
    assert dialog.button.text() == "Write 3 drafts"
    assert "1 example has no instruction and gets no draft." in dialog.notes.text()
    assert "1 of them has an output" in dialog.notes.text()
    dialog.button.click()
    until(qtbot, lambda: page.drafting.bar.text == "Order")
    assert "Draft 1 of 3 is being written." in page.drafting.bar.words()
    go(page, 3)
    assert "Its turn is to come." in page.drafting.bar.words()
    models.made[0].may_write.set()
    idle(qtbot, page)
    assert len(models.made) == 1
    page.hide()  # another page is shown meanwhile
    page.show()
    assert page.drafting.drafts.undecided() == [1, 2, 3]
    page.drafting.bar.accept.click()
    assert "2 other drafts to look at." in page.drafting.bar.words()
    page.drafting.bar.next.click()
    assert page.desk.shown == 1
    page.drafting.bar.accept.click()
    page.drafting.bar.next.click()
    assert page.desk.shown == 2
    page.drafting.bar.reject.click()
    assert [example.output for example in stored(session)[:3]] == [BASE_WORDS, "Ahoy, Ben!", BASE_WORDS]


def test_the_next_draft_is_found_behind_a_filter(qtbot: QtBot, page: ExamplesPage) -> None:
    begin(qtbot, page, [1, 3])
    idle(qtbot, page)
    page.show_ids((1,), "One")
    until(qtbot, lambda: page.table.rowCount() == 1 and not page.table.busy)
    page.drafting.bar.next.click()
    until(qtbot, lambda: page.desk.shown == 3)
    assert page.table.rowCount() == 2


def test_an_adapter_of_a_run_writes(qtbot: QtBot, session: Session, page: ExamplesPage, models: FakeModels) -> None:
    run = trained_run(session.project.runs_folder)
    begin(qtbot, page, model=1)
    idle(qtbot, page)
    assert page.drafting.bar.text == ADAPTER_WORDS
    assert [adapter for _, adapter, _ in models.made[0].asked] == [run.adapter]
    assert page.drafting.bar.words().startswith("Draft by Run 1 · Harbour letters on Starter (practice model)")


def test_stop_keeps_what_was_written_and_writes_no_more(qtbot: QtBot, page: ExamplesPage, models: FakeModels) -> None:
    models.hold_writing = True
    begin(qtbot, page, [1, 2, 3])
    until(qtbot, lambda: page.drafting.bar.text == "Order")
    page.drafting.bar.stop.click()
    idle(qtbot, page)
    assert "Stopped before its end." in page.drafting.bar.words()
    assert page.drafting.drafts.undecided() == [1]
    assert page.drafting.bar.accept.isVisible()
    assert not page.drafting.bar.stop.isVisible()
    go(page, 3)
    assert "1 other draft to look at." in page.drafting.bar.words()


def test_a_prompt_that_changed_meanwhile_is_said(qtbot: QtBot, page: ExamplesPage) -> None:
    begin(qtbot, page)
    idle(qtbot, page)
    assert "has changed" not in page.drafting.bar.words()
    editor = page.form.fields["instruction"].editor
    editor.setFocus()
    qtbot.keyClicks(editor, "Please ")
    assert "has changed since this draft was written" in page.drafting.bar.words()


def test_training_takes_the_memory(
    qtbot: QtBot, session: Session, page: ExamplesPage, models: FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.hold_writing = True
    begin(qtbot, page, [1, 3])
    until(qtbot, lambda: page.drafting.bar.text == "Order")
    monkeypatch.setattr(Session, "is_training", property(lambda _self: True))
    session.runs_changed.emit()
    until(qtbot, models.made[0].closed.is_set)
    assert "training needs the memory" in page.drafting.bar.words()
    assert page.drafting.drafts.undecided() == [1]
    page.drafting.draft([3])
    assert "needs the memory" in toasts(page)
    assert page.drafting.dialog is None


def test_the_adapters_page_takes_the_model_over(
    qtbot: QtBot, session: Session, page: ExamplesPage, models: FakeModels
) -> None:
    models.hold_writing = True
    begin(qtbot, page, [1, 3])
    until(qtbot, lambda: page.drafting.bar.text == "Order")
    session.model_wanted.emit(object())
    until(qtbot, models.made[0].closed.is_set)
    assert "another one is being tried" in page.drafting.bar.words()


def test_a_model_that_has_nothing_to_write_is_let_go(qtbot: QtBot, page: ExamplesPage, models: FakeModels) -> None:
    begin(qtbot, page)
    idle(qtbot, page)
    page.drafting.drafts._idle.start(1)
    until(qtbot, models.made[0].closed.is_set)
    assert page.drafting.bar.text == BASE_WORDS  # the draft stays
    begin(qtbot, page)
    idle(qtbot, page)
    assert len(models.made) == 2


def test_a_template_that_refuses_one_example_does_not_stop_the_others(
    qtbot: QtBot, page: ExamplesPage, models: FakeModels
) -> None:
    models.hold_writing = True
    begin(qtbot, page, [1, 3])
    until(qtbot, lambda: page.drafting.bar.text == "Order")
    models.made[0].problem = PromptError("The template refuses this example.")
    models.made[0].may_write.set()
    idle(qtbot, page)
    assert page.drafting.drafts.of(1).stage is Stage.REFUSED
    assert "The template refuses this example." in page.drafting.bar.words()
    assert page.drafting.drafts.undecided() == [3]
    page.drafting.bar.reject.click()
    assert page.drafting.drafts.of(1) is None


def test_a_model_that_cannot_be_loaded_is_said_on_the_page(
    qtbot: QtBot, page: ExamplesPage, models: FakeModels
) -> None:
    models.hold_loading = True
    begin(qtbot, page, [1, 3])
    assert "Loading the model…" in page.drafting.bar.words()
    until(qtbot, lambda: models.made)
    models.made[0].load_problem = ModelError("The base model cannot be read.")
    idle(qtbot, page)
    assert "The base model cannot be read." in page.banner.title
    assert not page.drafting.bar.isVisible()


def test_what_was_deleted_gets_no_draft(qtbot: QtBot, page: ExamplesPage, models: FakeModels) -> None:
    models.hold_writing = True
    begin(qtbot, page, [1, 2, 3])
    until(qtbot, lambda: page.drafting.bar.text == "Order")
    page.verbs.delete_these([1, 2])
    until(qtbot, lambda: page.table.rowCount() == 2)
    models.made[0].may_write.set()
    idle(qtbot, page)
    assert page.drafting.drafts.ids() == [3]


def test_a_new_example_is_stored_first(qtbot: QtBot, session: Session, page: ExamplesPage) -> None:
    page.new()
    page.drafting.draft_shown()
    until(qtbot, lambda: "instruction first" in toasts(page))
    qtbot.keyClicks(page.form.fields["instruction"].editor, "Greet Dora")
    begin(qtbot, page)
    idle(qtbot, page)
    page.drafting.bar.accept.click()
    assert stored(session)[-1] == Example("Greet Dora", "", BASE_WORDS)


def test_another_project_has_no_drafts(
    qtbot: QtBot, session: Session, page: ExamplesPage, models: FakeModels, tmp_path: Path
) -> None:
    begin(qtbot, page)
    idle(qtbot, page)
    session.use(Project.open(make_project(tmp_path / "others", FOUR[:1])))
    until(qtbot, lambda: page.table.rowCount() == 1 and not page.table.busy)
    assert not page.drafting.bar.isVisible()
    until(qtbot, models.made[0].closed.is_set)


def test_a_project_that_can_only_be_read_gets_no_drafts(page: ExamplesPage, session: Session) -> None:
    page.form.header.set_read_only(True)
    assert not page.form.header._draft.isEnabled()
