"""What is remembered for all projects survives two windows that change it at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from core import files
from core.base_models import shelf
from core.base_models.hub import unfinished
from core.base_models.hub.model import HubFile, Plan
from core.errors import UserError

_EACH = 8


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def at_once(act: Callable[[str], object]) -> None:
    """Have two threads act on names of their own, as two windows would."""
    both = threading.Barrier(2)

    def work(who: str) -> None:
        for number in range(_EACH):
            both.wait(timeout=30)
            act(f"{who}{number}")

    threads = [threading.Thread(target=work, args=(who,)) for who in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_folders_added_at_once_are_all_on_the_shelf(tmp_path: Path) -> None:
    at_once(lambda name: shelf.remember(tmp_path / name))
    assert len(shelf.folders()) == 2 * _EACH
    at_once(lambda name: shelf.forget(tmp_path / name))
    assert shelf.folders() == []


def test_downloads_begun_at_once_are_all_remembered(tmp_path: Path) -> None:
    def begin(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "weights").write_bytes(b"x")
        unfinished.begun(plan(name, folder))

    at_once(begin)
    assert len(unfinished._read()) == 2 * _EACH
    at_once(lambda name: unfinished.ended(f"them/{name}", tmp_path / name))
    assert unfinished._read() == []


def test_a_list_that_another_program_holds_is_told_not_waited_for(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0)
    home.mkdir()
    with filelock.FileLock(home / "model-folders.json.lock"), pytest.raises(UserError, match="being changed"):
        shelf.remember(tmp_path)
    shelf.remember(tmp_path)
    assert shelf.folders() == [tmp_path]


def plan(name: str, folder: Path) -> Plan:
    return Plan(
        f"them/{name}",
        "c0ffee",
        (HubFile("weights", 1, "f" * 64),),
        folder,
        0,
        10**9,
        "mit",
        "",
        False,
        1,
        "Llama",
        0,
        "",
        "open",
    )
