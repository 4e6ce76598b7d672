"""Sending an export to a private repository, by the real client to a hub on the loopback: shown first, then sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_fixture import hub
from hub_server import Hub
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.sending import Account
from app.widgets.send_dialog import SendDialog
from core.base_models.hub.sending import Parcel, Sending, Sent
from core.child import Stopped

__all__ = ["hub"]
TOKEN = "hf_" + "Abcdefgh12345678" * 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "letters-run-1"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"\0" * 300_000)
    (folder / "README.md").write_text("Größe", encoding="utf-8")
    return folder


def names(dialog: SendDialog) -> list[str]:
    return [dialog.files.item(row).text() for row in range(dialog.files.count())]


def test_what_is_shown_is_sent_and_nothing_before(qtbot: QtBot, hub: Hub, folder: Path) -> None:
    hub.accounts[TOKEN] = "me"
    dialog = SendDialog(folder, account=lambda: Account(has_token=False, keeps=False))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: len(names(dialog)) == 2)
    assert names(dialog)[1].startswith("adapter_model.safetensors")
    assert dialog.button.text() == "Send 2 files (293.0 KB)"
    assert not dialog.button.isEnabled(), "a token is missing"
    assert not dialog.keep.isVisible(), "nothing could keep it"
    qtbot.keyClicks(dialog.token, TOKEN)
    assert not hub.asked
    with qtbot.waitSignal(dialog.sent, timeout=30_000):
        dialog.button.click()
    assert hub.repos["me/letters-run-1"].private
    assert hub.repos["me/letters-run-1"].files == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert dialog.banner.title == "Sent."
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == f"{hub.address}/me/letters-run-1"
    assert dialog.button.text() == "Open its page"


def test_what_the_hub_refuses_is_told_and_another_try_is_possible(qtbot: QtBot, hub: Hub, folder: Path) -> None:
    hub.accounts[TOKEN] = "me"
    hub.refusals = [(403, {"X-Error-Message": "You don't have the rights"})]
    dialog = SendDialog(folder, account=lambda: Account(has_token=False, keeps=False))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClicks(dialog.token, TOKEN)
    qtbot.waitUntil(dialog.button.isEnabled)
    dialog.button.click()
    qtbot.waitUntil(lambda: "refuses access" in dialog.banner.title, timeout=30_000)
    qtbot.waitUntil(dialog.button.isEnabled)


def test_a_name_that_the_hub_does_not_take_is_said(qtbot: QtBot, folder: Path) -> None:
    dialog = SendDialog(folder, account=lambda: Account(has_token=True, keeps=True))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.button.isEnabled)
    assert dialog.signed_in.isVisible()
    assert not dialog.token.isVisible()
    dialog.repo.setText("a b")
    qtbot.waitUntil(lambda: dialog.note.text().startswith("The hub takes no such name."))
    assert not dialog.button.isEnabled()
    dialog.repo.setText("mine")
    qtbot.waitUntil(dialog.button.isEnabled)


class WaitingJob:
    """Tells of the half, and waits to be stopped."""

    def __init__(self, kept: list[bool], keep: bool) -> None:
        kept.append(keep)
        self._stopped = threading.Event()

    def messages(self) -> Iterator[Sending | Sent]:
        """Half of it."""
        yield Sending("README.md", 1, 2)
        self._stopped.wait()
        raise Stopped

    def stop(self) -> None:
        """End it."""
        self._stopped.set()


@pytest.mark.parametrize("keeps", [True, False])
def test_it_can_be_ended_and_a_typed_token_is_kept_only_if_wished(qtbot: QtBot, folder: Path, keeps: bool) -> None:
    kept: list[bool] = []

    def make(_parcel: Parcel, typed: str, keep: bool) -> WaitingJob:
        assert typed == TOKEN
        return WaitingJob(kept, keep)

    dialog = SendDialog(folder, account=lambda: Account(has_token=False, keeps=True), make=make)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.keep.isVisible)
    dialog.keep.setChecked(keeps)
    qtbot.keyClicks(dialog.token, TOKEN)
    qtbot.waitUntil(dialog.button.isEnabled)
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.bar.value() == 500)
    assert not dialog.repo.isEnabled()
    dialog.cancel.click()
    assert dialog.banner.title == "The sending was ended."
    qtbot.waitUntil(dialog.button.isEnabled)
    assert kept == [keeps]
