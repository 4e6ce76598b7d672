"""What to compare: which adapters, with which prompt of the base model, and on how many held-out examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme import CONTROL_HEIGHT, SPACE
from app.widgets.integer_field import IntegerField
from app.widgets.plain_editor import PlainEditor

MOST_ADAPTERS = 4
_KEY = Qt.ItemDataRole.UserRole
_LIST_HEIGHT = 148


@dataclass(frozen=True, slots=True)
class AdapterChoice:
    """An adapter that can be compared; ``about`` says which base model, or that it is a checkpoint."""

    key: str
    title: str
    about: str = ""
    is_checkpoint: bool = False


@dataclass(frozen=True, slots=True)
class ComparisonWish:
    """What the user wants compared.

    Attributes:
        adapters: their keys.
        system: the best prompt's words.
        shots: how many training examples the best prompt shows.
        with_prompt: whether the base model with the best prompt takes part.
        answered: how many held-out examples are answered.
        hard_rows: whether training examples are looked at, too.
    """

    adapters: tuple[str, ...]
    system: str
    shots: int
    with_prompt: bool
    answered: int
    hard_rows: bool


class ComparisonDialog(QDialog):
    """It is told what there is; it starts nothing."""

    wanted = Signal(object)
    """(ComparisonWish)"""

    def __init__(
        self,
        choices: Sequence[AdapterChoice],
        chosen: Sequence[str],
        *,
        system: str,
        shots: int,
        most_shots: int,
        answered: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 660)
        self.list = QListWidget()
        self.list.setAccessibleName("Adapters; Space chooses one")
        self.list.setProperty("kind", "boxed")
        self.list.setFixedHeight(_LIST_HEIGHT)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for choice in choices:
            self.list.addItem(_item(choice, checked=choice.key in chosen))
        self.list.itemChanged.connect(self._say)
        self.checkpoints = QCheckBox("List checkpoints, too")
        self.checkpoints.setVisible(any(choice.is_checkpoint for choice in choices))
        self.checkpoints.setChecked(any(choice.is_checkpoint and choice.key in chosen for choice in choices))
        self.checkpoints.toggled.connect(self._narrow)
        self.prompt = QCheckBox("Your best prompt, on the base model alone")
        self.prompt.setChecked(True)
        self.prompt.toggled.connect(self._say)
        self.system = PlainEditor(placeholder="For example: You answer customers of a parcel service …", lines=(3, 8))
        self.system.setAccessibleName("What the prompt says")
        self.system.load(system)
        self.system.edited.connect(self._say)
        self.shots = IntegerField("Examples shown in the prompt", minimum=0, maximum=most_shots)
        self.shots.set_value(shots)
        self.shots.value_changed.connect(self._say)
        self.answered = IntegerField("Held-out examples to answer", minimum=1, maximum=10_000)
        self.answered.set_value(answered)
        self.hard_rows = QCheckBox("Look for hard and suspicious rows among the training examples")
        self.hard_rows.setChecked(True)
        self._note = _secondary("")
        self.button = QPushButton("Compare")
        self.button.setProperty("kind", "primary")
        self.button.setDefault(True)
        self.button.clicked.connect(self._accept)
        self._lay_out()
        self._narrow()
        self._say()
        self.list.setFocus()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        title = QLabel("Did fine-tuning help?")
        title.setProperty("kind", "title")
        column.addWidget(title)
        column.addWidget(
            _secondary(
                "All of them answer the same held-out examples, which no adapter was trained on. The base model "
                "without a prompt always takes part."
            )
        )
        column.addSpacing(SPACE.HALF)
        column.addWidget(QLabel("Adapters"))
        column.addWidget(self.list)
        column.addWidget(self.checkpoints)
        column.addSpacing(SPACE.HALF)
        column.addWidget(self.prompt)
        column.addWidget(self.system)
        numbers = QGridLayout()
        numbers.setHorizontalSpacing(SPACE.FIELD)
        numbers.setVerticalSpacing(SPACE.UNIT)
        numbers.setColumnStretch(2, 1)
        for row, (words, field) in enumerate(
            (
                ("Examples of yours shown in the prompt", self.shots),
                ("Held-out examples to answer, at most", self.answered),
            )
        ):
            label = QLabel(words)
            label.setBuddy(field)
            field.setFixedWidth(96)
            numbers.addWidget(label, row, 0)
            numbers.addWidget(field, row, 1)
        column.addLayout(numbers)
        column.addWidget(self.hard_rows)
        column.addWidget(self._note)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column.addSpacing(SPACE.HALF)
        column.addLayout(buttons)

    @property
    def wish(self) -> ComparisonWish:
        """What is chosen now."""
        return ComparisonWish(
            tuple(item.data(_KEY).key for item in self._items() if item.checkState() == Qt.CheckState.Checked),
            self.system.text().strip(),
            self.shots.value(),
            self.prompt.isChecked(),
            self.answered.value(),
            self.hard_rows.isChecked(),
        )

    @property
    def note(self) -> str:
        """What is said over the buttons."""
        return self._note.text()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _narrow(self) -> None:
        """Checkpoints show when they are asked for, or chosen."""
        for item in self._items():
            hidden = item.data(_KEY).is_checkpoint and not self.checkpoints.isChecked()
            item.setHidden(hidden and item.checkState() != Qt.CheckState.Checked)

    def _say(self, *_: object) -> None:
        wish = self.wish
        for widget in (self.system, self.shots):
            widget.setEnabled(wish.with_prompt)
        self.hard_rows.setEnabled(bool(wish.adapters))
        words = ""
        if len(wish.adapters) > MOST_ADAPTERS:
            words = f"Up to {MOST_ADAPTERS} adapters fit beside each other."
        elif not wish.adapters and not wish.with_prompt:
            words = "Choose an adapter, or your best prompt."
        elif not wish.adapters:
            words = "Without an adapter this tries your prompt alone."
        elif not wish.with_prompt:
            words = "Without your best prompt nobody knows whether training was needed at all."
        elif not wish.system and not wish.shots:
            words = "An empty prompt without examples is the base model alone: write what you would tell it."
        self._note.setText(words)
        empty = not wish.adapters and not (wish.with_prompt and (wish.system or wish.shots))
        self.button.setEnabled(len(wish.adapters) <= MOST_ADAPTERS and not empty)

    def _accept(self) -> None:
        for field in (self.shots, self.answered):
            field.confirm()
        self.wanted.emit(self.wish)
        self.accept()


def _item(choice: AdapterChoice, *, checked: bool) -> QListWidgetItem:
    item = QListWidgetItem(f"{choice.title}  ·  {choice.about}" if choice.about else choice.title)
    item.setData(_KEY, choice)
    item.setSizeHint(QSize(0, CONTROL_HEIGHT))
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
    return item


def _secondary(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "secondary")
    label.setWordWrap(True)
    return label
