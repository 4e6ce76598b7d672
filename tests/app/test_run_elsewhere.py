"""Packing a run for another machine, and bringing its result back, from the table of all runs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_fakes import Bench, bench
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.pages import run_elsewhere
from app.pages.train import TrainPage
from app.widgets.pack_dialog import PackDialog, PackFacts
from app.widgets.toast import Toast
from core.project import Project
from core.recipe.schema import Recipe
from core.runs.event_file import EventWriter
from core.runs.events import Finished, Notice
from core.runs.folder import RunFolder, State


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
def page(place: Bench) -> TrainPage:
    """The Train page at its second tab, with one run that has begun."""
    made = TrainPage(place.session)
    place.qtbot.addWidget(made)
    made.resize(1064, 760)
    made.show()
    place.open()
    assert place.session.project is not None
    begun(place.session.project)
    made.enter()
    made.tabs.button("all").click()
    place.until(lambda: made.runs.table.rowCount() == 1)
    made.runs.list.choose(run_of(made))
    return made


def begun(project: Project) -> RunFolder:
    run = project.create_run(name="letters", recipe=Recipe())
    tell(run, Notice(message="begun"))
    return run


def tell(run: RunFolder, *told: Notice | Finished) -> None:
    with EventWriter(run.events_file) as events:
        for event in told:
            events.write(event)


def run_of(page: TrainPage) -> RunFolder:
    return page.runs.table.summaries()[0].run


def act(page: TrainPage, words: str) -> None:
    next(action for action in page.runs._acts if action.text() == words).trigger()


def dialog_of(place: Bench, page: TrainPage) -> PackDialog:
    place.until(lambda: bool(page.findChildren(PackDialog)))
    return page.findChildren(PackDialog)[0]


def toasts(page: TrainPage) -> list[str]:
    return [toast.text for toast in page.window().findChildren(Toast)]


def test_a_run_is_packed_and_its_result_brought_back(
    place: Bench, page: TrainPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, file = run_of(page), tmp_path / "away.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "away"), ""))
    act(page, "Pack for another machine…")
    dialog = dialog_of(place, page)
    assert not dialog.with_model.isVisible()  # the starter comes along by itself
    dialog.button.click()
    place.until(lambda: any(text.startswith("Packed") for text in toasts(page)))

    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "there")
    there = RunFolder(tmp_path / "there" / run.name)
    tell(there, Finished(step=1, loss=1.0, heldout_loss=None, adapter="adapter", seconds=1))
    result = tmp_path / "result.zip"
    with zipfile.ZipFile(result, "w") as archive:
        for path in there.path.iterdir():
            archive.write(path, f"{run.name}/{path.name}")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(result), ""))
    act(page, "Bring a result back…")
    place.until(lambda: "Run 1 is back: finished." in toasts(page))
    assert run.progress().state is State.FINISHED
    place.until(lambda: page.runs.table.summaries()[0].progress.state is State.FINISHED)


def test_a_file_that_holds_no_run_is_refused_in_words(
    place: Bench, page: TrainPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter.zip").write_text("Dear", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "letter.zip"), ""))
    act(page, "Bring a result back…")
    place.until(lambda: "cannot be unpacked" in page.banner.title)


def test_leaving_the_dialog_packs_nothing(place: Bench, page: TrainPage) -> None:
    act(page, "Pack for another machine…")
    dialog_of(place, page).cancel.click()
    place.until(lambda: not page.findChildren(PackDialog))


def test_leaving_while_it_packs_leaves_no_file(place: Bench, page: TrainPage, tmp_path: Path) -> None:
    class Left:
        cancelled = True

        def report(self, done: int, total: int) -> None:
            pytest.fail("went on")

    target = tmp_path / "away.zip"
    run_elsewhere._pack(run_of(page), target, Left(), with_model=False)  # type: ignore[arg-type]
    assert not list(tmp_path.glob("*away*"))
    assert not list(tmp_path.glob(".tmp-*"))


@pytest.mark.parametrize(
    ("size", "starter", "can_choose", "words"),
    [
        (5_000_000_000, False, True, "It takes"),
        (None, False, False, "not on this machine"),
        (9, True, True, "comes along"),
    ],
)
def test_the_dialog_says_what_the_base_model_takes(
    qtbot: QtBot, tmp_path: Path, size: int | None, starter: bool, can_choose: bool, words: str
) -> None:
    dialog = PackDialog(PackFacts("Run 1 · Letters", "my-model", size, starter), tmp_path / "run.zip")
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.with_model.isEnabled() == can_choose
    assert dialog.with_model.isVisible() != starter
    assert words in dialog.note.text()


def test_a_project_for_reading_takes_nothing_back(place: Bench, page: TrainPage) -> None:
    acts = {action.text(): action for action in page.runs._acts}
    assert acts["Bring a result back…"].isEnabled()
    assert place.session.project is not None
    place.session.project.read_only = True
    page.runs._show_notes(run_of(page))
    assert not acts["Bring a result back…"].isEnabled()
    assert acts["Pack for another machine…"].isEnabled()
    place.session.project.read_only = False
