"""The head of a column of the chat: who answers in it, at which strength, step and mix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.choice_field import ChoiceField
from app.widgets.elided_label import ElidedLabel
from app.widgets.named_slider import NamedSlider
from app.widgets.plain_tip import plain_tip
from core.chat.conversation import STRONGEST, Column, Part

BASE, PROMPT = "base", "prompt"
_FIXED = {BASE: "Base model", PROMPT: "Your best prompt"}
_STRENGTH_STEPS = 20  # to a whole
_MOST_PARTS = 4
_MOST_HEIGHT = 160  # of what is folded away
_LAST = "the end"


class Offered(Protocol):
    """What a column can be set to."""

    @property
    def adapters(self) -> Mapping[str, str]:
        """Titles by key."""

    @property
    def steps(self) -> Mapping[str, tuple[int, ...]]:
        """The steps of their checkpoints, by key."""

    @property
    def base(self) -> str:
        """What people call the base model."""

    @property
    def prompt(self) -> str:
        """What the best prompt is made of; "" for none."""


class ChatHead(QFrame):
    """Shows one column, and says what the user wants in its place."""

    changed = Signal(object)
    """(Column): the user wants this one."""
    removed = Signal(int)
    """(id): the user wants one column less."""

    def __init__(self, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.column = column
        self._offered: Offered | None = None
        self._adapters: Mapping[str, str] = {}
        self._steps: Mapping[str, tuple[int, ...]] = {}
        self.who = ChoiceField("Who answers in this column", _FIXED)
        self.tune = QToolButton()
        self.tune.setIcon(theme.icon("settings", "secondary"))
        self.tune.setCheckable(True)
        self.tune.setToolTip("Strength, checkpoint and mix")
        self.tune.setAccessibleName("Strength, checkpoint and mix of this column")
        self.remove = QToolButton()
        self.remove.setIcon(theme.icon("close", "secondary"))
        self.remove.setToolTip("Remove this column")
        self.remove.setAccessibleName("Remove this column")
        self.note = ElidedLabel()
        self.note.setProperty("kind", "secondary")
        self._panel = QWidget()
        self._panel.setProperty("kind", "scrolled")
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._panel)
        self.parts = QVBoxLayout(self._panel)
        self.parts.setContentsMargins(0, 0, 0, 0)
        self.parts.setSpacing(SPACE.HALF)
        self.rows: list[PartRow] = []
        self.mix = QPushButton("Mix with another adapter")
        self.mix.setProperty("kind", "link")
        self._arrange()
        self.who.value_changed.connect(self._on_who)
        self.tune.toggled.connect(lambda _: self._show())
        self.remove.clicked.connect(lambda: self.removed.emit(self.column.id))
        self.mix.clicked.connect(self._on_mix)
        self._show()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.who, 1)
        row.addWidget(self.tune)
        row.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.UNIT, SPACE.UNIT, SPACE.UNIT, SPACE.UNIT)
        layout.setSpacing(SPACE.HALF)
        layout.addLayout(row)
        layout.addWidget(self.note)
        layout.addWidget(self._scroll)
        layout.addWidget(self.mix)

    def set_choices(self, offered: Offered) -> None:
        """Offer other adapters."""
        self._offered = offered
        self._adapters, self._steps = offered.adapters, offered.steps
        self._show()

    def set_column(self, column: Column) -> None:
        """Show another column."""
        self.column = column
        self._show()

    def set_alone(self, alone: bool) -> None:
        """Whether it is the only one, which cannot be removed."""
        self.remove.setVisible(not alone)

    # What is shown

    def _show(self) -> None:
        parts = self.column.parts
        offer(self.who, {**_FIXED, **self._adapters}, parts[0].run if parts else self.column.kind)
        self.tune.setVisible(bool(parts))
        opened = bool(parts) and self.tune.isChecked()
        self._scroll.setVisible(opened)
        self.mix.setVisible(opened and len(parts) < min(_MOST_PARTS, len(self._adapters)))
        words = "" if opened else self._note()
        self.note.setText(words)
        self.note.setVisible(bool(words))
        self.who.setToolTip(plain_tip(self.who.currentText()))
        self.setAccessibleName(f"Column: {self.who.currentText()} {words}".strip())
        if opened:
            self._show_rows()

    def _note(self) -> str:
        """What the folded panel says, where it is not the usual."""
        parts = self.column.parts
        offered = self._offered
        if self.column.kind == BASE and offered is not None:
            return offered.base
        if self.column.kind == PROMPT and offered is not None:
            return f"Told first: {offered.prompt}" if offered.prompt else "None is written yet: see Prompt first"
        words = []
        for number, part in enumerate(parts):
            name = "" if number == 0 else self._adapters.get(part.run, part.run)
            step = f"step {format.count(part.step)}" if part.step is not None else ""
            strength = f"× {format.fixed(part.weight, 2)}" if part.weight != 1 or len(parts) > 1 else ""
            found = " ".join(word for word in (name, step, strength) if word)
            words += [found] if found else []
        return " + ".join(words) or "As it was trained"

    def _show_rows(self) -> None:
        parts = self.column.parts
        while len(self.rows) > len(parts):
            row = self.rows.pop()
            self.parts.removeWidget(row)
            row.deleteLater()
        while len(self.rows) < len(parts):
            row = PartRow(len(self.rows))
            row.changed.connect(self._on_part)
            row.removed.connect(self._on_part_removed)
            self.rows.append(row)
            self.parts.addWidget(row)
        for number, (row, part) in enumerate(zip(self.rows, parts, strict=True)):
            taken = {other.run for at, other in enumerate(parts) if at != number}
            choices = {key: title for key, title in self._adapters.items() if key not in taken}
            row.show_part(part, choices, self._steps.get(part.run, ()))
        self._fit_panel()

    def _fit_panel(self) -> None:
        """As high as the rows, up to the room that the answers can do without."""
        self.parts.activate()
        needed = sum(row.layout().sizeHint().height() for row in self.rows) + self.parts.spacing() * (
            len(self.rows) - 1
        )
        self._scroll.setFixedHeight(min(needed, _MOST_HEIGHT))

    # What the user wants

    def _on_who(self, value: str) -> None:
        kind = value if value in _FIXED else "adapter"
        parts = () if value in _FIXED else (Part(key=value), *self.column.parts[1:])
        kept = tuple(part for number, part in enumerate(parts) if part.run not in {one.run for one in parts[:number]})
        self._want(Column(id=self.column.id, kind=kind, parts=kept))

    def _on_mix(self) -> None:
        taken = {part.run for part in self.column.parts}
        free = next((key for key in self._adapters if key not in taken), None)
        if free is not None:
            parts = self.column.parts
            if parts == (parts[0].model_copy(update={"weight": 1.0}),):  # two at full strength are too much
                parts = (parts[0].model_copy(update={"weight": 0.5}),)
            self._want_parts(*parts, Part(key=free, weight=0.5))

    def _on_part(self, number: int, part: Part) -> None:
        parts = list(self.column.parts)
        parts[number] = part
        self._want_parts(*parts)

    def _on_part_removed(self, number: int) -> None:
        parts = [part for at, part in enumerate(self.column.parts) if at != number]
        self._want_parts(*parts)

    def _want_parts(self, *parts: Part) -> None:
        self._want(Column(id=self.column.id, kind="adapter", parts=parts))

    def _want(self, column: Column) -> None:
        self.column = column
        self._show()
        self.changed.emit(column)


class PartRow(QWidget):
    """One adapter of a column: which, how strong, and the step of its checkpoint."""

    changed = Signal(int, object)
    """(number, Part)"""
    removed = Signal(int)
    """(number)"""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = number
        self._part = Part(key="")
        self._at: tuple[int | None, ...] = (None,)
        self.who = ChoiceField("Another adapter in the mix", {})
        self.remove = QToolButton()
        self.remove.setIcon(theme.icon("close", "secondary"))
        self.remove.setToolTip("Take it out of the mix")
        self.remove.setAccessibleName("Take it out of the mix")
        places = range(round(STRONGEST * _STRENGTH_STEPS) + 1)
        self.strength = NamedSlider("Strength", [format.fixed(place / _STRENGTH_STEPS, 2) for place in places])
        self.strength.setToolTip("1 is as it was trained; 0 is the base model")
        self.step = NamedSlider("Step", [_LAST])
        self.step.setToolTip("The adapter as it was at a checkpoint of its training")
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.who, 1)
        row.addWidget(self.remove)
        self.who.setVisible(number > 0)
        self.remove.setVisible(number > 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.strength)
        layout.addWidget(self.step)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.who.value_changed.connect(lambda key: self._want(Part(key=key, weight=self._part.weight)))
        self.strength.moved.connect(self._on_strength)
        self.step.moved.connect(lambda place: self._want(self._part.at(self._at[place])))
        self.remove.clicked.connect(lambda: self.removed.emit(self._number))

    def show_part(self, part: Part, choices: Mapping[str, str], steps: tuple[int, ...]) -> None:
        """Show an adapter of the column."""
        self._part = part
        offer(self.who, choices, part.run)
        self.strength.set_place(round(part.weight * _STRENGTH_STEPS))
        at = (*steps, None) if part.step is None or part.step in steps else (*sorted((*steps, part.step)), None)
        if at != self._at:
            self._at = at
            self.step.set_texts([format.count(step) if step is not None else _LAST for step in at])
        self.step.set_place(at.index(part.step))
        self.step.setVisible(len(at) > 1)

    def _on_strength(self, place: int) -> None:
        self._want(self._part.model_copy(update={"weight": place / _STRENGTH_STEPS}))

    def _want(self, part: Part) -> None:
        self._part = part
        self.changed.emit(self._number, part)


def offer(field: ChoiceField, choices: Mapping[str, str], chosen: str) -> None:
    """Offer choices; what is chosen stays in sight, even when it is no longer among them."""
    wanted = dict(choices) if chosen in choices else {**choices, chosen: f"{chosen} (gone)"}
    if [(field.itemData(at), field.itemText(at)) for at in range(field.count())] != list(wanted.items()):
        field.clear()
        for value, words in wanted.items():
            field.addItem(words, value)
    field.set_value(chosen)
