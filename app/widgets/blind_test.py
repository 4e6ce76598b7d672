"""The blind test: two answers without names, three buttons and keys; who was who is told at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import format, theme
from app.theme import SPACE, TEXT_COLUMN
from app.widgets.plain_editor import PlainEditor

LEFT, RIGHT, TIE = "left", "right", "tie"
_KEYS = {"1": LEFT, "2": RIGHT, "0": TIE}


@dataclass(frozen=True, slots=True)
class BallotWords:
    """A pair to choose from: its place (from 1), how many there are, the texts, what was chosen before (or empty)."""

    number: int
    total: int
    prompt: str
    left: str
    right: str
    expected: str
    chosen: str = ""


class BlindTest(QWidget):
    """Shows what it is told: an offer, a ballot or the result. Never a name before the end."""

    start_wanted = Signal()
    chosen = Signal(str)
    """("left", "right" or "tie"): the user prefers this."""
    back_wanted = Signal()
    """Show the ballot before again."""
    leave_wanted = Signal()
    """Go on another time."""
    more_wanted = Signal()
    """Vote on more pairs."""
    export_wanted = Signal()
    """Write the votes as preference pairs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack = QStackedWidget()
        self._faces = (self._build_offer(), self._build_ballot(), self._build_result())
        for face in self._faces:
            self._stack.addWidget(face)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._show(0)

    # The faces

    def _build_offer(self) -> QWidget:
        self._offer_title = _label(kind="heading")
        self._offer = _label()
        self.start = QPushButton()
        self.start.setProperty("kind", "primary")
        self.start.clicked.connect(self.start_wanted)
        return _narrow(self._offer_title, self._offer, self.start)

    def _build_ballot(self) -> QWidget:
        self._place = _label(kind="secondary")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self.back = QPushButton("Back")
        self.back.setToolTip("The pair before (Backspace)")
        self.back.clicked.connect(self.back_wanted)
        self.leave = QPushButton("Go on later")
        self.leave.setToolTip("Your votes are kept")
        self.leave.clicked.connect(self.leave_wanted)
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(self._place)
        head.addWidget(self._bar, 1)
        head.addWidget(self.back)
        head.addWidget(self.leave)
        self.prompt = _text("What was asked", (2, 6))
        self.left_text, self.right_text = _text("First answer", (6, 40)), _text("Second answer", (6, 40))
        self.expect = QCheckBox("Show what was expected")
        self.expected = _text("Expected", (2, 6))
        self.expect.toggled.connect(self.expected.setVisible)
        self.expected.hide()
        pair = QGridLayout()
        pair.setHorizontalSpacing(SPACE.GAP)
        pair.setVerticalSpacing(SPACE.UNIT)
        self.first, self.second, self.tie = (
            QPushButton("First is better  (1)"),
            QPushButton("Second is better  (2)"),
            QPushButton("Equally good  (0)"),
        )
        for column, (text, button, choice) in enumerate(
            ((self.left_text, self.first, LEFT), (self.right_text, self.second, RIGHT))
        ):
            pair.addWidget(text, 0, column)
            pair.addWidget(button, 1, column)
            pair.setColumnStretch(column, 1)
            button.clicked.connect(lambda _checked=False, choice=choice: self.chosen.emit(choice))
        pair.setRowStretch(0, 1)
        self.tie.clicked.connect(lambda: self.chosen.emit(TIE))
        pair.addWidget(self.tie, 2, 0, 1, 2, Qt.AlignmentFlag.AlignHCenter)
        face = QWidget()
        column_ = QVBoxLayout(face)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(SPACE.UNIT)
        column_.addLayout(head)
        column_.addWidget(_label("What was asked", kind="secondary"))
        column_.addWidget(self.prompt)
        column_.addLayout(pair, 1)
        column_.addWidget(self.expect)
        column_.addWidget(self.expected)
        return face

    def _build_result(self) -> QWidget:
        self._result_title = _label(kind="heading")
        self._result = _label()
        self.export = QPushButton("Export the votes…")
        self.export.setToolTip("As preference pairs (prompt, chosen, rejected) in a JSONL file")
        self.export.clicked.connect(self.export_wanted)
        self.change = QPushButton("Change votes")
        self.change.setToolTip("Back to the last pair (Backspace)")
        self.change.clicked.connect(self.back_wanted)
        self.more = QPushButton()
        self.more.setProperty("kind", "primary")
        self.more.clicked.connect(self.more_wanted)
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE.UNIT)
        for button in (self.more, self.export, self.change):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        return _narrow(self._result_title, self._result, buttons)

    # What is shown

    @property
    def face(self) -> str:
        """Which one is shown: "offer", "ballot" or "result"."""
        return ("offer", "ballot", "result")[self._stack.currentIndex()]

    @property
    def words(self) -> str:
        """What the offer or the result says."""
        title, text = (self._offer_title, self._offer) if self.face == "offer" else (self._result_title, self._result)
        return f"{title.text()}\n{text.text()}"

    def show_offer(self, title: str, text: str, act: str) -> None:
        """Say what this is for, or why there is nothing to vote on; without ``act`` there is no button."""
        self._offer_title.setText(title)
        self._offer.setText(text)
        self.start.setText(act)
        self.start.setVisible(bool(act))
        self._show(0)

    def show_ballot(self, ballot: BallotWords) -> None:
        """Ask which of two answers is better."""
        self._place.setText(f"Pair {format.count(ballot.number)} of {format.count(ballot.total)}")
        self._bar.setRange(0, ballot.total)
        self._bar.setValue(ballot.number - 1)
        self._bar.setAccessibleName(self._place.text())
        self.back.setEnabled(ballot.number > 1)
        for editor, text in (
            (self.prompt, ballot.prompt),
            (self.left_text, ballot.left),
            (self.right_text, ballot.right),
            (self.expected, ballot.expected),
        ):
            editor.load(text)
            editor.setPlaceholderText("(nothing)")
        for button, choice in ((self.first, LEFT), (self.second, RIGHT), (self.tie, TIE)):
            button.setIcon(theme.icon("check", "accent") if ballot.chosen == choice else QIcon())
        self._show(1)

    def show_result(self, title: str, lines: Sequence[str], *, more: str, can_export: bool) -> None:
        """Tell who was who; ``more`` is the words of a button to vote on more pairs."""
        self.more.setText(more)
        self.more.setVisible(bool(more))
        self._result_title.setText(title)
        self._result.setText("\n".join(lines))
        self.export.setEnabled(can_export)
        self._show(2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1, 2 and 0 vote, Backspace goes back; what stands in it leaves these keys alone."""
        if self.face == "ballot" and event.text() in _KEYS:
            self.chosen.emit(_KEYS[event.text()])
        elif self.face != "offer" and event.key() == Qt.Key.Key_Backspace:
            self.back_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _show(self, face: int) -> None:
        self._stack.setCurrentIndex(face)
        if face == 1 and not self._stack.currentWidget().isAncestorOf(self.focusWidget() or self):
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # the keys work at once


def _label(text: str = "", *, kind: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if kind:
        label.setProperty("kind", kind)
    return label


def _text(name: str, lines: tuple[int, int]) -> PlainEditor:
    editor = PlainEditor(lines=lines)
    editor.setReadOnly(True)
    editor.setProperty("kind", "answer")
    editor.setAccessibleName(name)
    return editor


def _narrow(*widgets: QWidget) -> QWidget:
    """A column of readable width at the top left."""
    inside = QWidget()
    inside.setMaximumWidth(TEXT_COLUMN)
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, SPACE.UNIT, 0, 0)
    column.setSpacing(SPACE.FIELD)
    for widget in widgets:
        left = isinstance(widget, QPushButton)
        column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag(0))
    column.addStretch(1)
    face = QWidget()
    row = QHBoxLayout(face)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(inside, TEXT_COLUMN)
    row.addStretch(1)
    return face
