"""Writing many examples to a file in a child process, which cannot hold the window up; all of the file or nothing."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.child import Child
from core.dataset.query import Query
from core.errors import UserError
from core.files import sync_folder

_MEGABYTES = 4096


@dataclass(frozen=True)
class Progress:
    """So many examples have been written."""

    done: int


@dataclass(frozen=True)
class Written:
    """The whole file is in its place."""

    path: Path
    examples: int


class Writing:
    """One file being written; an earlier one of that name stays as it was until the new one is whole."""

    def __init__(
        self,
        examples: Path,
        path: Path,
        *,
        query: Query | None = None,
        ids: Sequence[int] = (),
        form: str = "alpaca",
        defuse: bool = True,
    ) -> None:
        """Prepare; the process starts with :meth:`messages`.

        Args:
            examples: the project's ``examples.db``.
            path: the file; its ending says in which format.
            query: which examples, in which order; all of them unless given.
            ids: these examples, in this order, in the place of a query.
            form: how an example is written, see :func:`core.dataset.files.write`.
            defuse: see there.
        """
        self._path = path
        # A folder beside the file: what is in it when the child is killed goes with it.
        self._aside = path.with_name(f".tmp-{secrets.token_hex(6)}")
        request = {
            "examples": str(examples),
            "path": str(self._aside / path.name),
            "query": None if query is None else asdict(query),
            "ids": list(ids),
            "form": form,
            "defuse": defuse,
        }
        self._child = Child("core.dataset.exporting_child", request, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Progress | Written]:
        """Write, and tell how far it is, and last that it is done.

        Raises:
            core.child.Stopped: :meth:`stop` was called; nothing was written.
            UserError: it cannot be written; nothing was.
        """
        try:
            self._aside.mkdir()
            written = 0
            for message in self._child.messages():
                if "written" in message:
                    written = message["written"]
                else:
                    yield Progress(message["done"])
            os.replace(self._aside / self._path.name, self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise UserError(
                f"{self._path.name} could not be written.",
                reason=f"{error.strerror or error}.",
                hint="Choose another folder, or free some space.",
                details=str(self._path),
            ) from error
        finally:
            shutil.rmtree(self._aside, ignore_errors=True)
        yield Written(self._path, written)

    def stop(self) -> None:
        """End it now; callable from any thread."""
        self._child.stop()
