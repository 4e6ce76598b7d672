"""Takes pictures of the example workshop with 0, 3, 1,000 and very many examples: all views, light and dark.

    .venv/bin/python packaging/workshop_pictures.py FOLDER [MANY]

For looking at, not for the docs. MANY is 1,000,000 unless given; making so many takes a minute or two.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from camera import HOME, Photographer  # sets up a home folder before Qt is imported

from PySide6.QtWidgets import QApplication  # isort: skip

from core import samples  # isort: skip
from core.dataset.example import Example, Split, Status, Turn  # isort: skip
from core.dataset.importing.staging import Staging  # isort: skip
from core.dataset.versions import Versions  # isort: skip
from core.project import Project  # isort: skip

MANY = 1_000_000


class Workshop(Photographer):
    """Goes through the views of the Examples page for each size of project."""

    sizes: tuple[int, ...] = (0, 3, 1000, MANY)

    def _steps(self) -> Iterator[str]:
        for size in self.sizes:
            yield from self._project(size)

    def _project(self, size: int) -> Iterator[str]:
        window, session = self.window, self.window.session
        path = HOME / f"with {size:,}"
        made(path, size)
        session.open_soon(path)
        self.until(lambda: session.project is not None and session.project.path == path, f"{size} examples")
        window.go("examples")
        page = window.pages["examples"]
        self.until(lambda: page.table.counts.total == size and not page.table.busy, "the rows")
        yield f"write-{size}"
        dialog = page.files.import_examples(self._broken_file(samples.all_samples()[0].path))
        self.until(lambda: dialog.button.isEnabled(), "the rows of the file")
        yield f"import-{size}"
        dialog.reject()
        if not size:
            return
        page.desk.next()
        page.form.tabs.setCurrentIndex(1)
        yield f"tokens-{size}"
        page.form.tabs.setCurrentIndex(2)
        yield f"history-{size}"
        page.form.tabs.setCurrentIndex(0)
        page.browser.list.selectAll()
        yield f"selected-{size}"
        yield from self._dialogs(page, size)
        for view in ("quality", "statistics", "versions"):
            page.views.show_view(view)
            self.wait(6000 if size < MANY else 15000)
            yield f"{view}-{size}"
        page.views.show_view("write")

    def _dialogs(self, page: object, size: int) -> Iterator[str]:
        replace = page.verbs.find_and_replace()  # type: ignore[attr-defined]
        replace.dialog.find_line.setText("the")
        replace.dialog.by.setText("THE")
        self.wait(2000)
        yield f"replace-{size}"
        replace.dialog.reject()
        tags = page.verbs.change_tags()  # type: ignore[attr-defined]
        self.wait(500)
        yield f"tags-{size}"
        tags.reject()
        page.files.export_examples()  # type: ignore[attr-defined]
        self.wait(500)
        yield f"export-{size}"
        self._over().reject()  # type: ignore[union-attr]

    def wait(self, milliseconds: int) -> None:
        """Let the window work for a while."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()


def made(path: Path, size: int) -> None:
    """A project of so many examples out of the first sample, some of them with something to find."""
    rows = json.loads(samples.all_samples()[0].path.read_text(encoding="utf-8"))
    dice = random.Random(3)
    with Project.create(path) as project:
        staged = path / ".staging-pictures"
        with Staging(staged) as staging:
            for number in range(size):
                staging.add(number + 1, example(rows[number % len(rows)], number, dice))
        project.store.add_staged(staged, label="Import letters.json")
        staged.unlink()
        if 0 < size < MANY:
            Versions(path).save(project.store, "As they came")
            project.store.update(1, output="Something else is written here now, and it is not finished")
            project.store.settle()


def example(row: dict[str, str], number: int, dice: random.Random) -> Example:
    """An example, now and then with tags, turns, a side, or a fault."""
    output = row["output"] if number < 240 else f"{row['output']} Number {number} of them."
    if number % 37 == 0:
        output += "  "
    return Example(
        row["instruction"],
        row["input"] if number < 240 else f"{row['input']} ({number})".strip(),
        "" if number % 90 == 89 else output,
        system="You are a harbour master." if number % 11 == 0 else "",
        history=(Turn("user", "Good morning."), Turn("assistant", "Aye, good morning.")) if number % 17 == 0 else (),
        tags=tuple(tag for tag in ("polite", "short", "weather") if dice.random() < 0.2),
        status=dice.choice([Status.READY] * 9 + [Status.DRAFT, Status.EXCLUDED]),
        split=dice.choice([Split.AUTO] * 20 + [Split.HELDOUT, Split.TRAIN]),
    )


def main(arguments: list[str]) -> int:
    """Take all pictures; returns the exit code."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    many = int(arguments[1]) if len(arguments) > 1 else MANY
    Workshop.sizes = (0, 3, 1000, many)
    workshop = Workshop(QApplication([]), folder)
    workshop.take_all()
    workshop.close()
    print(f"{workshop.count} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
