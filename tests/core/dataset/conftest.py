"""A store in a folder with an awkward name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.dataset.store import ExampleStore


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / "Größe 数据 #1 %20 'x'"
    folder.mkdir()
    return folder / "examples.db"


@pytest.fixture
def store(database: Path) -> Iterator[ExampleStore]:
    opened = ExampleStore(database)
    yield opened
    opened.close()
