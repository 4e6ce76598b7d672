"""What an example has besides its conversation, folded away until asked for: tags, note, split, rejected answer."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.example_words import SPLIT_WORDS
from app.theme import SPACE
from app.widgets.tag_editor import TagEditor
from app.widgets.text_field import TextField
from core.dataset.example import Example, Split

_SPLIT_HELP = {
    Split.AUTO: "Some examples are kept out of training, to measure progress; chosen for you, always the same ones.",
    Split.TRAIN: "Always trained on.",
    Split.HELDOUT: "Never trained on; progress is measured on it.",
}


class ExampleDetails(QWidget):
    """Signals: ``tags_changed(tuple)`` and ``split_changed(Split)`` for the user's changes."""

    tags_changed = Signal(tuple)
    split_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = TextField("Note", placeholder="For you; never trained on", lines=(1, 6))
        self.rejected = TextField(
            "Rejected answer", placeholder="What a model said instead; never trained on", lines=(1, 6)
        )
        self.tags = TagEditor()
        self.tags.changed.connect(self.tags_changed)
        self._split = QComboBox()
        self._split.setAccessibleName("Split")
        for split, words in SPLIT_WORDS.items():
            self._split.addItem(words, split)
        self._split.activated.connect(self._split_chosen)
        self._split_help = QLabel()
        self._split_help.setProperty("kind", "secondary")
        self._split_help.setWordWrap(True)
        self._button = QToolButton()
        self._button.setProperty("kind", "fold")
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.toggled.connect(self.set_open)
        self._body = QWidget()
        self._lay_out()
        self._shown = Example()
        self.set_open(False)

    def _lay_out(self) -> None:
        split = QHBoxLayout()
        split.setSpacing(SPACE.UNIT)
        split.addWidget(self._split)
        split.addWidget(self._split_help, 1)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, SPACE.HALF, 0, 0)
        body.setSpacing(12)
        body.addLayout(_labelled("Tags", self.tags))
        body.addWidget(self.note)
        body.addWidget(self.rejected)
        body.addLayout(_labelled("Split", split, self._split))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._body)

    @property
    def is_open(self) -> bool:
        """Whether the fields are shown."""
        return self._button.isChecked()

    def set_open(self, open: bool) -> None:
        """Fold or unfold."""
        self._button.setChecked(open)
        self._body.setVisible(open)
        self._button.setIcon(theme.icon("chevron-down" if open else "chevron-right", "secondary", "secondary"))
        self._say_what_is_inside()

    def show_example(self, example: Example) -> None:
        """Show tags and split; the texts are set through their editors."""
        self._shown = example
        if self.tags.tags() != example.tags:
            self.tags.set_tags(example.tags)
        self._split.setCurrentIndex(self._split.findData(example.split))
        self._split_help.setText(_SPLIT_HELP[example.split])
        self.rejected.setVisible(bool(example.rejected) or self.rejected.editor.hasFocus())
        self._say_what_is_inside()

    def set_known_tags(self, tags: Iterable[str]) -> None:
        """What the tag field proposes."""
        self.tags.set_known(tags)

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        for field in (self.note, self.rejected):
            field.editor.setReadOnly(read_only)
        self.tags.setEnabled(not read_only)
        self._split.setEnabled(not read_only)

    def _split_chosen(self) -> None:
        split = Split(self._split.currentData())  # Qt hands an enumeration back as its text
        self._split_help.setText(_SPLIT_HELP[split])
        self.split_changed.emit(split)

    def _say_what_is_inside(self) -> None:
        """Folded, the button names what is set, so that nothing hides."""
        example, inside = self._shown, []
        if example.tags:
            inside.append("1 tag" if len(example.tags) == 1 else f"{len(example.tags)} tags")
        if example.note:
            inside.append("note")
        if example.rejected:
            inside.append("rejected answer")
        if example.split is not Split.AUTO:
            inside.append(SPLIT_WORDS[example.split].lower())
        self._button.setText("More" if self.is_open or not inside else f"More: {', '.join(inside)}")
        self._button.setAccessibleName("Tags, note and split")


def _labelled(label: str, content: QWidget | QHBoxLayout, buddy: QWidget | None = None) -> QVBoxLayout:
    """A label over a widget or a row."""
    name = QLabel(label)
    name.setProperty("kind", "label")
    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(name)
    if isinstance(content, QWidget):
        column.addWidget(content)
        name.setBuddy(content)
    else:
        column.addLayout(content)
        if buddy is not None:
            name.setBuddy(buddy)
    return column
