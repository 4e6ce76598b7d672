"""What happens when something unforeseen breaks: it is written down, told in words, and the window goes on."""

from __future__ import annotations

import faulthandler
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

from app import tasks
from core import paths
from core.errors import UserError
from core.redaction import redacted

KEPT = 5  # reports of earlier starts


class CrashLog:
    """One file a process: faults of the interpreter and errors that nobody caught go in; a clean end removes it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file: TextIO | None = None
        self.folder, self.path = Path(), Path()
        with suppress(OSError):  # where nothing can be written, the program starts all the same
            self.folder = folder or logs()
            self.path = self.folder / f"crash-{os.getpid()}.txt"
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "w", encoding="utf-8")  # noqa: SIM115 - open for the whole life
            faulthandler.enable(self._file)

    def write(self, error: UserError) -> None:
        """Keep an error that nobody caught."""
        if self._file is not None:
            self._file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {error}\n{error.details}\n")
            self._file.flush()

    def close(self) -> None:
        """The program ends as it should: forget the file unless something is in it."""
        if self._file is None:
            return
        faulthandler.disable()
        self._file.close()
        self._file = None
        if not self.path.stat().st_size:
            self.path.unlink()

    def earlier(self) -> str:
        """What an earlier start that broke off left behind; told once, then put aside."""
        if self._file is None:
            return ""
        found = ""
        for path in _by_age(self.folder, "crash-*.txt"):
            pid = path.stem.partition("-")[2]
            if path == self.path or not pid.isdecimal() or _lives(int(pid)):
                continue
            with suppress(OSError):  # another window may be at it
                text = path.read_text(encoding="utf-8", errors="replace").strip()
                if text:
                    path.replace(path.with_name(f"told-{pid}.txt"))
                    found = text
                else:
                    path.unlink()
        for path in _by_age(self.folder, "told-*.txt")[:-KEPT]:
            path.unlink(missing_ok=True)
        return found


def _by_age(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)


def logs() -> Path:
    """Where the app's own logs are."""
    return paths.user_data() / "logs"


def told(report: str) -> UserError:
    """The UserError that tells of an earlier start that broke off."""
    return UserError(
        "Tunesmith ended unexpectedly last time.",
        reason="Your examples and settings are saved, and a run goes on without the window.",
        hint="If it happens again, please report it with these details.",
        details=report,
    )


def install_hook(log: CrashLog, tell: Callable[[UserError], object]) -> None:
    """From now on, write down and tell what nobody caught (also in Qt's slots)."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        told = error if isinstance(error, UserError) else tasks.unexpected(error.with_traceback(trace))
        log.write(told)
        if sys.__stderr__ is not None:
            text = "".join(traceback.format_exception(kind, error, trace))
            sys.__stderr__.write(redacted(text))
        tell(told)

    sys.excepthook = hook


def _lives(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)
