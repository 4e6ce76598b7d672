"""The tokenizer and chat template of the base model in use, read in the background and kept while it is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app import disk, tasks
from core.errors import UserError

if TYPE_CHECKING:
    from core.prompt.format import PromptFormat


class BaseFormat(QObject):
    """Holds one at a time."""

    changed = Signal()
    """The one that was asked for has been read."""
    failed = Signal(object)
    """(UserError): it cannot be read; who asks later, has it tried again."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._format: PromptFormat | None = None
        self._base = ""

    def of(self, base: str) -> PromptFormat | None:
        """That of a base model; None while it is being read, then ``changed`` comes."""
        if base != self._base:
            self.drop()
            self._base = base
            tasks.run(
                lambda: disk.prompt_format(base),
                done=lambda found: self._on_read(base, found),
                failed=lambda error: self._on_not_read(base, error),
            )
        return self._format

    def drop(self) -> None:
        """Keep none."""
        if self._format is not None:
            _close(self._format)
        self._format, self._base = None, ""

    def _on_read(self, base: str, found: PromptFormat) -> None:
        if base == self._base:
            self._format = found
            self.changed.emit()
        else:
            _close(found)

    def _on_not_read(self, base: str, error: UserError) -> None:
        if base == self._base:
            self._base = ""
            self.failed.emit(error)


def _close(found: PromptFormat) -> None:
    """Let its helper process go; that waits for what it is rendering."""
    tasks.run(found.close, done=lambda _: None)
