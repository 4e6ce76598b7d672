"""Reading text from files that may be anything: encodings recognised, lines and files bounded."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from core.errors import ExamplesFileError

LONGEST_LINE = 1 << 20  # bytes of JSON lines, characters of other text
LARGEST_FILE = 2 << 30  # bytes
_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_START = 4096
_BLOCK = 1 << 20


@contextmanager
def open_text(path: Path, *, newline: str, encoding: str = "") -> Iterator[TextIO]:
    """A file as text: UTF-8, or what its first bytes mark it as, or ``encoding``.

    Raises:
        ExamplesFileError: missing, not a file, too large, or not text in UTF-8 (also while it is read); it names the
            line and the byte.
    """
    try:
        start = start_of(path)
        encoding = encoding or encoding_of(start)
        if encoding.startswith("utf-8") and b"\0" in start:
            raise _not_text(path, "It contains NUL bytes, as programs, pictures and some old encodings do.")
        with open(path, encoding=encoding, errors="strict", newline=newline) as text:
            yield text
    except UnicodeError as error:
        raise _not_text(path, _where(path, encoding), str(error)) from error
    except OSError as error:
        raise unreadable(path, error) from error


def start_of(path: Path) -> bytes:
    """The first bytes of a file that may be read.

    Raises:
        ExamplesFileError: missing, not a file, or too large.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ExamplesFileError(f"{path.name} is not a file.", hint="Choose a file.", details=str(path))
        if status.st_size > LARGEST_FILE:
            raise ExamplesFileError(
                f"{path.name} is too large.", reason="Files of up to 2 GB are read.", hint="Split it into several."
            )
        with open(path, "rb") as file:
            return file.read(_START)
    except OSError as error:
        raise unreadable(path, error) from error


def encoding_of(start: bytes) -> str:
    """What the first bytes of a file mark it as; UTF-8 without a mark."""
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "utf-8")


def bounded_lines(file: TextIO) -> Iterator[str | None]:
    """The lines of a file with their ends; None for a line that is too long to be an example."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line
            continue
        while not line.endswith(("\n", "\r")) and (line := file.readline(LONGEST_LINE + 1)):
            pass
        yield None


def blocks(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """A file in blocks of whole lines, each with the number of its first line.

    Of a line that is too long to be an example only the beginning is there, which is too long still.
    """
    line, rest, skipping = 1, b"", False
    while block := file.read(_BLOCK):
        if skipping:
            end = block.find(b"\n") + 1
            if not end:
                continue
            block, skipping = block[end:], False
        block = rest + block if rest else block
        end = block.rfind(b"\n") + 1
        rest = block[end:]
        if len(rest) > LONGEST_LINE:
            end += LONGEST_LINE + 1
            block, rest, skipping = block[:end] + b"\n", b"", True
            end += 1
        if end:
            whole = block if end == len(block) else block[:end]
            yield line, whole
            line += whole.count(b"\n")
    if rest:
        yield line, rest


def unreadable(path: Path, error: OSError) -> ExamplesFileError:
    """The words for a file that the system does not let us read."""
    return ExamplesFileError(f"{path.name} cannot be read.", reason=f"{error.strerror or error}.", details=str(path))


def _where(path: Path, encoding: str) -> str:
    """Where the first bytes are that are no text, in words."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line, done, last = 1, 0, 0
    with open(path, "rb") as file:
        while True:
            block = file.read(_BLOCK)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                at = error.start - held  # negative where the character began in the block before
                if not encoding.startswith("utf-8"):
                    return f"Byte {done + at + 1} is no character of {encoding.upper()}; the file may be cut off."
                line += block.count(b"\n", 0, max(0, at))
                begin = block.rfind(b"\n", 0, max(0, at)) + 1
                column = at - begin + 1 if begin else done + at - last + 1
                return (
                    f"Line {line}, byte {column} is no character of UTF-8."
                    " It seems to be in an older encoding, such as Windows-1252."
                )
            if not block:
                return "It changed while it was read."
            line += text.count("\n")
            if b"\n" in block:
                last = done + block.rfind(b"\n") + 1
            done += len(block)


def _not_text(path: Path, reason: str, details: str = "") -> ExamplesFileError:
    return ExamplesFileError(
        f"{path.name} is not text in UTF-8.",
        reason=reason,
        hint="Open it in the program it comes from and save it as UTF-8.",
        details=details or str(path),
    )
