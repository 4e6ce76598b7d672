"""What the benchmarks of the window share: the real window in a project of its own, driven step by step.

Nothing is simulated: the window is made as at a start of the program, and runs are trained by real processes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication

from app.window import Window
from core.project import Project

ROOT = Path(__file__).resolve().parent.parent


def prepare_environment() -> None:
    """No screen unless one is given, and no settings of the user's; call before the window is opened."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for projects, and a home of the program in it."""
    with tempfile.TemporaryDirectory(prefix="tunesmith-benchmark-", ignore_cleanup_errors=True) as made:
        os.environ["TUNESMITH_HOME"] = str(Path(made) / "home")
        yield Path(made)


@contextmanager
def open_window(project: Project) -> Iterator[Window]:
    """The window, shown, with this project open."""
    from app import theme
    from app.__main__ import keep_ready
    from app.garbage import Collector
    from app.preferences import Preferences
    from app.session import Session

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    Collector(app)
    theme.apply(app, dark=False)
    window = Window(Session(), Preferences())
    readiness = keep_ready(window)
    window.show()
    window.session.use(project)
    window.load_pages()
    try:
        yield window
    finally:
        window.close()
        QThreadPool.globalInstance().waitForDone()
        readiness.wait()


def wait(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Run the event loop until something holds.

    Raises:
        TimeoutError: it did not come to that.
    """
    loop = QEventLoop()
    looker, limit = QTimer(), QTimer()
    looker.timeout.connect(lambda: condition() and loop.quit())
    limit.setSingleShot(True)
    limit.timeout.connect(lambda: loop.exit(1))
    looker.start(20)
    limit.start(int(1000 * seconds))
    if not condition() and loop.exec():
        raise TimeoutError(f"{what} did not come in {seconds:.0f} s")


def pause(seconds: float) -> None:
    """Run the event loop for so long."""
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), QObject(loop), loop.quit)
    loop.exec()
