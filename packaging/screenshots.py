"""Takes the pictures in ``docs/screenshots``: every page, light and dark, of a project made and trained on the spot.

    .venv/bin/python packaging/screenshots.py [FOLDER]

Nothing in the pictures is made up: the window works on a sample project, trains the starter model, answers and exports.
Takes three to five minutes on two cores. The pictures are 1280 x 800, the size the window is designed for.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="tunesmith-screenshots-"))
# Before Qt and the app are imported: no screen is needed, and paths on the pictures are those of some home folder.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HOME"] = os.environ["USERPROFILE"] = str(HOME)
os.environ["TUNESMITH_HOME"] = str(HOME / ".tunesmith")
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QEventLoop, QThreadPool, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402

from app import theme  # noqa: E402
from app.preferences import Preferences  # noqa: E402
from app.session import Session  # noqa: E402
from app.window import Window, open_at_start  # noqa: E402
from core import samples  # noqa: E402
from core.recipe.recipe import with_settings  # noqa: E402

SIZE = (1280, 800)
LONGEST_MS = 150_000
SETTLE_MS = 700


def main(arguments: list[str]) -> int:
    """Take all pictures; returns the exit code."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    photographer = Photographer(app, folder)
    photographer.take_all()
    photographer.close()
    print(f"{photographer.count} pictures in {folder}")
    return 0


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
        window, session = self.window, self.window.session
        yield "home"
        place = HOME / "Tunesmith"
        first = samples.all_samples()[0]
        session.create_soon(place / "empty", name="My letters")
        self.until(lambda: window.station == "examples", "the Examples page")
        yield "examples-empty"
        window.go("train")
        yield "train-first"
        session.create_soon(place / "harbour-letters", name="Harbour letters", sample=first.id)
        self.until(lambda: session.project is not None and session.project.name == "Harbour letters", "the sample")
        window.go("examples")
        examples = window.pages["examples"]
        self.until(lambda: examples.table.rowCount() > 0, "the rows")
        examples.desk.next()
        examples.desk.next()
        yield "examples"
        examples.form.tabs.setCurrentIndex(1)
        yield "examples-tokens"
        examples.form.tabs.setCurrentIndex(0)
        dialog = examples.files.import_examples(self._broken_file(first.path))
        self.until(lambda: "Import" in dialog.button.text() and dialog.button.isEnabled(), "the rows of the file")
        yield "import"
        dialog.reject()
        yield from self._views(examples)
        window.go("settings")
        yield "settings"
        yield from self._training()
        yield from self._adapters()
        yield from self._chat()
        window.open_palette()
        yield "palette"
        self._over().close()
        window.go("home")
        yield "home-recent"

    def _views(self, examples: object) -> Iterator[str]:
        views = examples.views  # type: ignore[attr-defined]
        views.show_view("quality")
        self.until(lambda: views.quality.report is not None, "what was found")
        yield "examples-quality"
        views.show_view("statistics")
        self.until(lambda: not views.statistics.busy, "the statistics")
        yield "examples-statistics"
        views.show_view("write")
        replace = examples.verbs.find_and_replace()  # type: ignore[attr-defined]
        replace.dialog.find_line.setText("customer")
        replace.dialog.by.setText("guest")
        self.until(lambda: not replace.busy and replace.dialog.button.isEnabled(), "the places")
        yield "examples-replace"
        replace.dialog.reject()

    def _training(self) -> Iterator[str]:
        window, session = self.window, self.window.session
        usual = session.recipe
        session.set_recipe(with_settings(usual, {"lora.rank": 4, "lora.alpha": 8, "training.epochs": 3.0}))
        self._train()
        self.until(lambda: not session.is_training, "the end of the first run")
        session.set_recipe(usual)
        self._train()
        self.until(lambda: session.training.progress.step >= 70, "seventy steps")
        yield "train-running"
        self.until(lambda: not session.is_training, "the end of the second run")
        yield "train"
        train = window.pages["train"]
        train.runs.table.set_ticks(session.project.runs()[:1])
        train.tabs.button("all").click()
        yield "train-all-runs"
        train.tabs.button("run").click()

    def _train(self) -> None:
        session = self.window.session
        self.window.start_training()
        self.until(lambda: session.training is not None and session.training.progress.state.is_active, "a run")

    def _adapters(self) -> Iterator[str]:
        window = self.window
        window.go("adapters")
        page = window.pages["adapters"]
        self.until(page.card.export.isEnabled, "the chosen adapter")
        yield "adapters"
        page.export()
        self.until(lambda: page.dialog.button.isEnabled(), "a free place")
        page.dialog.start()
        self.until(lambda: page.dialog.show_button.isVisible(), "the verified export")
        yield "export"
        page.dialog.reject()

    def _chat(self) -> Iterator[str]:
        window = self.window
        window.chat_with(window.session.project.runs()[-1].name)
        view = window.pages["compare"].chat
        self.until(lambda: view.chat.loaded and view.chat.facts.held_out, "the held-out examples")
        view.composer.heldout.next()
        view.composer.send.click()
        self.until(lambda: view.list.items and not view.chat.busy, "the answers")
        yield "chat"

    def _broken_file(self, sample: Path) -> Path:
        """A file to import with rows that cannot be taken."""
        import json

        rows = json.loads(sample.read_text(encoding="utf-8"))[:40]
        rows[3:3] = [{"instruction": "Apologise for the delay.", "input": "", "output": 12}, "not an example"]
        path = HOME / "letters-from-the-archive.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    # The camera

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

    def _lay_over(self, picture: object, dialog: QWidget) -> None:
        from PySide6.QtGui import QColor, QPainter, QPixmap

        assert isinstance(picture, QPixmap)
        painter = QPainter(picture)
        painter.fillRect(picture.rect(), QColor(0, 0, 0, 90))
        shot = dialog.grab()
        x = (self.window.width() - dialog.width()) // 2
        y = (self.window.height() - dialog.height()) // 2
        painter.drawPixmap(x, y, shot)
        painter.setPen(theme.colour("border"))
        painter.drawRect(x, y, dialog.width() - 1, dialog.height() - 1)
        painter.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
