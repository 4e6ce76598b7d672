"""Takes an adapter away: as a folder or a zip file, with progress, a check, and a result that says what was checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app import format, tasks, theme
from app.latest import Latest
from app.theme import SPACE, set_look
from app.widgets.banner import Banner
from app.widgets.elided_label import ElidedLabel
from core.errors import UserError

if TYPE_CHECKING:
    from core.export.adapter import ExportResult

Export = Callable[[Path, Callable[[int, int], object], Callable[[], bool]], "ExportResult"]
Propose = Callable[[Path], Path]
"""The path itself if nothing is there, or the nearest one that is free."""

_FORMS = {
    "": ("A folder", "PEFT, Transformers and vLLM load it as it is, with the base model beside it."),
    ".zip": ("A zip file", "The same folder in one file, to send or to keep. Unpack it before it is loaded."),
}
_PARTS = 1000


class ExportAdapterDialog(QDialog):
    """Exports with ``export`` off the drawing thread; closing it cancels."""

    exported = Signal(object)
    """(ExportResult)"""
    show_wanted = Signal(object)
    """(Path): the user wants to see what was exported."""

    def __init__(
        self, export: Export, propose: Propose, *, folder: Path, name: str, text: str, parent: QWidget | None = None
    ) -> None:
        """Propose ``folder / name``; ``text`` says what is exported."""
        super().__init__(parent)
        self.setWindowTitle("Export adapter")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self.result_of: ExportResult | None = None
        self._export, self._propose = export, propose
        self._task: tasks.Task | None = None
        self._free: Path | None = None
        self._first = True
        self._checker = Latest(self._on_checked, parent=self)
        self.banner = Banner()
        self.forms = {ending: QRadioButton(words) for ending, (words, _) in _FORMS.items()}
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name")
        self.name.setMaxLength(100)
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Location")
        self.note = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.other = QPushButton()
        self.bar = QProgressBar()
        self.progress_words = QLabel()
        self.button = QPushButton("Export")
        self.cancel = QPushButton("Cancel")
        self.show_button = QPushButton("Show in folder")
        self.place, self.checked = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle), QLabel()
        self._form, self._working, self._finished = QWidget(), QWidget(), QWidget()
        self._arrange(text)
        self._connect()
        self._check()

    # Making

    def _arrange(self, text: str) -> None:
        words = _label(text)
        words.setWordWrap(True)
        self._arrange_form()
        self._arrange_progress()
        self._arrange_result()
        for button in (self.button, self.show_button):
            button.setProperty("kind", "primary")
            button.setDefault(True)
        self.show_button.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        for button in (self.cancel, self.button, self.show_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        layout.setSpacing(SPACE.FIELD)
        layout.addWidget(_label("Export this adapter", "title"))
        layout.addWidget(words)
        layout.addWidget(self.banner)
        layout.addWidget(self._form)
        layout.addWidget(self._working)
        layout.addWidget(self._finished)
        layout.addStretch(1)
        layout.addLayout(buttons)

    def _arrange_form(self) -> None:
        group = QButtonGroup(self)
        column = QVBoxLayout(self._form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addWidget(_label("As", "heading"))
        for ending, choice in self.forms.items():
            group.addButton(choice)
            column.addWidget(choice)
            help = _label(_FORMS[ending][1], "secondary")
            help.setWordWrap(True)
            help.setContentsMargins(24, 0, 0, SPACE.HALF)
            column.addWidget(help)
        self.forms[""].setChecked(True)
        browse = QPushButton("Choose…")
        browse.setAccessibleName("Choose the location")
        browse.clicked.connect(self._choose_folder)
        place = QHBoxLayout()
        place.setSpacing(SPACE.UNIT)
        place.addWidget(self.folder, 1)
        place.addWidget(browse)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(_label("Name"))
        column.addWidget(self.name)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(_label("Location"))
        column.addLayout(place)
        self.other.setProperty("kind", "link")
        self.other.hide()
        said = QHBoxLayout()
        said.setSpacing(SPACE.UNIT)
        said.addWidget(self.note, 1)
        said.addWidget(self.other)
        column.addLayout(said)

    def _arrange_progress(self) -> None:
        self.bar.setRange(0, _PARTS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.progress_words.setProperty("kind", "secondary")
        column = QVBoxLayout(self._working)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self.bar)
        column.addWidget(self.progress_words)
        self._working.hide()

    def _arrange_result(self) -> None:
        sign = QLabel()
        theme.on_change(sign, lambda: sign.setPixmap(theme.icon("good", "good").pixmap(24, 24)))
        self.checked.setWordWrap(True)
        grid = QGridLayout(self._finished)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE.UNIT)
        grid.setVerticalSpacing(SPACE.HALF)
        grid.setColumnStretch(1, 1)
        grid.addWidget(sign, 0, 0)
        grid.addWidget(_label("Exported and checked", "heading"), 0, 1)
        grid.addWidget(self.place, 1, 1)
        grid.addWidget(self.checked, 2, 1)
        self._finished.hide()

    def _connect(self) -> None:
        for choice in self.forms.values():
            choice.toggled.connect(self._check)
        self.name.textChanged.connect(self._check)
        self.folder.textChanged.connect(self._check)
        self.other.clicked.connect(self._take_free)
        self.button.clicked.connect(self.start)
        self.cancel.clicked.connect(self._on_cancel)
        self.show_button.clicked.connect(self._on_show)

    # Where to

    @property
    def ending(self) -> str:
        """The ending of the chosen form: nothing for a folder."""
        return next(ending for ending, choice in self.forms.items() if choice.isChecked())

    @property
    def path(self) -> Path:
        """What will be made."""
        name = self.name.text().strip()
        if self.ending and name.lower().endswith(self.ending):
            name = name[: -len(self.ending)]
        return Path(self.folder.text().strip()).expanduser() / f"{name}{self.ending}"

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Where should it be exported to?", self.folder.text())
        if found:
            self.folder.setText(found)

    def _check(self) -> None:
        self.button.setEnabled(False)
        self.other.hide()
        problem = self._problem()
        if problem:
            self._checker.forget()
            self._say(problem, wrong=True)
            return
        path = self.path
        self._checker.ask(lambda: (path, self._propose(path)))

    def _problem(self) -> str:
        name = self.name.text().strip()
        if not name or name in (".", ".."):
            return "Give it a name."
        if any(sign in name for sign in '/\\:*?"<>|'):
            return 'A name has none of these: / \\ : * ? " < > |'
        if not self.folder.text().strip():
            return "Choose where it should be."
        return "" if self.path.is_absolute() else "The location must be a full path."

    def _on_checked(self, found: tuple[Path, Path]) -> None:
        path, self._free = found
        free = self._free == path
        if not free and self._first:  # nobody typed this name: propose one that can be used
            self._first = False
            self._take_free()
            return
        self._first = False
        self.button.setEnabled(free)
        self.other.setText(f"Use {self._free.name}")
        self.other.setVisible(not free)
        words = f"Will be made as {format.place(path)}" if free else f"{path.name} is there already."
        self._say(words, wrong=not free)

    def _take_free(self) -> None:
        if self._free is not None:
            self.name.setText(self._free.name.removesuffix(self.ending))

    def _say(self, text: str, *, wrong: bool) -> None:
        self.note.setText(text)
        set_look(self.note, kind="problem" if wrong else "secondary")

    # The export

    def start(self) -> None:
        """Export to the chosen place."""
        if not self.button.isEnabled() or self._task is not None:
            return
        path, export = self.path, self._export
        self.banner.clear()
        self._show_working(True)
        self._on_progress(0, 1)
        self._task = tasks.run(
            lambda task: export(path, task.report, lambda: task.cancelled),
            done=self._on_done,
            failed=self._on_failed,
            progress=self._on_progress,
        )

    def done(self, code: int) -> None:
        """Closing it in any way cancels an export under way; nothing of it is left then."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._checker.forget()
        super().done(code)

    def _on_cancel(self) -> None:
        if self._task is None:
            self.reject()
            return
        self._task.cancel()
        self._task = None
        self._show_working(False)
        self.banner.say("The export was cancelled.", "Nothing was written.")
        self._check()

    def _on_progress(self, done: int, total: int) -> None:
        self.bar.setValue(round(_PARTS * done / max(1, total)))
        copying = 2 * done < total  # the second half of the work is the check
        self.progress_words.setText(
            "Copying the files…" if copying else "Checking: a fresh process loads the copy and compares its answers…"
        )

    def _on_done(self, result: ExportResult) -> None:
        self._task, self.result_of = None, result
        self._working.hide()
        self._form.hide()
        self.place.setText(format.place(result.path))
        self.checked.setText(checked_words(result))
        self._finished.show()
        self.cancel.setText("Close")
        self.button.hide()
        self.show_button.show()
        self.show_button.setFocus()
        self.adjustSize()
        self.exported.emit(result)

    def _on_failed(self, error: UserError) -> None:
        self._task = None
        self._show_working(False)
        self.banner.show_problem(error)
        self._check()

    def _show_working(self, working: bool) -> None:
        self._form.setEnabled(not working)
        self._working.setVisible(working)
        self.button.setVisible(not working)
        (self.cancel if working else self.name).setFocus()

    def _on_show(self) -> None:
        if self.result_of is not None:
            self.show_wanted.emit(self.result_of.path)


def checked_words(result: ExportResult) -> str:
    """How far it agrees with the trained model."""
    difference = result.max_logit_difference
    agrees = "equal" if difference == 0 else f"differ by at most {format.number(difference, 2)} from"
    words = f"A fresh process loaded it again: its scores for each next word {agrees} those of the trained model."
    return f"{words} The likeliest word is the same everywhere." if result.greedy_equal else words


def _label(words: str, kind: str = "") -> QLabel:
    label = QLabel(words)
    if kind:
        label.setProperty("kind", kind)
    return label
