"""Where an export goes: as a folder or a zip file, under which name, at which place; taken names are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app import format
from app.latest import Latest
from app.theme import SPACE, set_look
from app.widgets.elided_label import ElidedLabel

Propose = Callable[[Path], Path]
"""The path itself if nothing is there, or the nearest one that is free."""

FORMS = {
    "": ("A folder", "Programs load it as it is."),
    ".zip": ("A zip file", "The same folder in one file, to send or to keep. Unpack it before it is loaded."),
}
_FORBIDDEN = '/\\:*?"<>|'


class ExportPlace(QWidget):
    """Looks in the background, with ``propose``, whether a name is free."""

    usable_changed = Signal(bool)
    """Whether an export can go there."""

    def __init__(self, propose: Propose, folder: Path, name: str, parent: QWidget | None = None) -> None:
        """Propose ``folder / name``, or the nearest free name."""
        super().__init__(parent)
        self._propose = propose
        self._free: Path | None = None
        self._untouched = True  # nobody typed the name: another one can be proposed
        self._typed = False
        self._checker = Latest(self._on_checked, parent=self)
        self.forms = {ending: QRadioButton(words) for ending, (words, _) in FORMS.items()}
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name")
        self.name.setMaxLength(100)
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Location")
        self.browse = QPushButton("Choose…")
        self.browse.setAccessibleName("Choose the location")
        self.note = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.other = QPushButton()
        self.other.setProperty("kind", "link")
        self.other.hide()
        self._arrange()
        for choice in self.forms.values():
            choice.toggled.connect(self.check)
        self.name.textChanged.connect(self.check)
        self.name.textEdited.connect(self._on_typed)
        self.folder.textChanged.connect(self.check)
        self.other.clicked.connect(self._take_free)
        self.browse.clicked.connect(self._choose_folder)
        self.check()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addWidget(self._arrange_forms())
        place = QHBoxLayout()
        place.setSpacing(SPACE.UNIT)
        place.addWidget(self.folder, 1)
        place.addWidget(self.browse)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(_label("Name"))
        column.addWidget(self.name)
        column.addSpacing(SPACE.UNIT)
        column.addWidget(_label("Location"))
        column.addLayout(place)
        said = QHBoxLayout()
        said.setSpacing(SPACE.UNIT)
        said.addWidget(self.note, 1)
        said.addWidget(self.other)
        column.addLayout(said)

    def _arrange_forms(self) -> QWidget:
        self._choice, self._parts = QWidget(), {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self._choice)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addWidget(_label("As", "heading"))
        for ending, choice in self.forms.items():
            group.addButton(choice)
            help = _label(FORMS[ending][1], "secondary")
            help.setWordWrap(True)
            help.setContentsMargins(24, 0, 0, SPACE.HALF)
            self._parts[ending] = help
            column.addWidget(choice)
            column.addWidget(help)
        self.forms[""].setChecked(True)
        return self._choice

    def set_endings(self, endings: tuple[str, ...]) -> None:
        """Offer these; a single one is not asked for."""
        self._choice.setVisible(len(endings) > 1)
        for ending, choice in self.forms.items():
            for part in (choice, self._parts[ending]):
                part.setVisible(ending in endings)
        if self.ending not in endings:
            self.forms[endings[0]].setChecked(True)

    def propose(self, name: str) -> None:
        """Propose another name, unless the user typed one."""
        if not self._typed:
            self._untouched = True
            self.name.setText(name)

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

    def check(self) -> None:
        """Look again whether an export can go there; ``usable_changed`` tells."""
        self.usable_changed.emit(False)
        self.other.hide()
        problem = self._problem()
        if problem:
            self._checker.forget()
            self._say(problem, wrong=True)
            return
        path, propose = self.path, self._propose
        self._checker.ask(lambda: (path, propose(path)))

    def _problem(self) -> str:
        name = self.name.text().strip()
        if not name or name in (".", ".."):
            return "Give it a name."
        if any(sign in name for sign in _FORBIDDEN):
            return f"A name has none of these: {' '.join(_FORBIDDEN)}"
        if not self.folder.text().strip():
            return "Choose where it should be."
        return "" if self.path.is_absolute() else "The location must be a full path."

    def _on_checked(self, found: tuple[Path, Path]) -> None:
        path, self._free = found
        free, untouched = self._free == path, self._untouched
        self._untouched = False
        if not free and untouched:
            self._take_free()
            return
        self.other.setText(f"Use {self._free.name}")
        self.other.setVisible(not free)
        words = f"Will be made as {format.place(path)}" if free else f"{path.name} is there already."
        self._say(words, wrong=not free)
        self.usable_changed.emit(free)

    def _on_typed(self) -> None:
        self._typed = True

    def _take_free(self) -> None:
        if self._free is not None:
            self.name.setText(self._free.name.removesuffix(self.ending))

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Where should it be exported to?", self.folder.text())
        if found:
            self.folder.setText(found)

    def _say(self, text: str, *, wrong: bool) -> None:
        self.note.setText(text)
        set_look(self.note, kind="problem" if wrong else "secondary")


def _label(words: str, kind: str = "") -> QLabel:
    label = QLabel(words)
    if kind:
        label.setProperty("kind", kind)
    return label
