"""A rehearsal from the Settings page: proven examples first, figures in words; it gives way to a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from page_fakes import Bench, FakeGateJob, bench
from pytestqt.qtbot import QtBot
from tiny_base import write_base

from app.pages import rehearsing
from app.pages.settings import SettingsPage
from core import paths
from core.child import Stopped
from core.errors import RunError
from core.prompt.gate import Checked, Offender
from core.prompt.proof import Flaw
from core.recipe import presets
from core.recipe.recipe import with_settings
from core.runs.events import Phase
from core.runs.rehearsal import Rehearsed

CHECKED = Checked(1, 400, lengths=(0, 400), longest=100, tokens=40_000, supervised=9000, largest=tuple(range(1, 401)))
FIGURES = Rehearsed("CPU", 1 << 30, 0.5, 800, 8)


class Waiting(FakeGateJob):
    """Tells its phases and waits until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = threading.Event()

    def messages(self) -> Iterator[object]:
        yield Phase(name="loading_model")
        assert self.stopped.wait(10)
        raise Stopped

    def stop(self) -> None:
        self.stopped.set()


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    folder = write_base(tmp_path / "starter")
    monkeypatch.setattr(paths, "starter_model", lambda: folder)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with bench(qtbot, monkeypatch, tmp_path) as made:
        made.gate_tells(CHECKED)
        yield made


@pytest.fixture
def page(place: Bench) -> SettingsPage:
    page = SettingsPage(place.session)
    place.qtbot.addWidget(page)
    place.open(400)
    place.session.set_recipe(presets.base_recipe("starter"))
    page.show()
    page.enter()
    place.until(page.rehearsing.view.button.isEnabled)
    return page


def tells(monkeypatch: pytest.MonkeyPatch, job: object) -> list[tuple[int, ...]]:
    asked: list[tuple[int, ...]] = []

    def make(_project: object, _recipe: object, largest: tuple[int, ...]) -> object:
        asked.append(tuple(largest))
        return job

    monkeypatch.setattr(rehearsing, "make_job", make)
    return asked


def test_figures_are_told_and_hold_for_these_settings(place: Bench, page: SettingsPage, monkeypatch) -> None:
    asked = tells(monkeypatch, FakeGateJob(Phase(name="training"), FIGURES))
    view = page.rehearsing.view
    assert view.button.text() == "Rehearse"
    view.button.click()
    place.until(lambda: view.button.text() == "Rehearse again")
    assert asked == [CHECKED.largest]
    assert view.words.text().startswith("Measured: 1.0 GB at the peak, 0.5 s a step on the longest examples. The run: ")
    recipe = place.session.recipe
    place.session.set_recipe(with_settings(recipe, {"lora.rank": 64}))
    assert (view.words.text(), view.button.text()) == ("", "Rehearse")
    place.session.set_recipe(recipe)
    assert view.button.text() == "Rehearse again"
    place.session.close()
    assert view.button.text() == "Rehearse"


def test_what_had_to_be_lowered_can_be_taken_over(place: Bench, page: SettingsPage, monkeypatch) -> None:
    changes = {"training.tokens_per_pass": 512}
    tells(monkeypatch, FakeGateJob(Rehearsed("CPU", 1 << 30, 0.5, 800, 8, changes)))
    page.rehearsing.view.button.click()
    place.until(page.rehearsing.view.change.isVisible)
    assert page.rehearsing.view.change.text() == "Use what fitted: tokens per pass 512"
    page.rehearsing.view.change.click()
    assert place.session.recipe.training.tokens_per_pass == 512


def test_it_can_be_cancelled(place: Bench, page: SettingsPage, monkeypatch) -> None:
    job = Waiting()
    tells(monkeypatch, job)
    view = page.rehearsing.view
    view.button.click()
    place.until(lambda: view.words.text() == "Loading the base model…")
    assert view.button.text() == "Cancel"
    assert view.bar.isVisible()
    view.button.click()
    assert job.stopped.wait(5)
    assert view.button.text() == "Rehearse"


def test_it_gives_way_to_a_run(place: Bench, page: SettingsPage, monkeypatch) -> None:
    job = Waiting()
    tells(monkeypatch, job)
    page.rehearsing.view.button.click()
    place.until(lambda: page.rehearsing.view.words.text() == "Loading the base model…")
    place.session.start_run()
    assert job.stopped.wait(5)
    place.until(lambda: place.session.training is not None)
    assert not page.rehearsing.view.button.isEnabled()


def test_one_that_fails_says_what_a_run_would_meet(place: Bench, page: SettingsPage, monkeypatch) -> None:
    class Failing(FakeGateJob):
        def messages(self) -> Iterator[object]:
            raise RunError("The rehearsal did not succeed, and a run would not either.", reason="The memory is full.")
            yield

    tells(monkeypatch, Failing())
    page.rehearsing.view.button.click()
    place.until(lambda: page.banner.title == "The rehearsal did not succeed, and a run would not either.")
    assert page.rehearsing.view.button.text() == "Rehearse"


def test_flawed_examples_are_shown_instead(place: Bench, page: SettingsPage, monkeypatch) -> None:
    asked = tells(monkeypatch, FakeGateJob(FIGURES))
    place.gate_tells(Checked(2, 400, (3,), (Offender(3, Flaw.CUT, "", "Cut.", ""),)))
    place.session.project.store.revision = 2
    with place.qtbot.waitSignal(place.session.gate.refused):
        page.rehearsing.view.button.click()
        assert page.rehearsing.view.words.text() == "Checking the examples…"
    assert page.rehearsing.view.button.text() == "Rehearse"
    assert asked == []
    place.gate_tells(CHECKED)
    place.session.project.store.revision = 3
    place.session.once_mended()
    place.until(lambda: page.rehearsing.view.button.text() == "Rehearse again")


def test_it_ends_with_the_project(place: Bench, page: SettingsPage, monkeypatch) -> None:
    job = Waiting()
    tells(monkeypatch, job)
    page.rehearsing.view.button.click()
    place.until(lambda: page.rehearsing.view.words.text() == "Loading the base model…")
    place.session.close()
    assert job.stopped.wait(5)


def test_the_last_edit_is_on_disk_before_it_begins(place: Bench, page: SettingsPage, monkeypatch) -> None:
    asked = tells(monkeypatch, FakeGateJob(FIGURES))
    session, project = place.session, place.session.project

    def hand_over() -> None:
        session.write(lambda: setattr(project.store, "revision", 5))

    place.gate_tells(replace(CHECKED, revision=5))
    session.hand_over.connect(hand_over)
    page.rehearsing.view.button.click()
    place.until(lambda: page.rehearsing.view.button.text() == "Rehearse again")
    session.hand_over.disconnect(hand_over)
    assert session.gate._job_key[4] == 5
    assert asked == [CHECKED.largest]
