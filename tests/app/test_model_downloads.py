"""Finding models on the hub and downloading them, from a hub on the loopback with the real client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_fixture import STARTER, hub
from hub_server import Hub, Repo
from models_bench import ModelsBench, models_bench
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.leaving import Leaving
from app.pages.models import HERE, HUB
from app.widgets.agree_dialog import AgreeDialog
from app.widgets.download_dialog import DownloadDialog
from app.widgets.hub_finder import wanted
from app.widgets.token_dialog import TokenDialog
from core.base_models import catalogue
from core.base_models.hub import token, unfinished

__all__ = ["hub"]
TOKEN = "hf_" + "a1B2" * 8


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsBench]:
    monkeypatch.setattr(token, "available", lambda: False)  # not the keyring of whoever runs the tests
    with models_bench(qtbot, tmp_path / "project") as made:
        yield made
        made.page.downloads.job.stop()
        hub.hold.set()


def search(place: ModelsBench, text: str) -> list[str]:
    """Look for something as a person does; what is listed then."""
    page = place.page
    page.find()
    page.hub.finder.field.setText(text)
    QTest.keyClick(page.hub.finder.field, Qt.Key.Key_Return)
    place.until(lambda: not page.hub.job.busy and page.hub.finder.heading.text().startswith(("1 ", "0 ", "2 ", "3 ")))
    return [row.key for row in page.hub.finder.list.rows]


def dialog_of(place: ModelsBench, repo: str = STARTER) -> DownloadDialog:
    """The dialog of a download, as soon as the hub has answered."""
    dialog = place.page.downloads.look_at(repo)
    place.until(lambda: not dialog.job.busy and (dialog.plan is not None or dialog.banner.title))
    return dialog


def hold(hub: Hub) -> None:
    """Let the hub stop in the middle of the weights."""
    hub.hold_after = 1_000_000
    hub.hold.clear()


def test_starting_points_are_shown_and_nothing_is_asked(place: ModelsBench, hub: Hub) -> None:
    page = place.page
    page.show_tab(HUB)
    assert page.hub.finder.heading.text().startswith("Good starting points")
    assert page.hub.finder.list.rows
    assert page.hub.card.download.isEnabled()
    page.hub.finder.field.setText("starter")  # typing asks nothing
    assert hub.asked == []


def test_a_search_lists_what_can_and_what_cannot_be_trained(place: ModelsBench, hub: Hub) -> None:
    hub.repos["someone/starter-GGUF"] = Repo({}, tags=("gguf",), downloads=10)
    hub.repos["owner/starter-7b"] = Repo({}, gated="manual", parameters=7_000_000_000, downloads=500)
    assert search(place, "starter") == [STARTER, "owner/starter-7b", "someone/starter-GGUF"]
    page = place.page
    notes = [row.note for row in page.hub.finder.list.rows]
    assert notes[1].startswith("7.0 B parameters, ")
    assert "asks for consent" in notes[1]
    assert notes[2] == "Not for training here"
    assert page.hub.card.download.isEnabled()
    page.hub.finder.list.setCurrentRow(2)
    assert not page.hub.card.download.isEnabled()
    assert "GGUF" in page.hub.card.banner._text.text()
    page.hub.finder.field.clear()
    assert page.hub.finder.heading.text().startswith("Good starting points")


def test_an_id_that_no_search_finds_can_be_looked_up(place: ModelsBench) -> None:
    assert search(place, "someone/secret") == ["someone/secret"]
    assert place.page.hub.card.download.isEnabled()


def test_a_hub_that_does_not_answer_is_told(place: ModelsBench, hub: Hub) -> None:
    hub.refusals = [(500, {})] * 20
    page = place.page
    page.hub.search("starter")
    place.until(lambda: page.banner.title == "The hub has trouble at the moment.")
    assert page.hub.finder.heading.text().startswith("Good starting points")


def test_a_download_is_shown_agreed_to_and_chosen_when_it_is_here(place: ModelsBench, hub: Hub) -> None:
    page = place.page
    search(place, "starter")
    QTest.keyClick(page.hub.finder.list, Qt.Key.Key_Return)
    dialog = page.findChild(DownloadDialog)
    assert dialog is not None
    place.until(lambda: dialog.plan is not None)
    names = [dialog.files.item(row).text().split()[0] for row in range(dialog.files.count())]
    assert names[0] == "config.json"
    assert names[-1] == "model.safetensors"
    assert not any(name.endswith((".bin", ".py")) for name in names)
    assert dialog.button.text().startswith("Download 5.")
    assert dict(dialog.facts.rows)["Licence"] == "apache-2.0"
    assert not any("/resolve/" in path for path in hub.paths())
    dialog.button.click()
    place.until(lambda: page.shelf.model is not None and page.shelf.model.base == STARTER)
    assert page.tabs.value == HERE
    assert page.downloads.bar.isHidden()
    assert unfinished.unfinished() == []
    page.shelf.use()
    assert place.session.recipe.model.base == STARTER
    page.find()
    page.hub.finder.list.choose(STARTER)
    page.hub._show_card()
    assert page.hub.card.download.text() == "Show it"


def test_a_download_goes_into_a_folder_of_the_users(
    place: ModelsBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "models"))
    dialog = dialog_of(place)
    dialog.places.chosen.emit("folder")
    folder = tmp_path / "models" / "starter"
    place.until(lambda: dialog.plan is not None and dialog.plan.folder == folder)
    dialog.button.click()
    place.until(lambda: place.page.shelf.model is not None and place.page.shelf.model.base == str(folder))
    assert place.page.shelf.model.remembered
    assert catalogue.incomplete_models() == []


def test_a_folder_that_holds_something_is_refused(
    place: ModelsBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "starter" / "x").mkdir(parents=True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "models"))
    dialog = dialog_of(place)
    dialog.places.chosen.emit("folder")
    place.until(lambda: dialog.banner.title == "There is something at starter already.")
    assert dialog.plan is not None
    assert dialog.plan.folder is None
    dialog.reject()


def test_a_paused_download_goes_on_from_where_it_was(place: ModelsBench, hub: Hub) -> None:
    page = place.page
    hold(hub)
    dialog_of(place).button.click()
    assert hub.holding.wait(20)
    place.until(lambda: page.downloads.progress is not None and page.downloads.progress.done > 900_000)
    assert page.unfinished.isHidden()
    page.downloads.bar.stop.click()
    place.until(lambda: page.unfinished.rows)
    assert page.downloads.bar.isHidden()
    assert page.unfinished.rows[0].title == STARTER
    hub.hold.set()
    button = page.unfinished.button(0, "Go on")
    assert button is not None
    button.click()  # agreed to just now: no second question
    place.until(lambda: page.shelf.model is not None and page.shelf.model.base == STARTER)
    assert any("range" in asked.headers for asked in hub.asked)
    assert page.unfinished.isHidden()


def test_a_download_of_an_earlier_session_is_shown_before_it_goes_on(place: ModelsBench, hub: Hub) -> None:
    page = place.page
    hold(hub)
    dialog_of(place).button.click()
    assert hub.holding.wait(20)
    place.until(lambda: page.downloads.progress is not None and page.downloads.progress.done > 900_000)
    page.downloads.pause()
    page.downloads._plan = None  # as after a restart
    hub.hold.set()
    place.until(lambda: page.unfinished.rows)
    page.downloads.go_on(0)
    dialog = page.findChildren(DownloadDialog)[-1]
    place.until(lambda: dialog.plan is not None)
    assert "here already" in dict(dialog.facts.rows)["Size"]
    dialog.reject()
    page.downloads.discard(0)
    question = page.findChildren(AgreeDialog)[-1]
    question.act.click()
    place.until(lambda: not page.unfinished.rows)
    assert unfinished.unfinished() == []


def test_closing_the_window_says_what_it_pauses(place: ModelsBench, hub: Hub) -> None:
    page, closed = place.page, []
    leaving = Leaving(place.session, {"models": page}, page)
    assert leaving.may_close(lambda: closed.append("now"))  # nothing is under way
    hold(hub)
    states: list[tuple[str, str]] = []
    page.state_told.connect(lambda tone, words: states.append((tone, words)))
    dialog_of(place).button.click()
    assert hub.holding.wait(20)
    place.until(lambda: page.downloads.progress is not None and page.downloads.progress.done > 900_000)
    assert states[-1][1].endswith("%")
    assert not leaving.may_close(lambda: closed.append(leaving.may_close(lambda: None)))
    question = page.findChildren(AgreeDialog)[-1]
    assert question.text().startswith(f"{STARTER} is being downloaded: ")
    question.act.click()
    assert closed == [True]
    page.downloads.pause()
    assert states[-1] == ("", "")
    assert page.paused_by_closing == ""


def test_what_fails_can_be_tried_again(place: ModelsBench, hub: Hub) -> None:
    page = place.page
    dialog = dialog_of(place)
    hub.refuse_path, hub.refusals = "/resolve/", [(404, {})]
    dialog.button.click()
    place.until(lambda: page.banner.title)
    hub.refusals = []
    page.banner._act.click()
    place.until(lambda: page.shelf.model is not None and page.shelf.model.base == STARTER)
    assert page.banner.title == ""


def test_a_name_that_is_not_there_is_told_in_the_dialog(place: ModelsBench) -> None:
    dialog = dialog_of(place, "someone/nothing")
    assert dialog.banner.title == "There is no model named someone/nothing on the hub."
    assert not dialog.button.isEnabled()
    assert dialog.again.isVisible()
    dialog.reject()


def test_a_model_that_asks_for_consent_needs_a_token_of_who_agreed(place: ModelsBench, hub: Hub) -> None:
    hub.repos[STARTER].gated = "manual"
    hub.accounts[TOKEN] = "ann"
    dialog = dialog_of(place)
    assert not dialog.button.isEnabled()
    assert "access token" in dialog.banner._text.text()
    dialog.token.click()
    asked = place.page.findChild(TokenDialog)
    assert asked is not None
    place.until(lambda: asked._account is not None)
    asked.field.setText(TOKEN)
    asked.button.click()
    place.until(lambda: asked.banner.title == "It belongs to the account ann.")
    place.until(lambda: dialog.plan is not None and dialog.plan.access == "consent")
    assert "has not been let in" in dialog.banner._text.text()
    hub.let_in[STARTER] = {"ann"}
    dialog.again.click()
    place.until(dialog.button.isEnabled)
    asked.reject()
    dialog.reject()


def test_a_token_is_tested_kept_never_shown_and_forgotten(place: ModelsBench, hub: Hub) -> None:
    dialog = place.page.downloads.ask_for_token()
    place.until(lambda: dialog._account is not None)
    assert "never written to a file" in dialog.note.text()
    assert dialog.field.echoMode() is QLineEdit.EchoMode.Password
    dialog.field.setText("my password")
    dialog.button.click()
    place.until(lambda: dialog.banner.title == "That does not look like an access token.")
    dialog.field.setText(TOKEN)
    dialog.button.click()
    place.until(lambda: dialog.banner.title == "The hub does not accept the access token.")
    assert place.page.access.token() == ""
    hub.accounts[TOKEN] = "ann"
    dialog.button.click()
    place.until(dialog.forget.isVisible)
    assert dialog.field.text() == ""
    assert place.page.access.token() == TOKEN
    dialog.forget.click()
    place.until(dialog.forget.isHidden)
    assert place.page.access.token() == ""
    dialog.reject()
    QApplication.processEvents()


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (" qwen 7b ", "qwen 7b"),
        ("https://huggingface.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("huggingface.co/Qwen/Qwen3-8B/tree/main?x=1", "Qwen/Qwen3-8B"),
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
    ],
)
def test_an_address_from_the_browser_is_understood(typed: str, text: str) -> None:
    assert wanted(typed) == text
