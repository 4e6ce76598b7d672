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
        self._key: tuple[str, str] | None = None

    def of(self, base: str, template: str = "") -> PromptFormat | None:
        """That of a base model with a chosen template; None while it is being read, then ``changed`` comes."""
        key = (base, template)
        if key != self._key:
            self.drop()
            self._key = key
            tasks.run(
                lambda: disk.prompt_format(base, template),
                done=lambda found: self._on_read(key, found),
                failed=lambda error: self._on_not_read(key, error),
            )
        return self._format

    def drop(self) -> None:
        """Keep none."""
        if self._format is not None:
            _close(self._format)
        self._format, self._key = None, None

    def _on_read(self, key: tuple[str, str], found: PromptFormat) -> None:
        if key == self._key:
            self._format = found
            self.changed.emit()
        else:
            _close(found)

    def _on_not_read(self, key: tuple[str, str], error: UserError) -> None:
        if key == self._key:
            self._key = None
            self.failed.emit(error)


def _close(found: PromptFormat) -> None:
    """Let its helper process go; that waits for what it is rendering."""
    tasks.run(found.close, done=lambda _: None)
