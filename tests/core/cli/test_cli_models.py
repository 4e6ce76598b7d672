"""tunesmith models: what is on this machine, what is on the hub, and downloads that are agreed to first."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from hub_fixture import STARTER, hub
from hub_server import Hub, Repo

from core import paths
from core.base_models import catalogue
from core.cli import models
from core.hardware.usage import MemoryUse

__all__ = ["hub"]
TOKEN = "hf_" + "Abcdefgh12345678" * 2


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch, tmp_path):
    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.backends.fail.Keyring())
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))


def test_the_starter_is_listed_and_told_of(cli: Callable) -> None:
    listed = json.loads(cli("models", "list", "--json").out)
    assert [one["model"] for one in listed["models"]] == ["starter"]
    assert listed["unfinished"] == []
    assert "starter" in cli("models", "list").out
    told = json.loads(cli("models", "info", "starter", "--json").out)
    assert told["architecture"] == "LlamaForCausalLM"
    assert set(told["needs"]) == {"qlora", "lora", "chat"}
    assert told["needs"]["qlora"]["verdict"] in ("fits", "tight", "too large")
    assert "QLoRA" in cli("models", "info", "starter").out


def test_a_folder_is_added_and_removed(cli: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "my model"
    shutil.copytree(paths.starter_model(), folder)
    assert json.loads(cli("models", "add", folder, "--json").out) == {"model": str(folder)}
    assert [one["model"] for one in json.loads(cli("models", "list", "--json").out)["models"]] == [
        "starter",
        str(folder),
    ]
    assert cli("models", "remove", folder).code == 0
    assert (folder / "config.json").is_file()
    assert cli("models", "remove", folder).code == 1
    assert "no base model" in cli("models", "add", tmp_path).err


def test_what_is_not_here_is_told_with_the_way_to_get_it(cli: Callable) -> None:
    outcome = cli("models", "info", "someone/nothing")
    assert outcome.code == 1
    assert "models download" in outcome.err


def test_starting_points_by_memory(cli: Callable, monkeypatch) -> None:
    small = json.loads(cli("models", "starting-points", "--memory", 8, "--json").out)
    large = json.loads(cli("models", "starting-points", "--memory", 24, "--json").out)
    assert {one["memory_gb"] for one in small} == {8}
    assert len(large) > len(small)
    assert "Apache 2.0" in cli("models", "starting-points", "--memory", 12).out
    monkeypatch.setattr(models, "memory_use", lambda: MemoryUse("A card", 0, 4 * 1000**3))
    assert "starter" in cli("models", "starting-points").out
    monkeypatch.setattr(models, "memory_use", lambda: MemoryUse("", 0, 64 * 1000**3))
    without_card = cli("models", "starting-points").out
    assert "without a graphics card" in without_card
    assert "24B" not in without_card


def test_search_download_and_remove(cli: Callable, hub: Hub) -> None:
    hub.repos["someone/starter-pickled"] = Repo({"pytorch_model.bin": b"x"}, tags=("gguf",), downloads=5)
    told = cli("models", "search", "starter")
    assert STARTER in told.out
    assert "Not for training here" in told.out
    assert json.loads(cli("models", "search", "starter", "--json").out)[0]["repo"] == STARTER
    refused = cli("models", "download", STARTER)  # nobody is there to agree
    assert (refused.code, "Nothing was downloaded" in refused.err) == (1, True)
    assert "model.safetensors" in refused.out
    assert "Licence: apache-2.0" in refused.out
    plan = json.loads(cli("models", "download", STARTER, "--json").out)["plan"]
    assert plan["bytes"] == plan["missing_bytes"]
    assert not any("/resolve/" in path for path in hub.paths())
    done = json.loads(cli("models", "download", STARTER, "--yes", "--json").out)
    assert (done["model"], Path(done["path"])) == (STARTER, catalogue.resolve(STARTER))
    assert cli("models", "remove", STARTER).code == 1
    removed = json.loads(cli("models", "remove", STARTER, "--yes", "--json").out)
    assert removed["freed_bytes"] == plan["bytes"]
    assert not list(catalogue.hub_cache().glob("models--*"))


def test_a_token_for_one_command_comes_over_stdin_and_is_kept_nowhere(
    cli: Callable, hub: Hub, tmp_path: Path, monkeypatch
) -> None:
    hub.accounts[TOKEN] = "me"
    hub.repos[STARTER].gated = "auto"
    hub.let_in[STARTER] = {"me"}
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    outcome = cli("models", "download", STARTER, "--yes", "--token-stdin", "--to", tmp_path / "here")
    assert outcome.code == 0, outcome.err
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert kept == []
    assert TOKEN not in outcome.out + outcome.err


def test_without_a_keyring_signing_in_says_so(cli: Callable, hub: Hub, monkeypatch) -> None:
    hub.accounts[TOKEN] = "me"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    outcome = cli("models", "sign-in")
    assert outcome.code == 1
    assert "no keyring" in outcome.err
    assert TOKEN not in outcome.out + outcome.err
