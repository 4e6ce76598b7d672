"""send: the files are shown, and sent only when that was agreed to."""

import argparse
import io
import json

import pytest
from hub_fixture import hub

from core.cli import output, send
from core.errors import UserError

__all__ = ["hub"]
TOKEN = "hf_" + "Abcdefgh12345678" * 2


@pytest.fixture
def run(tmp_path, hub, monkeypatch):
    """Runs the command on a folder of two files; the exit code."""
    hub.accounts[TOKEN] = "me"
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "README.md").write_text("Hello", encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"\0" * 1000)
    parser = argparse.ArgumentParser()
    send.register(parser.add_subparsers(required=True))

    def run(*argv, where=folder):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
        args = parser.parse_args(["send", str(where), "letters", "--token-stdin", *argv])
        return args.handler(args)

    return run


def test_it_is_shown_and_nothing_is_sent_without_a_yes(run, hub, capsys):
    with pytest.raises(UserError, match="Nothing was sent"):
        run()
    assert "adapter_model.safetensors" in capsys.readouterr().out
    assert run("--json") == 0
    parcel = json.loads(capsys.readouterr().out)["parcel"]
    assert [file["name"] for file in parcel["files"]] == ["README.md", "adapter_model.safetensors"]
    assert parcel["bytes"] == 1005
    assert not hub.asked


def test_with_a_yes_it_arrives_in_a_private_repository(run, hub, capsys):
    assert run("--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "repo": "me/letters",
        "address": f"{hub.address}/me/letters",
        "bytes": 1005,
    }
    assert hub.repos["me/letters"].private
    assert hub.repos["me/letters"].files["README.md"] == b"Hello"


def test_a_folder_that_is_none_is_wrong_use(run, tmp_path):
    with pytest.raises(output.WrongUse, match="is no folder"):
        run(where=tmp_path / "nowhere")
