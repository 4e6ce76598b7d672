"""Projects, tokenizers and small waits that the tests of the frame and of the Examples page share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.session import Session
from core.dataset.example import Example
from core.errors import PromptError
from core.project import Project
from core.prompt.format import Encoded

THREE = (
    Example("Greet Anna", "", "Ahoy, Anna!"),
    Example("Greet Ben", "from Kiel", "Ahoy, Ben!"),
    Example("Greet Cem", "", ""),
)


def make_project(path: Path, examples: Iterable[Example] = (), *, name: str = "Harbour letters") -> Path:
    """A project on disk, closed."""
    with Project.create(path, name=name) as project:
        if examples := list(examples):
            project.store.add(examples)
        project.store.settle()
    return path


def stored(session: Session) -> list[Example]:
    """What is in the store when all that was to be written is there."""
    session.wait()
    assert session.project is not None
    return list(session.project.store.iterate())


def until(qtbot: QtBot, condition: Callable[[], object], what: str = "") -> None:
    """Wait until a condition holds."""

    def check() -> None:
        assert condition(), what or "never came about"

    qtbot.waitUntil(check, timeout=10_000)


def top_level(kind: type[Any]) -> Any:
    """The one visible window of a kind."""
    found = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible()]
    assert len(found) == 1, found
    return found[0]


class WordFormat:
    """A base model's format in which every word is a token, and the words of the output are learnt."""

    end_ids: tuple[int, ...] = ()

    def __init__(self) -> None:
        self.closed = False

    def count(self, text: str) -> int:
        return len(text.split())

    def encode(self, example: Example) -> Encoded:
        if "refused" in example.instruction:
            raise PromptError("The template refuses this example.")
        roles = [("user", word) for word in example.prompt.split()]
        roles += [("assistant", word) for word in example.output.split()] + [("template", "<end>")]
        texts = [f"{word} " for _role, word in roles]
        learnt = [role != "user" for role, _word in roles]
        return Encoded(list(range(len(roles))), learnt, [role for role, _word in roles], "".join(texts), texts)

    def close(self) -> None:
        self.closed = True
