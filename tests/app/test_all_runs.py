"""All runs: notes, stars and titles are kept; a run goes to the trash and comes back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_fakes import Bench, bench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.models.runs_table import Column
from app.pages import run_verbs
from app.pages.train import TrainPage
from app.widgets.toast import Toast
from core.project import Project
from core.recipe.schema import Recipe
from core.runs import notes
from core.runs.event_file import EventWriter
from core.runs.events import Finished, Step
from core.runs.folder import RunFolder
from core.runs.notes import Notes


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
def page(place: Bench) -> TrainPage:
    """The Train page at its second tab, with two finished runs."""
    made = TrainPage(place.session)
    place.qtbot.addWidget(made)
    made.resize(1064, 760)
    made.show()
    place.open()
    assert place.session.project is not None
    for _ in range(2):
        finished(place.session.project)
    made.enter()
    made.tabs.button("all").click()
    place.until(lambda: made.runs.table.rowCount() == 2)
    return made


def finished(project: Project) -> RunFolder:
    run = project.create_run(name="letters", recipe=Recipe())
    step = {"loss": 1.0, "learning_rate": 1e-3, "grad_norm": 1.0, "tokens": 9, "tokens_per_second": 9.0}
    with EventWriter(run.events_file) as events:
        events.write(Step(step=1, epoch=1, memory_bytes=9, **step))
        events.write(Finished(step=1, loss=1.0, heldout_loss=None, adapter="adapter", seconds=1))
    return run


def runs(page: TrainPage) -> list[RunFolder]:
    return [summary.run for summary in page.runs.table.summaries()]


def name_shown(page: TrainPage, run: RunFolder) -> str:
    row = page.runs.table.row_of(run)
    return "" if row is None else str(page.runs.table.index(row, Column.NAME).data())


def toast(page: TrainPage) -> Toast | None:
    return next(iter(page.window().findChildren(Toast)), None)


def test_without_a_chosen_run_there_is_nothing_to_say(page: TrainPage) -> None:
    assert page.runs.list.run is None
    assert not page.runs.notes.isVisible()


def test_a_title_and_a_note_are_kept_beside_the_run(place: Bench, page: TrainPage) -> None:
    first, second = runs(page)
    page.runs.list.choose(first)
    view = page.runs.notes
    assert view.isVisible()
    place.qtbot.keyClicks(view.title, "Rank 32")
    place.qtbot.keyClicks(view.note, "too much")
    page.runs.list.choose(second)  # what was typed is kept on leaving
    assert (view.title.text(), view.note.toPlainText()) == ("", "")
    place.until(lambda: notes.read(first) == Notes("Rank 32", "too much", False))
    place.until(lambda: name_shown(page, first) == "Rank 32")
    assert name_shown(page, second) == "Letters"
    page.runs.list.choose(first)
    assert view.note.toPlainText() == "too much"


def test_a_star_is_kept_at_once_and_sorts_first(place: Bench, page: TrainPage) -> None:
    _, second = runs(page)
    page.runs.list.choose(second)
    page.runs.notes.star.click()
    place.until(lambda: name_shown(page, second) == "★ Letters")
    page.runs.list.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
    assert page.runs.list.model().index(0, Column.NUMBER).data() == str(second.number)
    page.runs.notes.star.click()
    place.until(lambda: not notes.read(second).starred)


def test_typing_goes_on_while_the_table_is_read_again(place: Bench, page: TrainPage) -> None:
    first, _ = runs(page)
    page.runs.list.choose(first)
    place.qtbot.keyClicks(page.runs.notes.note, "half a sen")
    with place.qtbot.waitSignal(page.runs.refreshed):
        page.runs.refresh()
    place.qtbot.keyClicks(page.runs.notes.note, "tence")
    assert page.runs.notes.note.toPlainText() == "half a sentence"
    place.until(lambda: notes.read(first).note == "half a sentence")


def test_the_title_is_that_of_the_run_on_the_screen(place: Bench, page: TrainPage) -> None:
    place.until(lambda: page.watch.record is not None)
    shown = page.watch.run
    assert shown is not None
    page.runs.list.choose(shown)
    place.qtbot.keyClicks(page.runs.notes.title, "Best <b>so</b> far")
    place.qtbot.keyClick(page.runs.notes.title, Qt.Key.Key_Return)
    place.until(lambda: page.view.head._name.text() == f"Run {shown.number} · Best <b>so</b> far")


def test_what_was_typed_is_kept_when_the_project_closes(place: Bench, page: TrainPage) -> None:
    first, _ = runs(page)
    page.runs.list.choose(first)
    place.qtbot.keyClicks(page.runs.notes.note, "last words")
    place.session.close()
    assert notes.read(first).note == "last words"


def test_a_run_goes_to_the_trash_and_comes_back(place: Bench, page: TrainPage) -> None:
    first, second = runs(page)
    page.runs.list.choose(second)
    page.runs._act(page.runs.verbs.throw_away)
    place.until(lambda: runs(page) == [first])
    assert not second.path.exists()
    place.until(lambda: page.watch.run == first)
    assert page.tabs.value == "all"
    message = toast(page)
    assert message is not None
    message.findChild(QPushButton).click()
    place.until(lambda: runs(page) == [first, second])
    assert second.recipe() == Recipe()


def test_without_a_known_place_in_the_trash_there_is_no_undo(
    place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = runs(page)

    class Unknown:
        def __init__(self, path: str) -> None:
            self.path = path

        def moveToTrash(self) -> bool:
            shutil.rmtree(self.path)
            return True

        def fileName(self) -> str:
            return ""

    monkeypatch.setattr(run_verbs, "QFile", Unknown)
    page.runs.list.choose(second)
    page.runs._act(page.runs.verbs.throw_away)
    place.until(lambda: runs(page) == [first])
    message = toast(page)
    assert message is not None
    assert not message.button.isVisible()


def test_a_run_whose_name_is_taken_stays_in_the_trash(place: Bench, page: TrainPage) -> None:
    first, second = runs(page)
    trashed = run_verbs._trash(second)
    assert trashed is not None
    shutil.copytree(first.path, second.path)
    place.session.write(lambda: run_verbs._restore(trashed, second), failed=page.show_problem)
    place.until(lambda: "could not be taken back" in page.banner.title)
    assert trashed.is_dir()


def test_a_run_under_way_is_not_thrown_away(place: Bench, page: TrainPage, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = runs(page)
    monkeypatch.setattr(RunFolder, "worker_is_alive", lambda self: True)
    page.runs.list.choose(first)
    page.runs._act(page.runs.verbs.throw_away)
    place.until(lambda: "is being trained" in page.banner.title)
    assert first.path.is_dir()


def test_curves_are_saved_for_tensorboard(
    place: Bench, page: TrainPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = runs(page)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "logs"))
    page.runs.list.choose(first)
    page.runs._act(page.runs.verbs.save_for_tensorboard)
    place.until(lambda: (tmp_path / "logs" / first.name).is_dir())


def test_a_script_gets_the_name_that_was_asked_about(
    place: Bench, page: TrainPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = runs(page)
    saved: list[Path] = []
    monkeypatch.setattr(run_verbs, "_script", lambda _run, path: saved.append(path) or path)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "0001-rate-0.002"), ""))
    page.runs.list.choose(first)
    page.runs._act(page.runs.verbs.save_script)
    place.until(lambda: saved == [tmp_path / "0001-rate-0.002.py"])


def test_a_read_only_project_can_only_be_read(place: Bench, page: TrainPage) -> None:
    place.session.close()
    place.open(read_only=True)
    project = place.session.project
    assert project is not None
    place.until(lambda: page.runs.table.rowCount() == len(project.runs()))
    if runs(page):
        page.runs.list.choose(runs(page)[0])
        assert page.runs.notes.note.isReadOnly()
        assert not page.runs._acts[-1].isEnabled()
