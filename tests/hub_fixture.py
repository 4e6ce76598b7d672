"""A hub on the loopback with one good model, for the tests of whoever speaks with one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, Repo, serving

from core import paths

STARTER = "someone/starter"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on the loopback with one good model, an empty cache and an empty home."""
    files = {path.name: path.read_bytes() for path in paths.starter_model().iterdir()}
    files |= {"pytorch_model.bin": b"pickle", "modeling_own.py": b"raise SystemExit", "original/consolidated.pth": b"p"}
    with serving(Hub()) as served:
        served.repos[STARTER] = Repo(files, parameters=5_500_000)
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
        yield served
