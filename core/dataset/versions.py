"""Named versions of all examples, kept in the project's folder ``versions``: saved, compared, put back.

A version is one file: lines of JSON, compressed. The first line says what it is, each following one is an example, the
last has a hash of all examples; a file that was damaged is refused.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset.example import Example
from core.dataset.rows import FIELDS, example_of, stored
from core.dataset.store import Change, ExampleStore
from core.errors import ProjectError
from core.files import replacing

FOLDER = "versions"
_ENDING = ".jsonl.gz"
_NAME = re.compile(r"(\d{4,})-.*\.jsonl\.gz")
_FORMAT = 1
_LONGEST_NAME = 80
_LEVEL = 3  # of compression; a million examples take seconds


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its file, number, name, when it was saved (Unix seconds) and how many examples it has."""

    path: Path
    number: int
    name: str
    at: float
    count: int


class Versions:
    """The versions of one project. Not for the drawing thread."""

    def __init__(self, project: Path) -> None:
        self.folder = project / FOLDER

    def all(self) -> list[Version]:
        """All versions, newest first; files that are none are passed over."""
        found = []
        for path in self.folder.glob(f"*{_ENDING}"):
            with contextlib.suppress(OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
                found.append(_head(path))
        return sorted(found, key=lambda version: version.number, reverse=True)

    def save(self, store: ExampleStore, name: str) -> Version:
        """Keep all examples as they are now under a name.

        Raises:
            ProjectError: the name is empty, or the file cannot be written; nothing is left of it.
        """
        name = _checked(name)
        number = max((version.number for version in self.all()), default=0) + 1
        path = self.folder / f"{number:04d}-{_file_name(name)}{_ENDING}"
        try:
            self.folder.mkdir(exist_ok=True)
            _write(path, store.iterate(), {"name": name, "at": time.time()})
        except OSError as error:
            raise _unwritable(error, path) from error
        return _head(path)

    def examples(self, version: Version) -> Iterator[Example]:
        """The examples of a version, ascending by id.

        Raises:
            ProjectError: the file is damaged or gone; what was yielded before must not be trusted then.
        """
        hashed = hashlib.sha256()
        try:
            with gzip.open(version.path, "rb") as file:
                file.readline()
                for line in file:
                    row = json.loads(line)
                    if isinstance(row, dict):
                        if row.get("sha256") != hashed.hexdigest():
                            raise _damaged(version, "Its content does not have the hash that it was saved with.")
                        return
                    hashed.update(line)
                    yield example_of(tuple(row))
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise _damaged(version, f"{error}.") from error
        raise _damaged(version, "The end of the file is missing.")

    def restore(self, store: ExampleStore, version: Version) -> Change:
        """Make all examples what they were in a version, in one undo step; those that came later are removed.

        Raises:
            ProjectError: the version is damaged, or the change cannot be written; nothing is changed then.
        """
        return store.replace_all(list(self.examples(version)), label=f"Go back to version “{version.name}”")

    def rename(self, version: Version, name: str) -> Version:
        """Call a version otherwise.

        Raises:
            ProjectError: the name is empty, the version is damaged, or it cannot be written.
        """
        name = _checked(name)
        path = self.folder / f"{version.number:04d}-{_file_name(name)}{_ENDING}"
        aside = path.with_name(f".tmp-{version.number}{_ENDING}")
        try:
            count = _write(aside, self.examples(version), {"name": name, "at": version.at})
            aside.replace(path)
            if path != version.path:
                version.path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(error, path) from error
        finally:
            aside.unlink(missing_ok=True)
        return Version(path, version.number, name, version.at, count)

    def delete(self, version: Version) -> Path:
        """Put a version aside; returns where it is now, for :meth:`bring_back`.

        Raises:
            ProjectError: it cannot be moved.
        """
        aside = version.path.with_name(f"{version.path.name}.deleted")
        try:
            os.replace(version.path, aside)
        except OSError as error:
            raise _unwritable(error, version.path) from error
        for older in self.folder.glob(f"*{_ENDING}.deleted"):  # only the last can be taken back
            if older != aside:
                older.unlink(missing_ok=True)
        return aside

    def bring_back(self, deleted: Path) -> None:
        """Take back :meth:`delete`.

        Raises:
            ProjectError: it is gone, or cannot be moved.
        """
        try:
            os.replace(deleted, deleted.with_name(deleted.name.removesuffix(".deleted")))
        except OSError as error:
            raise _unwritable(error, deleted) from error


def _write(path: Path, examples: Iterable[Example], about: dict[str, Any]) -> int:
    """Write a version's file in one step; returns the number of its examples.

    The head says how many there are, which is known at the end: the examples are packed first, the head goes before
    them (members of a gzip file may follow each other).
    """
    hashed = hashlib.sha256()
    count = 0
    with tempfile.TemporaryFile(dir=path.parent) as packed, replacing(path) as file:
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=_LEVEL, mtime=0) as body:
            for example in examples:
                count += 1
                row = [example.id, *(stored(field, getattr(example, field)) for field in FIELDS)]
                line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
                hashed.update(line)
                body.write(line)
            body.write(json.dumps({"sha256": hashed.hexdigest()}).encode() + b"\n")
        head = json.dumps({"format": _FORMAT, **about, "count": count}, ensure_ascii=False).encode() + b"\n"
        file.write(gzip.compress(head, mtime=0))
        packed.seek(0)
        shutil.copyfileobj(packed, file)
    return count


def _head(path: Path) -> Version:
    number = _NAME.fullmatch(path.name)
    if number is None:
        raise ValueError(path.name)
    with gzip.open(path, "rb") as file:
        about = json.loads(file.readline())
    return Version(path, int(number[1]), str(about["name"]), float(about["at"]), int(about["count"]))


def _checked(name: str) -> str:
    name = " ".join(name.split())[:_LONGEST_NAME]
    if not name:
        raise ProjectError("The version has no name.", hint="Give it one that you will know again.")
    return name


def _file_name(name: str) -> str:
    """A part of a file name that every system takes."""
    plain = re.sub(r"[^\w.-]+", "-", name.casefold()).strip("-.")[:40].strip("-.")
    return plain or "version"


def _damaged(version: Version, reason: str) -> ProjectError:
    return ProjectError(
        f"The version “{version.name}” cannot be read.",
        reason=reason,
        hint="Choose another version, or a copy in the folder backups.",
        details=str(version.path),
    )


def _unwritable(error: OSError, path: Path) -> ProjectError:
    return ProjectError(
        "The version could not be written.",
        reason=f"{error.strerror or error}.",
        hint="Free some space, or check the permissions of the project's folder.",
        details=str(path),
    )
