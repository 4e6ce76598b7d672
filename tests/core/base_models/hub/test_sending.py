"""A folder goes to a private repository on the hub, through the real client, and only as it was shown."""

from pathlib import Path

import pytest
from hub_server import Hub, Repo

from core.base_models.hub.sending import Parcel, Sending, SendJob, Sent
from core.errors import UserError

TOKEN = "hf_" + "Abcdefgh12345678" * 2


@pytest.fixture
def folder(tmp_path: Path, hub: Hub) -> Path:
    hub.accounts[TOKEN] = "me"
    folder = tmp_path / "adapter"
    (folder / "sub").mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"\0" * 300_000)
    (folder / "README.md").write_text("Größe", encoding="utf-8")
    (folder / "sub" / "x.json").write_text("{}", encoding="utf-8")
    return folder


def send(parcel: Parcel) -> list[Sending | Sent]:
    return list(SendJob(parcel, token=TOKEN).messages())


def test_all_files_arrive_in_a_private_repository(hub: Hub, folder: Path) -> None:
    parcel = Parcel.of(folder, "my-adapter")
    assert [file.name for file in parcel.files] == ["README.md", "adapter_model.safetensors", "sub/x.json"]
    assert not hub.asked, "a parcel is made without the network"
    told = send(parcel)
    assert told[-1] == Sent("me/my-adapter", f"{hub.address}/me/my-adapter")
    assert told[-2] == Sending("", parcel.total_bytes, parcel.total_bytes)
    repo = hub.repos["me/my-adapter"]
    assert repo.private
    assert repo.files == {file.name: (folder / file.name).read_bytes() for file in parcel.files}
    (folder / "README.md").write_text("Anew", encoding="utf-8")
    send(Parcel.of(folder, "my-adapter"))
    assert hub.repos["me/my-adapter"].files["README.md"] == b"Anew"


def test_nothing_goes_into_a_public_repository(hub: Hub, folder: Path) -> None:
    hub.repos["me/public"] = Repo({"README.md": b""})
    with pytest.raises(UserError, match="public repository"):
        send(Parcel.of(folder, "public"))
    assert hub.repos["me/public"].files == {"README.md": b""}


def test_a_file_that_changed_after_it_was_shown_is_not_sent(hub: Hub, folder: Path) -> None:
    parcel = Parcel.of(folder, "my-adapter")
    (folder / "README.md").write_text("Something else", encoding="utf-8")
    with pytest.raises(UserError, match="has changed"):
        send(parcel)
    assert not hub.repos.get("me/my-adapter")


def test_a_token_that_may_not_write(hub: Hub, folder: Path) -> None:
    hub.refusals = [(403, {"X-Error-Message": "You don't have the rights"})]
    with pytest.raises(UserError, match="refuses access") as raised:
        send(Parcel.of(folder, "other/adapter"))
    assert "only reads" in raised.value.hint


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b/c", "-x", "a--b"])
def test_names_that_the_hub_does_not_take(folder: Path, name: str) -> None:
    with pytest.raises(UserError, match="no such name"):
        Parcel.of(folder, name)
