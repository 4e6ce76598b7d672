"""The export dialog: where to, progress, cancel, the result, errors in place; its exporter writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import export_names
from app.widgets.export_adapter_dialog import ExportAdapterDialog, checked_words
from core.errors import UserError
from core.export.job import ExportCancelled, ExportResult


class FakeExporter:
    """Tells its progress, and waits for ``may_end`` in the middle of the check."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.may_end.set()
        self.targets: list[Path] = []
        self.problem: UserError | None = None
        self.was_cancelled = threading.Event()

    def __call__(
        self, target: Path, progress: Callable[[int, int], object], cancelled: Callable[[], bool]
    ) -> ExportResult:
        self.targets.append(target)
        progress(1, 10)
        progress(6, 10)
        while not self.may_end.wait(0.01):
            if cancelled():
                self.was_cancelled.set()
                raise ExportCancelled
        if self.problem is not None:
            raise self.problem
        return result(target)


def result(path: Path, difference: float = 0.00021) -> ExportResult:
    return ExportResult(path, ("adapter_model.safetensors",), True, difference, True, path / "verify.json")


@pytest.fixture
def exporter() -> FakeExporter:
    return FakeExporter()


@pytest.fixture
def dialog(qtbot: QtBot, exporter: FakeExporter, tmp_path: Path) -> Iterator[ExportAdapterDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ExportAdapterDialog(
        exporter, export_names.free, folder=tmp_path, name="letters-run-1", text="Run 1.", parent=window
    )
    dialog.open()
    qtbot.waitUntil(dialog.button.isEnabled)
    yield dialog
    exporter.may_end.set()


def test_a_folder_is_exported_and_the_check_is_told_in_words(
    qtbot: QtBot, dialog: ExportAdapterDialog, exporter: FakeExporter, tmp_path: Path
) -> None:
    assert dialog.where.note.text() == f"Will be made as {tmp_path / 'letters-run-1'}"
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()
    assert exporter.targets == [tmp_path / "letters-run-1"]
    assert dialog.place.text() == str(tmp_path / "letters-run-1")
    assert "differ by at most 0.00021 from those of the trained model" in dialog.checked.text()
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


def test_the_bar_says_what_is_being_done(qtbot: QtBot, dialog: ExportAdapterDialog, exporter: FakeExporter) -> None:
    exporter.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.progress_words.text().startswith("Checking"))
    assert dialog.bar.isVisible()
    assert dialog.bar.value() == 600
    assert not dialog.where.name.isEnabled()


def test_cancel_goes_back_to_the_form(qtbot: QtBot, dialog: ExportAdapterDialog, exporter: FakeExporter) -> None:
    exporter.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: bool(exporter.targets))
    dialog.cancel.click()
    assert dialog.banner.title == "The export was cancelled."
    assert exporter.was_cancelled.wait(5)
    qtbot.waitUntil(dialog.button.isEnabled)
    exporter.may_end.set()
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()


def test_closing_the_window_cancels(qtbot: QtBot, dialog: ExportAdapterDialog, exporter: FakeExporter) -> None:
    exporter.may_end.clear()
    dialog.button.click()
    qtbot.waitUntil(lambda: bool(exporter.targets))
    dialog.close()
    assert exporter.was_cancelled.wait(5)


def test_an_error_is_told_in_the_dialog_and_another_try_is_possible(
    qtbot: QtBot, dialog: ExportAdapterDialog, exporter: FakeExporter
) -> None:
    exporter.problem = UserError("There is not enough space for the export.")
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.banner.title == "There is not enough space for the export.")
    exporter.problem = None
    qtbot.waitUntil(dialog.button.isEnabled)
    with qtbot.waitSignal(dialog.exported):
        dialog.button.click()
    assert dialog.banner.title == ""


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


def test_the_name_proposed_at_first_is_free(qtbot: QtBot, exporter: FakeExporter, tmp_path: Path) -> None:
    for taken in ("run-1", "run-1-2"):
        (tmp_path / taken).mkdir()
    dialog = ExportAdapterDialog(exporter, export_names.free, folder=tmp_path, name="run-1", text="Run 1.")
    qtbot.addWidget(dialog)
    qtbot.waitUntil(dialog.button.isEnabled)
    assert dialog.where.path == tmp_path / "run-1-3"


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
    dialog: ExportAdapterDialog, name: str, folder: str, words: str, exporter: FakeExporter
) -> None:
    dialog.where.name.setText(name)
    dialog.where.folder.setText(folder)
    assert dialog.where.note.text() == words
    dialog.start()
    assert exporter.targets == []


def test_equal_scores_are_called_equal(tmp_path: Path) -> None:
    words = checked_words(result(tmp_path, 0.0))
    assert words.startswith("A fresh process loaded it again: its scores for each next word equal those")
