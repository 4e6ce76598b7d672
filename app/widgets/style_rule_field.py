"""A rule of the user's own for what an answer must look like: a pattern, or words that must be in it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.theme import SPACE, set_look

PATTERN, WORDS = "pattern", "words"
_KINDS = {WORDS: "has all of these words", PATTERN: "fits this pattern"}
_HINTS = {
    WORDS: "For example: Ahoy, matey",
    PATTERN: r"A regular expression, for example: ^Dear \w+",
}


class StyleRuleField(QWidget):
    """Knows no rule: it says what is written, and is told what is wrong with it."""

    rule_changed = Signal(str, str)
    """(kind, text): the user confirmed another rule; an empty text is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel("Style rule: an answer")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of style rule")
        for value, words in _KINDS.items():
            self.kind.addItem(words, value)
        self.text = QLineEdit()
        self.text.setAccessibleName("Style rule")
        self._problem = QLabel()
        self._problem.setProperty("kind", "problem")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)  # the pattern stands in it
        self._problem.setWordWrap(True)
        self._problem.hide()
        row = QHBoxLayout()
        row.setSpacing(SPACE.UNIT)
        row.addWidget(label)
        row.addWidget(self.kind)
        row.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.LABEL)
        column.addLayout(row)
        column.addWidget(self._problem)
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.text.editingFinished.connect(self._tell)
        self._told = (WORDS, "")
        self._on_kind()

    @property
    def rule(self) -> tuple[str, str]:
        """The kind and the text."""
        return str(self.kind.currentData()), self.text.text().strip()

    @property
    def problem(self) -> str:
        """Why the rule cannot be used; empty when it can."""
        return self._problem.text()

    def set_rule(self, kind: str, text: str) -> None:
        """Show a rule without a signal."""
        self._told = (kind, text)
        self.kind.setCurrentIndex(max(0, self.kind.findData(kind)))
        self.text.setText(text)
        self.set_problem("")

    def set_problem(self, words: str) -> None:
        """Say why the rule cannot be used."""
        self._problem.setText(words)
        self._problem.setVisible(bool(words))
        set_look(self.text, wrong=bool(words))

    def _on_kind(self) -> None:
        self.text.setPlaceholderText(_HINTS[str(self.kind.currentData())])
        if self.text.text().strip():
            self._tell()

    def _tell(self) -> None:
        if self.rule != self._told:
            self._told = self.rule
            self.set_problem("")
            self.rule_changed.emit(*self.rule)
