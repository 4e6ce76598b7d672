"""Which held-out examples the model answers at each evaluation of the next runs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import format, theme
from app.theme import CONTROL_HEIGHT, SPACE
from app.widgets.search_field import SearchField
from core.dataset.example import Example

_ID = Qt.ItemDataRole.UserRole
_EXCERPT = 160
_NONE_HELD_OUT = (
    "No example is held out. From 50 ready examples up some are; or choose Held-out as the split of an example."
)


class PinDialog(QDialog):
    """Signals: ``wanted(tuple)``: the ids of the chosen examples as the list has them; without any the run chooses."""

    wanted = Signal(tuple)

    def __init__(
        self, examples: Sequence[Example], chosen: Sequence[int], *, most: int, parent: QWidget | None = None
    ) -> None:
        """For these held-out examples, of which up to ``most`` can be chosen."""
        super().__init__(parent)
        self.setWindowTitle("Sample answers")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 560)
        self._most = most
        self.search = SearchField("Search the held-out examples", icon=theme.icon("search", "secondary"))
        self.search.searched.connect(self._narrow)
        self.list = QListWidget()
        self.list.setAccessibleName("Held-out examples; Space chooses one")
        self.list.setProperty("kind", "boxed")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        for example in examples:
            self.list.addItem(_item(example, checked=example.id in chosen))
        self.list.itemChanged.connect(lambda _item: self._say())
        self.list.itemActivated.connect(_turn)
        self._words = QLabel()
        self._words.setProperty("kind", "secondary")
        self._words.setWordWrap(True)
        self.none = QPushButton("Choose none")
        self.none.setAutoDefault(False)
        self.none.setToolTip("A run then answers the first examples that it holds out")
        self.none.clicked.connect(self._clear)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.setAutoDefault(False)  # Enter chooses the example under the cursor
        self.button.clicked.connect(self._accept)
        self._lay_out()
        self._say()
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.UNIT)
        title = QLabel("What shall the model answer?")
        title.setProperty("kind", "title")
        column.addWidget(title)
        about = QLabel("The next runs answer these examples at each evaluation. They are not trained on.")
        about.setProperty("kind", "secondary")
        about.setWordWrap(True)
        column.addWidget(about)
        column.addSpacing(SPACE.HALF)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(self._words)
        column.addSpacing(SPACE.HALF)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addWidget(self.none)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column.addLayout(buttons)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The ids of the chosen examples."""
        return tuple(item.data(_ID) for item in self._items() if item.checkState() == Qt.CheckState.Checked)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _narrow(self, words: str) -> None:
        wanted = words.casefold()
        for item in self._items():
            item.setHidden(wanted not in item.text().casefold())

    def _clear(self) -> None:
        for item in self._items():
            item.setCheckState(Qt.CheckState.Unchecked)

    def _say(self) -> None:
        chosen = len(self.chosen)
        self.none.setEnabled(chosen > 0)
        self.button.setEnabled(self.list.count() > 0 and chosen <= self._most)
        self.button.setText(f"Answer {format.plural(chosen, 'example')}" if chosen else "Let the run choose")
        if not self.list.count():
            self._words.setText(_NONE_HELD_OUT)
        elif chosen > self._most:
            self._words.setText(f"{format.count(chosen)} are chosen; a run answers up to {format.count(self._most)}.")
        else:
            self._words.setText(f"{format.count(chosen)} of {format.plural(self.list.count(), 'example')} chosen.")

    def _accept(self) -> None:
        self.wanted.emit(self.chosen)
        self.accept()


def _item(example: Example, *, checked: bool) -> QListWidgetItem:
    text = " ".join(example.prompt.split())
    item = QListWidgetItem(text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…")
    item.setData(_ID, example.id)
    item.setSizeHint(QSize(0, CONTROL_HEIGHT))
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
    return item


def _turn(item: QListWidgetItem) -> None:
    """Enter and a double click choose, or take back."""
    checked = item.checkState() == Qt.CheckState.Checked
    item.setCheckState(Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked)
