"""Will it fit: the card beside the settings says so, follows the settings, and makes it fit at a click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_fakes import Bench, bench
from pytestqt.qtbot import QtBot
from tiny_base import write_base

from app.pages.settings import SettingsPage
from app.widgets.toast import Toast
from core import paths
from core.hardware import fitting
from core.hardware.usage import MemoryUse
from core.recipe import presets
from core.recipe.recipe import with_settings

MIB = 1024**2


@pytest.fixture
def place(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    folder = write_base(tmp_path / "starter")
    monkeypatch.setattr(paths, "starter_model", lambda: folder)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(fitting, "memory_use", lambda: MemoryUse("", used=0, total=1000 * MIB))
    with bench(qtbot, monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
def page(place: Bench) -> SettingsPage:
    made = SettingsPage(place.session)
    place.qtbot.addWidget(made)
    place.open(60)
    place.session.set_recipe(presets.base_recipe("starter"))
    made.show()
    made.enter()
    place.until(lambda: made.run_card.memory.words.text().startswith("Fits"))
    return made


def test_it_follows_the_settings_and_makes_the_run_fit(place: Bench, page: SettingsPage) -> None:
    memory = page.run_card.memory
    assert "free in this machine" in memory.words.text()
    assert memory.change.isHidden()
    large = {"training.tokens_per_pass": 1048576, "training.batch_size": 1024, "training.max_length": 1024}
    place.session.set_recipe(with_settings(place.session.recipe, large))
    place.until(lambda: memory.words.text().startswith("Too large"))
    assert memory.change.text().startswith("Make it fit: tokens per pass")
    memory.change.click()
    place.until(lambda: memory.words.text().startswith("Fits"))
    assert place.session.recipe.training.tokens_per_pass < 1048576
    page.findChild(Toast).button.click()
    assert place.session.recipe.training.tokens_per_pass == 1048576


def test_without_a_readable_model_it_says_why_there_is_no_figure(place: Bench, page: SettingsPage) -> None:
    place.session.set_recipe(with_settings(place.session.recipe, {"model.base": "/nowhere"}))
    place.until(lambda: page.run_card.memory.words.text() == "Known as soon as the base model has been read.")
    assert page.run_card.memory.bar.isHidden()
