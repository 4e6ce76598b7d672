"""The examples of a project: kept durably, listed quickly, every change with undo and redo.

The public face of this package: callers take :class:`ExampleStore`, :class:`Query`, :class:`Change` and
:class:`Counts` from here.
"""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.dataset import backups, history, index, reads, staged, stories
from core.dataset.change import Change, counted, edit_label
from core.dataset.database import Database
from core.dataset.example import Example, Split, Status
from core.dataset.heldout import heldout
from core.dataset.query import Counts, Query
from core.dataset.rows import FIELDS, columns_of, spans_of
from core.dataset.schema import MIGRATIONS, check_version, foreign, is_empty, migrate, version_in_file, version_of
from core.dataset.statements import about, chunks, encoded, insert, is_there, next_id, present
from core.dataset.stories import Moment, Step
from core.dataset.upkeep import Upkeep, back_up_before, back_up_before_adding, is_needed
from core.errors import ProjectError

__all__ = ["Change", "Counts", "ExampleStore", "Moment", "Query", "Split", "Status", "Step"]

_TEXTS = ("instruction", "input", "output", "system", "note", "rejected")
_ROWS_AT_ONCE = 500
_EVERYTHING = Query()


class ExampleStore:
    """Callable from any thread. Edits are durable when a method returns; reading never waits for writing."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open ``examples.db`` or, unless ``read_only``, make it.

        Raises:
            ProjectError: damaged, of a newer version, or not writable; it is left as it was.
        """
        self.path = path
        self.read_only = read_only
        if path.exists() and path.stat().st_size:
            check_version(version_in_file(path), path)
        self._database = Database(path, read_only=read_only)
        self._upkeep = Upkeep(self._database)
        self._heldout: tuple[tuple[int, float], frozenset[int]] | None = None
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise
        if not read_only:
            self._upkeep.wake()

    def _prepare(self) -> None:
        with self._database.read() as connection:
            version = version_of(connection)
            if version == 0 and not is_empty(connection):
                raise foreign(self.path)
        check_version(version, self.path)
        if version < len(MIGRATIONS):
            if self.read_only:
                raise ProjectError(
                    "This project was made by an older version of Tunesmith.",
                    reason="Its examples have to be brought to the new format first.",
                    hint="Open it in the window once.",
                    details=str(self.path),
                )
            if version:
                backups.make(self._database, why=f"before version {len(MIGRATIONS)}")
            with self._database.alone() as connection:
                migrate(connection)

    # --- Changing -----------------------------------------------------------------------------------------------------

    def add(self, examples: Iterable[Example], *, label: str = "") -> Change:
        """Add examples in one step, streaming; their own ids are ignored.

        Args:
            examples: taken one by one; an exception in it leaves the store as it was.
            label: the step's name; ``{count}`` in it becomes their number.
        """
        now = time.time()
        with self._change() as connection:
            first = next_id(connection)
            last = first - 1
            for chunk in chunks(examples, _ROWS_AT_ONCE):
                rows = [(id, *columns_of(example)) for id, example in enumerate(chunk, start=last + 1)]
                insert(connection, rows, now)
                last += len(rows)
            ids = tuple(range(first, last + 1))
            name = label.replace("{count}", f"{len(ids):,}") or (f"Add {counted(ids)}" if ids else "")
            if ids:
                step = history.begin_step(connection, name, now)
                history.record_spans(connection, step, ids, added=True)
                index.index_if_few(connection, len(ids))
        return Change(name, added=ids)

    def update(self, id: int, **fields: Any) -> Change:
        """Change fields of an example; typing on in the same field within seconds stays one undo step.

        Raises:
            KeyError: there is no such example.
            TypeError, ValueError: an unknown field, or a value that it cannot have.
        """
        values = encoded(fields)
        now = time.time()
        merge = f"{id}:{','.join(sorted(fields))}" if fields and all(field in _TEXTS for field in fields) else ""
        with self._change() as connection:
            if not is_there(connection, id):
                raise KeyError(id)
            done = list(history.rewrite(connection, [(id, values)], now))
            if not done:
                return Change(edit_label((id,), values, values))
            merge = merge or history.merge_of_turn(id, done[0][1], values)
            name = history.merge_into_last(connection, merge, values, now) if merge else None
            if name is None:
                name = edit_label((id,), values, values)
                step = history.begin_step(connection, name, now, merge=merge)
                history.record_edits(connection, step, [(id, done[0][1], values)])
        return Change(name, changed=(id,))

    def update_many(self, ids: Iterable[int], **fields: Any) -> Change:
        """Give fields of several examples the same values in one step; ids that are not there are passed over.

        Raises:
            TypeError, ValueError: an unknown field, or a value that it cannot have.
        """
        values = encoded(fields)
        ids = list(ids)
        back_up_before(self._database, len(ids))
        now = time.time()
        with self._change() as connection:
            there = present(connection, ids)
            done = list(history.rewrite(connection, ((id, values) for id in there), now))
            changed = tuple(id for id, _ in done)
            if not changed:
                return Change("")
            name = edit_label(changed, values, values)
            step = history.begin_step(connection, name, now)
            history.record_edits(connection, step, ((id, before, values) for id, before in done))
        return Change(name, changed=changed)

    def update_each(self, changes: Iterable[tuple[int, Mapping[str, Any]]], *, label: str) -> Change:
        """Give each example its own new values in one step; ids that are not there are passed over.

        Args:
            changes: an example's id and its new values by field; taken one by one.
            label: the step's name; ``{count}`` in it becomes the number of examples that changed.

        Raises:
            TypeError, ValueError: an unknown field, or a value that it cannot have.
        """
        wanted = {id: encoded(dict(values)) for id, values in changes}
        back_up_before(self._database, len(wanted))
        now = time.time()
        with self._change() as connection:
            there = present(connection, wanted)
            done = list(history.rewrite(connection, ((id, wanted[id]) for id in there), now))
            changed = tuple(id for id, _ in done)
            if not changed:
                return Change("")
            name = label.replace("{count}", f"{len(changed):,}")
            step = history.begin_step(connection, name, now)
            history.record_edits(connection, step, ((id, before, wanted[id]) for id, before in done))
        return Change(name, changed=changed)

    def add_staged(
        self,
        path: Path,
        *,
        label: str,
        leave_out: Collection[str] = (),
        cancelled: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], object] = lambda done, total: None,
    ) -> Change:
        """Take the examples of a staging file (``core.dataset.importing.staging``) in one step, all or none.

        Args:
            path: the staging file.
            label: the step's name; ``{count}`` in it becomes their number.
            leave_out: ``twice`` for examples that an earlier row of the file says as well, ``known`` for those that the
                project has already.
            cancelled: asked now and then; when it says so the store stays as it was.
            progress: told (done, in all).

        Raises:
            ProjectError: cancelled, or as :meth:`add`.
        """
        back_up_before_adding(self._database)
        now = time.time()
        with self._change(beside=path) as connection:
            first = next_id(connection)
            count = 0
            for count, total in staged.take(connection, now, first=first, leave_out=leave_out):
                progress(count, total)
                if cancelled():
                    raise ProjectError("The import was cancelled.", reason="Nothing was imported.")
            ids = tuple(range(first, first + count))
            name = label.replace("{count}", f"{count:,}")
            if ids:
                step = history.begin_step(connection, name, now)
                history.record_spans(connection, step, ids, added=True)
                index.index_if_few(connection, len(ids))
        return Change(name, added=ids)

    def replace_all(self, examples: Iterable[Example], *, label: str) -> Change:
        """Make these all the examples there are, by their ids, in one step; what else there is is removed.

        Args:
            examples: with the ids of an earlier state of this store.
            label: the step's name.
        """
        wanted = {example.id: dict(zip(FIELDS, columns_of(example), strict=True)) for example in examples}
        back_up_before(self._database, len(wanted))
        now = time.time()
        with self._change() as connection:
            return history.replace_all(connection, wanted, label, now)

    def delete(self, ids: Iterable[int]) -> Change:
        """Remove examples in one step; ids that are not there are passed over."""
        ids = list(ids)
        back_up_before(self._database, len(ids))
        now = time.time()
        with self._change() as connection:
            there = tuple(present(connection, ids))
            if not there:
                return Change("")
            name = f"Delete {counted(there)}"
            connection.executemany(
                "UPDATE listing SET removed = 1 WHERE id BETWEEN ? AND ? AND NOT removed", spans_of(there)
            )
            step = history.begin_step(connection, name, now)
            history.record_spans(connection, step, there, added=False)
        return Change(name, removed=there)

    def duplicate(self, ids: Iterable[int]) -> Change:
        """Add copies of examples in one step, in the order of their ids."""
        originals = self.rows(sorted(set(ids)))
        if not originals:
            return Change("")
        return self.add(originals, label=f"Duplicate {counted(tuple(example.id for example in originals))}")

    def undo(self) -> Change | None:
        """Take the last step back; None when there is none. Works on after a restart."""
        with self._change() as connection:
            return history.undo(connection, time.time())

    def redo(self) -> Change | None:
        """Do again what was taken back last; None when there is nothing, or something was changed since."""
        with self._change() as connection:
            return history.redo(connection, time.time())

    # --- Reading ------------------------------------------------------------------------------------------------------

    @property
    def undo_label(self) -> str | None:
        """What undo would take back."""
        with self._database.read() as connection:
            return history.label(connection, back=True)

    @property
    def redo_label(self) -> str | None:
        """What redo would do again."""
        with self._database.read() as connection:
            return history.label(connection, back=False)

    @property
    def revision(self) -> int:
        """A number that grows with every change, also with those of other processes."""
        with self._database.read() as connection:
            return about(connection, "revision")

    def get(self, id: int) -> Example:
        """One example.

        Raises:
            KeyError: there is none with this id.
        """
        for example in self.rows([id]):
            return example
        raise KeyError(id)

    def ids(self, query: Query = _EVERYTHING) -> array[int]:
        """The ids of all examples that match, in order."""
        with self.reading() as connection:
            return reads.ids(connection, query)

    def first_ids(self, query: Query = _EVERYTHING, limit: int = 200) -> array[int]:
        """The first of :meth:`ids`, sooner than all of them."""
        with self.reading() as connection:
            return reads.first_ids(connection, query, limit)

    def rows(self, ids: Sequence[int]) -> list[Example]:
        """The examples with these ids, in that order; those that are not there are left out."""
        with self.reading() as connection:
            return reads.rows(connection, ids)

    def iterate(self, query: Query = _EVERYTHING) -> Iterator[Example]:
        """The examples that match, in order, all of one moment however long the reading takes."""
        with self.reading() as connection:
            yield from reads.iterate(connection, query)

    def counts(self) -> Counts:
        """How many there are of each status as shown."""
        with self._database.read() as connection:
            return reads.counts(connection)

    def heldout(self, share: float) -> frozenset[int]:
        """The ready examples that a run would keep out now (:func:`core.dataset.split.split`)."""
        with self._database.snapshot() as connection:
            key = (about(connection, "revision"), share)
            if self._heldout is None or self._heldout[0] != key:
                self._heldout = (key, heldout(connection, share))
            return self._heldout[1]

    def story(self, id: int) -> list[Moment]:
        """What the kept steps did to an example, newest first."""
        with self._database.snapshot() as connection:
            return stories.story(connection, id)

    def steps(self, limit: int = 200) -> list[Step]:
        """The newest steps, newest first."""
        with self._database.read() as connection:
            return stories.steps(connection, limit)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that reads one state, for the modules of this package."""
        with self._database.snapshot() as connection:
            yield connection

    def tags(self) -> list[str]:
        """All tags in use, in alphabetical order."""
        with self._database.read() as connection:
            return reads.tags(connection)

    def close(self) -> None:
        """Close the file; everything is on disk already. Closing twice does no harm."""
        self._upkeep.close()
        self._database.close()

    def settle(self) -> None:
        """Do now what is otherwise done in the background: backup, search index, clearing away."""
        self._upkeep.finish()

    @contextmanager
    def _change(self, *, beside: Path | None = None) -> Iterator[sqlite3.Connection]:
        with self._database.write(beside=beside) as connection:
            before = connection.total_changes
            yield connection
            if connection.total_changes != before:
                connection.execute("UPDATE about SET value = value + 1 WHERE key = 'revision'")
            behind = is_needed(connection)
        if behind:
            self._upkeep.wake()
