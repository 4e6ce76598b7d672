"""The way in: a subcommand goes to the command line before Qt is imported; anything else opens the window.

Order of events: arguments, crash log, theme, window, first paint; then the last project is opened and the pages that
the user may visit next are imported in the background.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.readiness import Readiness, Waiting
    from app.window import Window


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``tunesmith``; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and not _is_project(arguments):
        from core.cli.main import main as command_line

        return command_line(arguments)
    return open_window(Path(arguments[0]) if arguments else None)


def open_window(project: Path | None) -> int:
    """Open the window, with a project if one is named, and return when it is closed."""
    from PySide6.QtCore import QThreadPool, QTimer
    from PySide6.QtWidgets import QApplication

    from app import crash, theme
    from app.garbage import Collector
    from app.preferences import Preferences
    from app.session import Session
    from app.window import Window, open_at_start

    app = QApplication(sys.argv[:1])
    Collector(app)
    app.setApplicationName("tunesmith")
    app.setApplicationDisplayName("Tunesmith")
    app.setDesktopFileName("tunesmith")
    log = crash.CrashLog()
    preferences = Preferences()
    theme.apply(app, preferences.dark)
    window = Window(Session(), preferences)
    readiness = keep_ready(window)
    crash.install_hook(log, window.show_problem)
    window.show()
    open_at_start(window, project)
    QTimer.singleShot(0, window.load_pages)
    report = log.earlier()
    if report:
        window.tell_earlier_crash(report)
    code = app.exec()
    QThreadPool.globalInstance().waitForDone()
    readiness.wait()
    log.close()
    return code


def keep_ready(window: Window) -> Readiness:
    """Have a training process wait whenever the user comes near the button Train."""
    from app.readiness import Readiness

    def standby() -> Waiting:
        from core.runs.standby import Standby

        return Standby()

    readiness = Readiness(window.session, standby, window)
    window.page_shown.connect(lambda id: readiness.show_page(id, window.page()))
    return readiness


def _is_project(arguments: list[str]) -> bool:
    """Whether the arguments name a folder instead of a subcommand; a word without a separator may be both."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        return False
    path = Path(arguments[0])
    return (path / "project.toml").is_file() or path.name != arguments[0]


if __name__ == "__main__":
    raise SystemExit(main())
