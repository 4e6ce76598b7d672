"""What commands print: words for people, JSON for machines, one line for a failure."""

from __future__ import annotations

import argparse
import codecs
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from core import paths
from core.errors import UserError

FAILED = 1
WRONG_USE = 2
_BAR = 24


class WrongUse(UserError):  # noqa: N818 - what the user did, not a fault of the program
    """The command line itself is wrong: exit code 2."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """Give a command the switch ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")


def emit(result: object) -> None:
    """Print one JSON value on a line of its own; paths become text."""
    print(json.dumps(result, default=_plain, allow_nan=False), flush=True)


def line(text: str = "") -> None:
    """Print a line for people."""
    print(text, flush=True)


def fail(error: UserError) -> None:
    """Say on stderr, in one line, what happened, why, and what to do."""
    print(f"tunesmith: {' '.join(str(error).split())}", file=sys.stderr, flush=True)


def duration(seconds: float | None) -> str:
    """A length of time with its two largest units: "2 min 40 s"; a dash when it is not known."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    large, small = (f"{hours} h", f"{minutes} min") if hours else (f"{minutes} min", f"{rest} s")
    return large if small.startswith("0 ") else f"{large} {small}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under headings in columns; columns of figures are set to the right, but for the first column."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [place > 0 and all(map(_is_figure, column[1:])) for place, column in enumerate(columns)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (head, *rows)
    )


def _is_figure(cell: str) -> bool:
    """Whether a cell begins as a number does, or says that there is none."""
    return not cell or cell.lstrip("+-−–.")[:1].isdigit() or not cell.strip("-–")


def bar(done: int, total: int) -> str:
    """How far something is: "[=====>    ]  50 %"."""
    share = min(1.0, done / total) if total else 0.0
    filled = int(share * _BAR)
    head = ">" if filled < _BAR else ""
    return f"[{('=' * filled + head).ljust(_BAR)}] {int(share * 100):3d} %"


def command(*words: object) -> str:
    """A command line of ours to copy; folders are named from the current one if they lie in it."""
    plain = [_near(word) if isinstance(word, Path) else str(word) for word in words]
    return shlex.join([*_program(), *plain])


def verified(difference: float | None) -> str:
    """What the check of an export has shown; ``difference`` is that of any next-token logit, at most."""
    if difference is None:
        return "read again in a fresh process, every weight is as it should be; there was no memory to run it in 16 bit"
    found = (
        f"differ from the trained model's by at most {difference:.2g}" if difference else "equal the trained model's"
    )
    return f"loaded again in a fresh process, its next-token logits {found}"


class ProgressLine:
    """A line that is written over on a terminal, and repeated now and then in a file.

    Args:
        stream: where to write.
        interval: seconds between two lines where they cannot be written over.
    """

    def __init__(self, stream: TextIO, interval: float = 10.0) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._interval = interval
        self._shown = ""
        self._at = -interval

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._rewrites:
            text = text[: shutil.get_terminal_size().columns - 1]  # a line that wraps cannot be written over
            self._stream.write(f"\r{text.ljust(len(self._shown))}")
            self._stream.flush()
            self._shown = text
        elif time.monotonic() - self._at >= self._interval:
            self._at = time.monotonic()
            print(text, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self._rewrites and self._shown:
            self._stream.write(f"\r{' ' * len(self._shown)}\r")
            self._stream.flush()
            self._shown = ""


def use_any_text() -> None:
    """Let no character that the terminal's encoding lacks end a command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            codecs.register_error("tunesmith.plain", _stand_in)
            reconfigure(errors="tunesmith.plain")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """A stand-in for what an encoding lacks; a minus sign must not become a question mark."""
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    return "".join("-" if sign == "\N{MINUS SIGN}" else "?" for sign in lost), error.end


def _program() -> list[str]:
    """How the user starts us: as installed, by the script of a checkout, or as a module."""
    if shutil.which("tunesmith"):
        return ["tunesmith"]
    script = paths.package_root() / "run.py"
    if script.is_file():
        return ["py" if os.name == "nt" else "python3", _near(script)]
    return [sys.executable, "-m", "core"]


def _near(path: Path) -> str:
    """The shorter way to a path: from the current folder, or from the top."""
    try:
        return str(path.resolve().relative_to(os.getcwd()))
    except (OSError, ValueError):
        return str(path)


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} is not JSON")
