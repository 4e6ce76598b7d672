"""JSON lines read by several processes: blocks of lines go out to them in turn, lots of rows come back in order.

Started as ``python -m core.dataset.importing.line_pool`` a process takes a mapping, then block after block, and answers
each with its lot, until its input ends; so it ends with the process that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import gc
import json
import marshal
import os
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Mapping
from typing import IO, BinaryIO

from core import paths
from core.dataset.columns import Columns
from core.dataset.importing.lots import Lot, Maker
from core.dataset.json_rows import rows_of_block
from core.dataset.lines import blocks
from core.errors import ExamplesFileError

_MOST = 6  # processes; one writes what they read, and cannot keep up with more
FEWEST_CORES = 4  # with fewer, passing rows between processes costs more than it gains
_SIZE = 8  # bytes of a number before each message


def lots(file: BinaryIO, mapping: Mapping[str, str] | None) -> Generator[Lot, None, None]:
    """The lots of a file of JSON lines in UTF-8, in order.

    Args:
        file: at its first line.
        mapping: for :class:`core.dataset.columns.Columns`.

    Raises:
        ExamplesFileError: a process died.
    """
    count = max(1, min(_MOST, cores() - 1))
    with contextlib.ExitStack() as stack:
        busy: deque[subprocess.Popen[bytes]] = deque()
        for number, block in blocks(file):
            message = None
            if len(busy) < count:
                process = _started(mapping)
                stack.callback(_end, process)
            else:
                process = busy.popleft()
                message = _received(process)
            _send_block(process, number, block)
            busy.append(process)
            if message is not None:
                yield _lot(message)
        while busy:
            yield _lot(_received(busy.popleft()))


def cores() -> int:
    """How many processors there are for us to use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """One of the processes."""
    incoming, out = sys.stdin.buffer, sys.stdout.buffer
    maker = Maker(Columns(json.loads(_read(incoming) or b"null")))
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
        while block := _read(incoming):
            number = int.from_bytes(block[:_SIZE], "big")
            lot = maker.lot(rows_of_block(number, block[_SIZE:]))
            _write(out, marshal.dumps(lot))
    os._exit(0)  # without a last try to write


def _started(mapping: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [paths.worker_python(), "-m", "core.dataset.importing.line_pool"],
        cwd=paths.package_root(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    _write(process.stdin, json.dumps(None if mapping is None else dict(mapping)).encode())
    return process


def _send_block(process: subprocess.Popen[bytes], number: int, block: bytes) -> None:
    try:
        _write(process.stdin, number.to_bytes(_SIZE, "big") + block)
    except OSError as error:
        raise _dead() from error


def _received(process: subprocess.Popen[bytes]) -> bytes:
    message = _read(process.stdout)
    if message is None:
        raise _dead()
    return message


def _lot(message: bytes) -> Lot:
    lot: Lot = marshal.loads(message)  # from a process of ours, made of texts and numbers
    return lot


def _dead() -> ExamplesFileError:
    return ExamplesFileError(
        "A process that read part of the file ended before its work was done.",
        reason="The system may have ended it for want of memory.",
        hint="Nothing was imported. Close other programs and try again.",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _write(pipe: IO[bytes] | None, message: bytes) -> None:
    assert pipe is not None
    pipe.write(len(message).to_bytes(_SIZE, "big"))
    pipe.write(message)
    pipe.flush()


def _read(pipe: IO[bytes] | None) -> bytes | None:
    """The next message; None at the end."""
    assert pipe is not None
    size = pipe.read(_SIZE)
    if len(size) < _SIZE:
        return None
    message = pipe.read(int.from_bytes(size, "big"))
    return message if len(message) == int.from_bytes(size, "big") else None


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # rows come by the million and hold no cycles
    main()
