"""The access token lives in the system's keyring and nowhere else."""

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked

from core.base_models.hub import token
from core.errors import UserError

GOOD = "hf_" + "Abcdefgh12345678" * 2


class Memory(KeyringBackend):
    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("It is locked.")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory(monkeypatch):
    backend = Memory()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


def test_kept_read_replaced_and_forgotten(memory):
    assert token.load() == ""
    token.save(f"  {GOOD}\n")
    assert token.load() == GOOD
    token.save(GOOD[:-1] + "9")
    assert token.load().endswith("9")
    token.forget()
    token.forget()
    assert token.load() == ""
    assert memory.kept == {}


@pytest.mark.parametrize("text", ["", "my password", "hf_", "hf_abc def ghi jkl mno pqr", GOOD + "é", f"Bearer {GOOD}"])
def test_what_is_no_token_is_refused_without_repeating_it(memory, text):
    with pytest.raises(UserError, match="does not look like") as raised:
        token.save(text)
    if len(text) > 5:
        assert text not in f"{raised.value} {raised.value.details}"
    assert memory.kept == {}


def test_a_locked_keyring_is_told(memory):
    memory.locked = True
    with pytest.raises(UserError, match="cannot be used"):
        token.load()


def test_without_a_keyring_nothing_is_kept_anywhere(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path))
    plain = type("PlaintextKeyring", (Memory,), {"__module__": "keyrings.alt.file"})()
    for backend in (keyring.backends.fail.Keyring(), plain):
        monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
        assert not token.available()
        assert token.load() == ""
        with pytest.raises(UserError, match="no keyring"):
            token.save(GOOD)
    assert plain.kept == {}
    assert not list(tmp_path.iterdir())


def test_a_chain_with_a_plain_file_in_it_is_none(monkeypatch):
    plain = type("PlaintextKeyring", (Memory,), {"__module__": "keyrings.alt.file"})()
    monkeypatch.setattr(ChainerBackend, "backends", [Memory(), plain])
    monkeypatch.setattr(keyring.core, "_keyring_backend", ChainerBackend())
    assert not token.available()
