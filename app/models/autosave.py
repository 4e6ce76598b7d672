"""What the user types becomes durable by itself: half a second after the last key, or at once when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from core.dataset.example import Example
from core.dataset.store import Change, ExampleStore
from core.errors import UserError

_PAUSE_MS = 300  # leaves 0.2 s of the half second for the disk
_LONGEST_MS = 800  # who types without a pause loses no more than a second in a power cut


class Write(Protocol):
    """Does disk work in order, off the drawing thread (``Session.write``)."""

    def __call__(
        self, fn: Callable[[], Any], *, done: Callable[[Any], object], failed: Callable[[UserError], object] | None
    ) -> None:
        """Have ``fn`` done after all that was asked for earlier."""
        ...


@dataclass(frozen=True)
class _Batch:
    """Edits of one example on their way to the disk."""

    store: ExampleStore
    id: int
    fields: dict[str, Any]
    change: Change | None = None


class Autosave(QObject):
    """Gathers the edits of a form and writes them.

    An example that is being written for the first time goes by a negative number of its own until it is stored.

    Signals:
        handed_over: everything edited so far is on its way to the disk.
        saved(Change): edits are durable.
        created(int, int): a new example, known by this negative number so far, is stored and has this id.
        failed(UserError): edits could not be written; they are kept and written with the next ones.
    """

    handed_over = Signal()
    saved = Signal(object)
    created = Signal(int, int)
    failed = Signal(object)

    def __init__(self, write: Write, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._write = write
        self._store: ExampleStore | None = None
        self._pending: dict[int, dict[str, Any]] = {}
        self._on_the_way: list[_Batch] = []
        self._creating: set[int] = set()
        self.failing = False  # the last write did not succeed; what it held is only in memory
        self._pause = _timer(self, _PAUSE_MS)
        self._longest = _timer(self, _LONGEST_MS)

    def set_store(self, store: ExampleStore | None) -> None:
        """Write to another store from now on; call :meth:`flush` first."""
        self._store = store
        self._pending.clear()
        self._on_the_way.clear()
        self._creating.clear()
        self.failing = False

    @property
    def busy(self) -> bool:
        """Whether anything is not durable yet."""
        return bool(self._pending or self._on_the_way)

    def edit(self, id: int, field: str, value: object) -> None:
        """A field has a new value."""
        self._pending.setdefault(id, {})[field] = value
        self._pause.start()
        if not self._longest.isActive():
            self._longest.start()

    def forget(self, id: int) -> None:
        """Drop what was typed into an example and is not on its way yet."""
        self._pending.pop(id, None)

    def with_edits(self, example: Example) -> Example:
        """The stored example with what is not durable yet, so that nobody sees an older state than they typed."""
        for batch in self._on_the_way:
            if batch.id == example.id:
                example = replace(example, **batch.fields)
        return replace(example, **self._pending.get(example.id, {}))

    def flush(self) -> None:
        """Write now; returns at once, the writing is done in order."""
        self._pause.stop()
        self._longest.stop()
        store = self._store
        if store is None:
            return
        for id in [id for id in self._pending if self._can_go(id)]:
            batch = _Batch(store, id, self._pending.pop(id))
            self._on_the_way.append(batch)
            if id < 0:
                self._creating.add(id)
            self._write(lambda batch=batch: _store(batch), done=self._done, failed=self._failed)
        self.handed_over.emit()

    def _can_go(self, id: int) -> bool:
        """A new example waits while it is being created, and until there is something in it."""
        return id > 0 or (id not in self._creating and Example(**self._pending[id]) != Example())

    def _done(self, batch: _Batch) -> None:
        if batch.store is not self._store:
            return
        self._on_the_way.pop(0)
        self.failing = False
        if batch.change is None:
            return
        if batch.id < 0:
            self._adopt(batch.id, batch.change.added[0])
        self.saved.emit(batch.change)

    def _adopt(self, number: int, id: int) -> None:
        """What was typed while the new example was being stored belongs to it."""
        self._creating.discard(number)
        later = self._pending.pop(number, {})
        if later:
            self._pending[id] = later
        self.created.emit(number, id)
        if later and not self._pause.isActive():
            self.flush()  # it was asked for while the new example had no id yet

    def _failed(self, error: UserError) -> None:
        if not self._on_the_way:
            return  # of a project that is closed
        batch = self._on_the_way.pop(0)  # the writing is in order, so it is the oldest that failed
        self._creating.discard(batch.id)
        self.failing = True
        self._pending[batch.id] = batch.fields | self._pending.get(batch.id, {})
        self.failed.emit(error)


def _store(batch: _Batch) -> _Batch:
    """Write one batch (in the writing thread); an example deleted meanwhile has no edits any more."""
    try:
        if batch.id < 0:
            change = batch.store.add([Example(**batch.fields)])
        else:
            change = batch.store.update(batch.id, **batch.fields)
    except KeyError:
        return batch
    return replace(batch, change=change)


def _timer(autosave: Autosave, milliseconds: int) -> QTimer:
    timer = QTimer(autosave)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(autosave.flush)
    return timer
