"""A label, a plain-text editor under it, and how long the text is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import format
from app.theme import SPACE
from app.widgets.plain_editor import PlainEditor


class TextField(QWidget):
    """One text of an example. The editor is public: the form joins its signals."""

    def __init__(
        self,
        label: str,
        *,
        placeholder: str,
        lines: tuple[int, int],
        optional: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.editor = PlainEditor(placeholder=placeholder, lines=lines)
        self.editor.setAccessibleName(label)
        self._name = QLabel(label)
        self._name.setProperty("kind", "label")
        self._name.setBuddy(self.editor)
        self._counts = QLabel()
        self._counts.setProperty("kind", "secondary")
        self._counts.setTextFormat(Qt.TextFormat.PlainText)
        self._head = head = QHBoxLayout()
        head.setSpacing(SPACE.HALF)
        head.addWidget(self._name)
        if optional:
            hint = QLabel("(optional)")
            hint.setProperty("kind", "secondary")
            head.addWidget(hint)
        head.addStretch(1)
        head.addWidget(self._counts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addLayout(head)
        column.addWidget(self.editor, 1)

    def set_label(self, label: str, name: str) -> None:
        """Call it something else; ``name`` is what a screen reader says, where the label alone does not tell."""
        self._name.setText(label)
        self.editor.setAccessibleName(name)

    def add_act(self, button: QWidget) -> None:
        """Put a button at the right end of the label's line."""
        self._head.addWidget(button)

    def set_tokens(self, tokens: int | None) -> None:
        """Show the number of characters and, where known, of tokens; nothing for an empty text."""
        characters = len(self.editor.text())
        words = format.plural(characters, "character") if characters else ""
        if characters and tokens is not None:
            words += f", {format.plural(tokens, 'token')}"
        self._counts.setText(words)

    def counts(self) -> str:
        """The words shown at the right of the label."""
        return self._counts.text()
