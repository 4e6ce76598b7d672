"""Reading a source into a staging file within this process: what the child would do, without its start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.dataset.example import Example
from core.dataset.importing import child
from core.dataset.importing.source import Source
from core.dataset.importing.staging import staged_examples


@dataclass
class Taken:
    """What a reading told, and the examples in its staging file."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    @property
    def shape(self) -> dict[str, Any]:
        return next(message["shape"] for message in self.messages if "shape" in message)

    @property
    def summary(self) -> dict[str, Any]:
        return next(message["summary"] for message in self.messages if "summary" in message)

    @property
    def skipped(self) -> list[tuple[int, str, str]]:
        return [tuple(item) for item in self.summary["skipped_rows"]]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(example.instruction, example.output) for example in self.examples]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder is one of the test's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TUNESMITH_HOME", str(folder))
    return folder


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Taken]:
    """Takes ``(name, content, mapping=, project=, work=, **what a Source takes)``; content None leaves the file be."""

    def run(
        name: str,
        content: str | bytes | None = None,
        mapping: dict[str, str] | None = None,
        *,
        project: Path | None = None,
        work: Callable[..., None] = child.work,
        **more: Any,
    ) -> Taken:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        staged = tmp_path / f"staged-{len(list(tmp_path.glob('staged-*')))}.db"
        found = Taken()
        request = {
            "source": Source(path, **more).to_json(),
            "mapping": mapping,
            "project": None if project is None else str(project),
            "staged": str(staged),
        }
        work(request, found.messages.append)
        if staged.exists():
            found.examples = list(staged_examples(staged))
        return found

    return run
