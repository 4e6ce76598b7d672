"""Writing files so that a crash leaves the old or the new one, never half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import filelock

from core.errors import UserError

_LOCK_SECONDS = 10.0  # a list is read and written in much less


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step, durable on return.

    Raises:
        OSError: disk full, read-only folder; the old file is untouched and nothing is left beside it.
    """
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of ``path`` in one step when the block ends, durable then.

    Raises:
        OSError: disk full, read-only folder. After any exception the old file is untouched and nothing is left
            beside it.
    """
    aside = path.with_name(f".tmp-{secrets.token_hex(6)}")  # not of its name, which may be as long as names can be
    try:
        with open(aside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:  # whatever stopped it, Ctrl-C included: nothing half written stays
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """While a file is read, changed and written again, no other window or command does the same.

    Raises:
        UserError: another program holds it for long, or its folder cannot be written.
    """
    lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise UserError(
            f"{path.name} is being changed by another window.",
            reason="It holds the file for longer than it should take.",
            hint="Try again in a moment. If that does not help, close the other window.",
            details=str(path),
        ) from error
    except (OSError, NotImplementedError) as error:
        raise UserError(
            f"{path.name} cannot be changed.",
            reason="Its folder is read-only, or its disk cannot lock files.",
            hint="Change the permissions of that folder.",
            details=f"{path}: {error}",
        ) from error
    try:
        yield
    finally:
        lock.release()


def sync_file(path: Path) -> None:
    """Make what was written to a file by others (a library, a copy) durable."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make names created or renamed in ``folder`` durable, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def count_lines(path: Path) -> int:
    """The number of lines of a file, read in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
