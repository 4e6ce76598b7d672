"""The export dialog: forms and why one cannot be had, where to, progress, cancel, the result; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from export_fakes import FakeExports, facts, offers, result
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import export_names
from app.export_words import checked_words, found_words
from app.widgets.export_adapter_dialog import ExportAdapterDialog
from app.widgets.next_steps import NextSteps
from core.errors import UserError
from core.export.form import Form


@pytest.fixture
def exports() -> FakeExports:
    return FakeExports()


@pytest.fixture
def dialog(qtbot: QtBot, exports: FakeExports, tmp_path: Path) -> Iterator[ExportAdapterDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ExportAdapterDialog(
        offers(), exports, export_names.free, folder=tmp_path, name="letters-run-1", parent=window
    )
    dialog.open()
    qtbot.waitUntil(dialog.button.isEnabled)
    yield dialog
    exports.may_end.set()


def choose(dialog: ExportAdapterDialog, form: str) -> None:
    dialog.forms.setCurrentRow(list(dialog._offers).index(form))


def test_a_folder_is_exported_and_the_check_is_told_in_words(
    qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports, tmp_path: Path
) -> None:
    assert dialog.where.note.text() == f"Will be made as {tmp_path / 'letters-run-1'}"
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()
    assert exports.asked == [("adapter", {}, tmp_path / "letters-run-1")]
    assert dialog.finished_view.place.text() == str(tmp_path / "letters-run-1")
    assert "differ by at most 0.00021 from those of the trained model" in dialog.finished_view.checked.text()
    assert dialog.cancel.text() == "Close"
    assert not dialog.button.isVisible()
    with qtbot.waitSignal(dialog.show_wanted) as shown:
        dialog.show_button.click()
    assert shown.args == [tmp_path / "letters-run-1"]


def test_a_zip_file_gets_its_ending_once(qtbot: QtBot, dialog: ExportAdapterDialog, tmp_path: Path) -> None:
    dialog.where.forms[".zip"].setChecked(True)
    assert dialog.where.path == tmp_path / "letters-run-1.zip"
    dialog.where.name.setText("mine.zip")
    assert dialog.where.path == tmp_path / "mine.zip"


def test_another_form_has_its_own_words_choices_and_name(
    qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports, tmp_path: Path
) -> None:
    dialog.where.forms[".zip"].setChecked(True)
    choose(dialog, "merged")
    assert dialog.details.title.text() == "Merged model"
    assert "vLLM" in dialog.details.readers.text()
    assert not dialog.where.forms[".zip"].isVisible()
    assert dialog.where.path == tmp_path / "letters-run-1-merged"
    assert dialog.details.chosen == {"into": "better"}
    assert "MB" in dialog.size.text()
    dialog.details.choices["into"]["original"].setChecked(True)
    qtbot.waitUntil(dialog.button.isEnabled)
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()
    assert exports.asked == [("merged", {"into": "original"}, tmp_path / "letters-run-1-merged")]


def test_a_name_that_was_typed_stays(qtbot: QtBot, dialog: ExportAdapterDialog) -> None:
    dialog.where.name.clear()
    qtbot.keyClicks(dialog.where.name, "mine")
    choose(dialog, "merged")
    assert dialog.where.name.text() == "mine"


def test_a_form_that_cannot_be_had_says_why(qtbot: QtBot, exports: FakeExports, tmp_path: Path) -> None:
    adapter, merged = offers().forms[0].form, offers().forms[1].form
    refused = Form(
        id="other",
        title="Another form",
        readers="others",
        about="It is another one.",
        refusal=lambda _facts: "It was trained with DoRA. A merged model can be had.",
        size=merged.size,
        next_steps=merged.next_steps,
    )
    dialog = ExportAdapterDialog(
        offers(forms=(refused, adapter)), exports, export_names.free, folder=tmp_path, name="letters"
    )
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.button.isEnabled)
    assert dialog.forms.value == "adapter", "the first that can be had is chosen"
    choose(dialog, "other")
    assert dialog.details.remark.text() == "It was trained with DoRA. A merged model can be had."
    assert not dialog.where.isVisible()
    assert not dialog.button.isEnabled()
    choose(dialog, "adapter")
    qtbot.waitUntil(dialog.button.isEnabled)


def test_what_a_reader_cannot_do_with_it_is_said_before(qtbot: QtBot, exports: FakeExports, tmp_path: Path) -> None:
    dialog = ExportAdapterDialog(
        offers(facts(use_dora=True)), exports, export_names.free, folder=tmp_path, name="letters"
    )
    qtbot.addWidget(dialog)
    dialog.show()
    assert "vLLM cannot read this one: it was trained with DoRA." in dialog.details.remark.text()
    qtbot.waitUntil(dialog.button.isEnabled)


def test_scales_that_some_readers_ignore_can_be_folded(qtbot: QtBot, exports: FakeExports, tmp_path: Path) -> None:
    dialog = ExportAdapterDialog(
        offers(facts(use_rslora=True)), exports, export_names.free, folder=tmp_path, name="letters"
    )
    qtbot.addWidget(dialog)
    assert dialog.details.chosen == {"layout": "portable"}
    qtbot.waitUntil(dialog.button.isEnabled)


def test_the_bar_says_what_is_being_done_and_how_long_it_takes(
    qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports
) -> None:
    exports.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 600)
    assert dialog.progress_words.text() == "Merging and writing the weights, about 1 min 20 s left…"
    assert dialog.bar.isVisible()
    assert not dialog.where.name.isEnabled()


def test_cancel_goes_back_to_the_form(qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports) -> None:
    exports.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 600)
    dialog.cancel.click()
    assert dialog.banner.title == "The export was cancelled."
    qtbot.waitUntil(exports.stopped.is_set)
    qtbot.waitUntil(dialog.button.isEnabled)
    exports.may_end.set()
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()


def test_escape_does_not_give_up_an_export_under_way(
    qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports
) -> None:
    exports.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 600)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert dialog.job.busy
    with qtbot.waitSignal(dialog.exported):
        exports.may_end.set()
    with qtbot.waitSignal(dialog.finished):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_closing_the_window_cancels(qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports) -> None:
    exports.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 600)
    dialog.close()
    qtbot.waitUntil(exports.stopped.is_set)


def test_an_error_is_told_in_the_dialog_and_another_try_is_possible(
    qtbot: QtBot, dialog: ExportAdapterDialog, exports: FakeExports
) -> None:
    exports.problem = UserError("There is not enough space for the export.")
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.banner.title == "There is not enough space for the export.")
    exports.problem = None
    qtbot.waitUntil(dialog.button.isEnabled)
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()
    assert dialog.banner.title == ""


def test_what_comes_next_can_be_copied(qtbot: QtBot, dialog: ExportAdapterDialog, tmp_path: Path) -> None:
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()
    steps = dialog.findChild(NextSteps)
    assert [field.text() for field in steps.commands] == [f"vllm serve {tmp_path / 'letters-run-1'}"]
    steps.buttons[0].click()
    assert QGuiApplication.clipboard().text() == steps.commands[0].text()
    assert steps.buttons[0].text() == "Copied"


def test_a_taken_name_is_refused_and_a_free_one_offered(
    qtbot: QtBot, dialog: ExportAdapterDialog, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    dialog.where.name.setText("mine")
    qtbot.waitUntil(dialog.where.other.isVisible)
    assert not dialog.button.isEnabled()
    assert dialog.where.note.text() == "mine is there already."
    assert dialog.where.other.text() == "Use mine-2"
    dialog.where.other.click()
    qtbot.waitUntil(dialog.button.isEnabled)
    assert dialog.where.path == tmp_path / "mine-2"


def test_the_name_proposed_at_first_is_free(qtbot: QtBot, exports: FakeExports, tmp_path: Path) -> None:
    for taken in ("run-1", "run-1-2", "run-1-merged"):
        (tmp_path / taken).mkdir()
    dialog = ExportAdapterDialog(offers(), exports, export_names.free, folder=tmp_path, name="run-1")
    qtbot.addWidget(dialog)
    qtbot.waitUntil(dialog.button.isEnabled)
    assert dialog.where.path == tmp_path / "run-1-3"
    choose(dialog, "merged")
    qtbot.waitUntil(dialog.button.isEnabled)
    assert dialog.where.path == tmp_path / "run-1-merged-2"


@pytest.mark.parametrize(
    ("name", "folder", "words"),
    [
        ("", "/somewhere", "Give it a name."),
        ("a/b", "/somewhere", 'A name has none of these: / \\ : * ? " < > |'),
        ("..", "/somewhere", "Give it a name."),
        ("mine", "", "Choose where it should be."),
        ("mine", "here", "The location must be a full path."),
    ],
)
def test_what_cannot_be_a_place_is_said(
    dialog: ExportAdapterDialog, name: str, folder: str, words: str, exports: FakeExports
) -> None:
    dialog.where.name.setText(name)
    dialog.where.folder.setText(folder)
    assert dialog.where.note.text() == words
    dialog.start()
    assert exports.asked == []


def test_equal_scores_are_called_equal(tmp_path: Path) -> None:
    words = checked_words(result(tmp_path, 0.0))
    assert words.startswith("A fresh process loaded it again: its scores for each next word equal those")


def test_a_model_that_could_not_be_run_says_what_was_checked_instead(tmp_path: Path) -> None:
    assert "every weight" in checked_words(replace(result(tmp_path), max_logit_difference=None, greedy_equal=None))


def test_a_merge_tells_what_it_was_merged_into_and_how_both_do(tmp_path: Path) -> None:
    found = {"merged_into": "as_trained", "heldout_losses": {"original": 1.5, "as_trained": 1.25}}
    assert found_words(result(tmp_path, **found)) == [
        "Merged into the base model as it was trained.",
        "Held-out loss: 1.250 with the base model as it was trained, 1.500 with the original base model.",
    ]
    alone = {"merged_into": "as_trained", "not_measured": {"original": "There is not enough memory."}}
    assert found_words(result(tmp_path, **alone))[1] == "The other was not measured: There is not enough memory."
