"""Reading text from files that may be anything: encodings recognised, lines and files bounded."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from core.errors import ExamplesFileError

LONGEST_LINE = 1 << 20  # characters
LARGEST_FILE = 2 << 30  # bytes
_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@contextmanager
def open_text(path: Path, *, newline: str) -> Iterator[TextIO]:
    """A file as text: UTF-8, or what its first bytes mark it as.

    Raises:
        ExamplesFileError: missing, not a file, too large, or not text in UTF-8 (also while it is read).
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
            start = file.read(4096)
        encoding = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "utf-8")
        if encoding.startswith("utf-8") and b"\0" in start:
            raise _not_text(path, "It contains NUL bytes, as programs, pictures and some old encodings do.")
        with open(path, encoding=encoding, errors="strict", newline=newline) as text:
            yield text
    except UnicodeError as error:
        raise _not_text(path, "It seems to be in an older encoding, such as Windows-1252.", str(error)) from error
    except OSError as error:
        raise ExamplesFileError(
            f"{path.name} cannot be read.", reason=f"{error.strerror or error}.", details=str(path)
        ) from error


def bounded_lines(file: TextIO) -> Iterator[str | None]:
    """The lines of a file with their ends; None for a line that is too long to be an example."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line
            continue
        while not line.endswith(("\n", "\r")) and (line := file.readline(LONGEST_LINE + 1)):
            pass
        yield None


def _not_text(path: Path, reason: str, details: str = "") -> ExamplesFileError:
    return ExamplesFileError(
        f"{path.name} is not text in UTF-8.",
        reason=reason,
        hint="Open it in the program it comes from and save it as UTF-8.",
        details=details or str(path),
    )
