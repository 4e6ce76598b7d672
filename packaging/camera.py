"""The camera of the pictures: the window without a screen, waiting for what is to be seen, light and dark.

Imported before Qt and the app: it chooses their home folder. ``TUNESMITH_PICTURES`` names one that is kept, so that a
project trained once serves for many looks; otherwise it is a new one each time. Its path is on some pictures.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("TUNESMITH_PICTURES") or tempfile.mkdtemp(prefix="tunesmith-pictures-")).resolve()
# No screen is needed, and paths on the pictures are those of some home folder.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HOME"] = os.environ["USERPROFILE"] = str(HOME)
os.environ["TUNESMITH_HOME"] = str(HOME / ".tunesmith")
(HOME / ".tunesmith" / "window.ini").unlink(missing_ok=True)  # every part as it looks the first time
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QEventLoop, QThreadPool, QTimer  # noqa: E402
from PySide6.QtGui import QColor, QPainter, QPixmap  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402

from app import theme  # noqa: E402
from app.preferences import Preferences  # noqa: E402
from app.session import Session  # noqa: E402
from app.window import Window, open_at_start  # noqa: E402

SIZE = (1280, 800)
LONGEST_MS = 400_000  # for what trains, on a busy machine
SETTLE_MS = 700


class Photographer:
    """Goes through the app as a person would, and takes each picture twice: in light and in dark colours."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self.app, self.folder, self.count = app, folder, 0
        theme.apply(app, dark=False)
        self.window = Window(Session(), Preferences())
        self.window.resize(*SIZE)
        self.window.show()
        open_at_start(self.window, None)

    def close(self) -> None:
        """Let go of everything."""
        self.window.close()
        self.settle()
        QThreadPool.globalInstance().waitForDone()

    def take_all(self) -> None:
        """Every page in the order in which a person meets it."""
        for step in self._steps():
            self.take(step)

    def _steps(self) -> Iterator[str]:
        """Go on until something is to be taken, and yield its name."""
        raise NotImplementedError

    def _broken_file(self, sample: Path) -> Path:
        """A file to import with rows that cannot be taken."""
        rows = json.loads(sample.read_text(encoding="utf-8"))[:40]
        rows[3:3] = [{"instruction": "Apologise for the delay.", "input": "", "output": 12}, "not an example"]
        path = HOME / "letters-from-the-archive.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Let the window work until something holds."""
        loop, clock, limit = QEventLoop(), QTimer(), QTimer()
        clock.timeout.connect(lambda: loop.quit() if condition() else None)
        limit.setSingleShot(True)
        limit.timeout.connect(loop.quit)
        clock.start(20)
        limit.start(LONGEST_MS)
        loop.exec()
        if not condition():
            raise SystemExit(f"There was never {what}.")

    def settle(self) -> None:
        """Let everything that was asked for arrive and be painted."""
        loop = QEventLoop()
        QTimer.singleShot(SETTLE_MS, loop.quit)
        loop.exec()

    def take(self, name: str) -> None:
        """The window as it is, with a dialog that is open over it."""
        for dark in (False, True):
            theme.apply(self.app, dark=dark)
            self.settle()
            picture = self.window.grab()
            dialog = self._over()
            if dialog is not None:
                self._lay_over(picture, dialog)
            picture.save(str(self.folder / f"{name}-{'dark' if dark else 'light'}.png"))
            self.count += 1
        theme.apply(self.app, dark=False)
        print(name, flush=True)

    def _over(self) -> QWidget | None:
        """The dialog or pop-up that is open over the window."""
        return self.app.activeModalWidget() or self.app.activePopupWidget()

    def _lay_over(self, picture: QPixmap, dialog: QWidget) -> None:
        painter = QPainter(picture)
        painter.fillRect(picture.rect(), QColor(0, 0, 0, 90))
        shot = dialog.grab()
        x = (self.window.width() - dialog.width()) // 2
        y = (self.window.height() - dialog.height()) // 2
        painter.drawPixmap(x, y, shot)
        painter.setPen(theme.colour("border"))
        painter.drawRect(x, y, dialog.width() - 1, dialog.height() - 1)
        painter.end()
