"""Adding tags to several examples and taking tags from them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.flow_layout import FlowLayout
from app.widgets.tag_editor import TagEditor

_MOST = 500


class TagsDialog(QDialog):
    """Signals: ``wanted(add, remove)``: tuples of tags."""

    wanted = Signal(tuple, tuple)

    def __init__(self, count: int, known: Sequence[str], parent: QWidget | None = None) -> None:
        """For so many examples; ``known`` are the tags that the project has."""
        super().__init__(parent)
        self.setWindowTitle("Tags")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        self._count = count
        self.boxes: dict[str, QCheckBox] = {}
        self.add = TagEditor()
        self.add.set_known(known)
        self.add.changed.connect(lambda _tags: self._say())
        self._present = QLabel("Looking which tags they have …")
        self._present.setProperty("kind", "secondary")
        self._list = QWidget()
        self._flow = FlowLayout(self._list, spacing=SPACE.CARD)
        self._area = QScrollArea()
        self._area.setWidget(self._list)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setMaximumHeight(180)
        self._area.hide()
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.setAutoDefault(False)  # Enter adds the tag that is being typed; the next one presses this
        self.button.clicked.connect(self._accept)
        self.add.confirmed.connect(self.button.click)
        self._lay_out()
        self._say()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.PAGE, SPACE.PAGE, SPACE.PAGE, SPACE.CARD)
        column.setSpacing(SPACE.LABEL)
        title = QLabel(f"Tags of {format.plural(self._count, 'example')}")
        title.setProperty("kind", "title")
        column.addWidget(title)
        column.addSpacing(SPACE.FIELD)
        for words, widget in (("Add to all of them", self.add), ("Take away", self._present)):
            label = QLabel(words)
            label.setProperty("kind", "label")
            column.addWidget(label)
            column.addWidget(widget)
            if widget is self.add:
                column.addSpacing(SPACE.FIELD)
        column.addWidget(self._area)
        column.addStretch(1)
        column.addSpacing(SPACE.CARD)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.UNIT)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.button)
        column.addLayout(buttons)

    def set_present(self, tags: Sequence[str]) -> None:
        """The tags that these examples have."""
        self._present.setText("They have no tags yet." if not tags else "")
        self._present.setVisible(not tags)
        for tag in tags[:_MOST]:
            shown = tag if len(tag) <= 48 else tag[:47] + "…"
            box = self.boxes[tag] = QCheckBox(shown.replace("&", "&&"))
            box.setAccessibleName(f"Take away the tag {tag}")
            box.toggled.connect(lambda _on: self._say())
            self._flow.addWidget(box)
        self._area.setVisible(bool(tags))
        self.adjustSize()

    @property
    def removed(self) -> tuple[str, ...]:
        """The tags to take away."""
        return tuple(tag for tag, box in self.boxes.items() if box.isChecked())

    def _say(self) -> None:
        add, remove = len(self.add.tags()), len(self.removed)
        parts = [f"Add {format.plural(add, 'tag')}"] if add else []
        if remove:
            verb = "take away" if add else "Take away"
            parts.append(f"{verb} {format.count(remove)}" if add else f"{verb} {format.plural(remove, 'tag')}")
        self.button.setText(", ".join(parts) or "Change tags")
        self.button.setEnabled(bool(parts))

    def _accept(self) -> None:
        self.wanted.emit(self.add.tags(), self.removed)
        self.accept()
