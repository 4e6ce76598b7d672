"""A sweep: one to three settings with values to try; under them how many runs that makes, and for how long."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.sweep_row import SweepRow
from core.errors import RecipeError, RunError
from core.recipe.recipe import get
from core.recipe.reference import SettingInfo, setting_named, settings
from core.recipe.schema import Recipe
from core.runs.sweep import MOST_SETTINGS, Entry, parse_values, problems, sweep

_PAUSE_MS = 150
_SHOWN = 4
_FIRST = ("training.learning_rate", "lora.rank", "training.epochs", "training.batch_size", "lora.dropout")
_HELP = (
    "Each combination of the values is one run, with the examples and the other settings as they are now. Change "
    "one or two things at a time; the table of all runs then shows which did best on the held-out examples."
)


class SweepDialog(QDialog):
    """Signals: ``wanted(list)``: the runs to add, as entries of a sweep."""

    wanted = Signal(list)

    def __init__(self, recipe: Recipe, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sweep")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 480)
        self._recipe = recipe
        self._pace: float | None = None
        self._entries: list[Entry] = []
        self.rows: list[SweepRow] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(SPACE.FIELD)
        self.more = QPushButton("Add a setting")
        self.more.setIcon(theme.icon("add", "secondary"))
        self.more.setAutoDefault(False)
        self.more.clicked.connect(lambda: self._add_row(focus=True))
        self.summary, self.names = QLabel(), QLabel()
        self.summary.setProperty("kind", "heading")
        self.names.setProperty("kind", "secondary")
        for label in (self.summary, self.names):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._accept)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._count)
        self._lay_out()
        self._add_row()
        self._count()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.FIELD)
        title = QLabel("Try several values")
        title.setProperty("kind", "title")
        help = QLabel(_HELP)
        help.setProperty("kind", "secondary")
        help.setWordWrap(True)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column.addWidget(title)
        column.addWidget(help)
        column.addLayout(self._column)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        column.addWidget(self.summary)
        column.addWidget(self.names)
        column.addLayout(buttons)

    def set_pace(self, seconds_per_pass: float | None) -> None:
        """Say how long one pass over the examples takes; None while nobody knows."""
        self._pace = seconds_per_pass
        self._count()

    # The settings

    def _add_row(self, *, focus: bool = False) -> None:
        taken = {row.setting.value for row in self.rows}
        free = {name: title for name, title in sweepable().items() if name not in taken}
        row = SweepRow(sweepable())
        self._propose(row, next(iter(free)))
        row.setting.value_changed.connect(lambda name: self._propose(row, name))
        row.changed.connect(self._pause.start)
        row.remove_wanted.connect(lambda: self._remove_row(row))
        self.rows.append(row)
        self._column.addWidget(row)
        self._show_rows()
        if focus:
            row.setting.setFocus(Qt.FocusReason.TabFocusReason)
            self._count()

    def _remove_row(self, row: SweepRow) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._show_rows()
        self.rows[-1].setting.setFocus(Qt.FocusReason.TabFocusReason)
        self._count()

    def _show_rows(self) -> None:
        self.more.setVisible(len(self.rows) < MOST_SETTINGS)
        for row in self.rows:
            row.away.setEnabled(len(self.rows) > 1)

    def _propose(self, row: SweepRow, name: str) -> None:
        now = get(self._recipe, name)
        row.show_setting(name, now, proposed(setting_named(name), now))
        self._pause.start()

    # What it comes to

    def _count(self) -> None:
        self._pause.stop()
        self._entries = []
        if self._rows_are_right():
            try:
                self._entries = sweep(self._recipe, {row.setting.value: row.values for row in self.rows})
            except (RecipeError, RunError) as error:
                self._say(error.title, " ".join(part for part in (error.reason, error.hint) if part))
                return
            self._tell()
        else:
            self._say("", "")

    def _rows_are_right(self) -> bool:
        right = True
        seen: set[str] = set()
        for row in self.rows:
            name, values = row.setting.value, row.values
            if name in seen:
                problem = "This setting is there already."
            elif not values:
                problem = "Name at least one value."
            else:
                problem = problems(self._recipe, name, values)
            seen.add(name)
            row.set_note(problem or self._hint(name), "problem" if problem else "secondary")
            right = right and not problem
        return right

    def _hint(self, name: str) -> str:
        others = {row.setting.value for row in self.rows}
        if name == "lora.rank" and "lora.alpha" not in others:
            times = self._recipe.lora.alpha / self._recipe.lora.rank
            return f"Alpha follows, at {times:g} times the rank, so that the learning rate suits each."
        return ""

    def _tell(self) -> None:
        amount = len(self._entries)
        together = ""
        if self._pace is not None and all(entry.recipe.model == self._recipe.model for entry in self._entries):
            seconds = sum(self._pace * entry.recipe.training.epochs for entry in self._entries)
            together = f", together about {format.duration(seconds)}"
        shown = [entry.name for entry in self._entries[:_SHOWN]]
        rest = f"\n… and {format.count(amount - _SHOWN)} more" if amount > _SHOWN else ""
        self._say(f"{format.plural(amount, 'run')}{together}", "\n".join(shown) + rest)

    def _say(self, words: str, names: str) -> None:
        amount = len(self._entries)
        self.summary.setText(words)
        self.names.setText(names)
        self.button.setEnabled(amount > 0)
        self.button.setText(
            "Add the run to the queue" if amount == 1 else f"Add {format.count(amount)} runs to the queue"
        )

    def _accept(self) -> None:
        self._count()
        if self._entries:
            self.wanted.emit(self._entries)
            self.accept()


def sweepable() -> dict[str, str]:
    """The settings that a sweep can go over, the usual ones first."""
    known = {info.name: info for info in settings() if info.kind != "text" and info.group != "checkpoints"}
    return {name: known[name].title for name in (*_FIRST, *known) if name in known}


def proposed(info: SettingInfo, now: Any) -> list[str]:
    """Values to begin with: half, as now, and twice as much; both of a switch; the present choice."""
    if info.kind == "switch":
        return ["true", "false"]
    if info.kind not in ("integer", "number"):
        return [str(now)] if isinstance(now, str) else [", ".join(now)]
    low = info.minimum if info.minimum is not None else float("-inf")
    high = info.maximum if info.maximum is not None else float("inf")
    found = [value for value in (now / 2, now, now * 2) if low <= value <= high and value > 0] or [now]
    if info.kind == "integer":
        found = sorted({max(1, round(value)) for value in found})
    return [parse_values(f"{value:g}")[0] for value in found]
