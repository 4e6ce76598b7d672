"""One answer in the chat: its text as it grows, how fast it was written, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.flowing_text import FlowingText
from app.widgets.plain_editor import PlainEditor
from app.widgets.plain_tip import plain_tip
from app.widgets.rewriting import Rewriting
from app.widgets.toast import keep_clear

_NOTHING = "(no words)"


class ChatAnswer(QFrame):
    """Text is text: nothing that a model writes is read as anything else."""

    copied = Signal()
    again_wanted = Signal()
    corrected = Signal(str)
    """The user's better answer, to be kept as an example."""
    better_wanted = Signal()
    """The user wants to see the example with the better answer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text = ""
        self._better = 0
        self._label = FlowingText()
        self._by = ElidedLabel()
        self._by.setProperty("kind", "secondary")
        self._note = ElidedLabel()
        self._note.setProperty("kind", "secondary")
        self._notes = ("", "")
        self._problem = QLabel()
        self._problem.setProperty("kind", "problem")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self._problem.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._problem.hide()
        self.copy = _tool("copy", "Copy this answer")
        self.again = _tool("refresh", "Write this answer again (drawn anew unless it is Exact)")
        self.correct = QPushButton("Correct it…")
        self.correct.setProperty("kind", "link")
        self.correct.setToolTip("Write what it should have said: that becomes a new example")
        self.better = QPushButton()
        self.better.setProperty("kind", "link")
        self.better.setToolTip("Opens the example with the answer that you wrote")
        self.better.hide()
        self.rewriting: Rewriting | None = None
        self._arrange()
        keep_clear(self._foot)
        self.copy.clicked.connect(self._copy)
        self.again.clicked.connect(self.again_wanted)
        self.correct.clicked.connect(self.begin_correction)
        self.better.clicked.connect(self.better_wanted)

    def _arrange(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(2)
        foot.addWidget(self._note, 1)
        for button in (self.correct, self.copy, self.again):
            foot.addWidget(button)
        self._foot = QWidget()
        self._foot.setLayout(foot)
        foot.setContentsMargins(0, 0, 0, 0)
        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.UNIT, SPACE.HALF)
        layout.setSpacing(SPACE.HALF)
        layout.addWidget(self._by)
        layout.addWidget(self._label)
        layout.addStretch(1)
        layout.addWidget(self._problem)
        layout.addWidget(self.better, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._foot)

    @property
    def text(self) -> str:
        """What has been written so far."""
        return self._text

    @property
    def note(self) -> str:
        """What is said under it."""
        return self._notes[0]

    @property
    def by(self) -> str:
        """Who said it, where that is not who answers in this column now."""
        return self._by.text()

    @property
    def problem(self) -> str:
        """Why there is no answer."""
        return self._problem.text()

    @property
    def is_corrected(self) -> bool:
        """Whether the user is writing a better answer."""
        return self.rewriting is not None

    def show_answer(
        self, text: str, note: str, *, short: str = "", by: str = "", over: bool = True, problem: str = ""
    ) -> None:
        """Show a text and what is to be said of it.

        Args:
            text: the answer, as far as it has come.
            note: how it stands, or how fast it was.
            short: the same where there is little room.
            by: who said it, where that is not who answers in this column now.
            over: no more comes.
            problem: why there is no answer.
        """
        self._text = text
        self._label.set_text(text or (_NOTHING if over and short else ""))
        self._label.setVisible(bool(self._label.text()) and not self.is_corrected)
        self._by.setText(by)
        self._by.setVisible(bool(by))
        self._notes = (note, short or note)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.copy.setVisible(over and bool(text))
        self.again.setVisible(over)
        self.correct.setVisible(over and bool(text))
        self._fit_note()

    def add(self, text: str) -> None:
        """Append some more."""
        if not self._text:
            self._label.set_text("")
        self._text += text
        self._label.add(text)
        self._label.setVisible(not self.is_corrected)

    def set_name(self, name: str) -> None:
        """Say whose answer it is, to those who hear the page."""
        self.setAccessibleName(f"Answer of {name}")
        self._label.setAccessibleName(f"Answer of {name}")
        self.copy.setAccessibleName(f"Copy the answer of {name}")
        self.again.setAccessibleName(f"Write the answer of {name} again")
        self.correct.setAccessibleName(f"Correct the answer of {name}")

    def set_better(self, example: int) -> None:
        """Say which example has the user's better answer; 0 for none."""
        self._better = example
        self.better.setVisible(bool(example))
        self._fit_better()

    def set_may(self, *, again: bool, correct: bool) -> None:
        """What can be done now."""
        self.again.setEnabled(again)
        self.correct.setEnabled(correct)

    def begin_correction(self) -> None:
        """Let the user write a better answer, beginning with this one."""
        if self.rewriting is None:
            editor = PlainEditor(placeholder="What it should have said", lines=(3, 14))
            editor.setAccessibleName("The better answer")
            hint = "It becomes a new example (Ctrl+Enter)"
            self.rewriting = Rewriting(editor, "Save as example", hint)
            self.rewriting.done.connect(self._on_corrected)
            self.rewriting.left.connect(self._end_correction)
            self._column.addWidget(self.rewriting)
            self._foot.hide()
            self._label.hide()
            self.rewriting.begin(self._text)

    def _end_correction(self) -> None:
        if self.rewriting is not None:
            self._column.removeWidget(self.rewriting)
            self.rewriting.hide()
            self.rewriting.deleteLater()
            self.rewriting = None
            self._foot.show()
            self._label.setVisible(bool(self._label.text()))

    def _on_corrected(self, text: str) -> None:
        self._end_correction()
        self.corrected.emit(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say as much as there is room for."""
        super().resizeEvent(event)
        self._fit_note()
        self._fit_better()

    def _fit_better(self) -> None:
        number = format.count(self._better)
        self.better.setText(f"You wrote a better one: example {number}")
        if self.better.sizeHint().width() > self.width() - SPACE.FIELD - SPACE.UNIT:
            self.better.setText(f"Better: example {number}")

    def _fit_note(self) -> None:
        whole, short = self._notes
        buttons = sum(
            button.sizeHint().width() + 2 for button in (self.correct, self.copy, self.again) if not button.isHidden()
        )
        margins = self.contentsMargins().left() + SPACE.FIELD + SPACE.UNIT + 2
        room = self.width() - buttons - margins
        fits = self._note.fontMetrics().horizontalAdvance(whole) <= room
        self._note.setText(whole if fits else short)
        self._foot.setToolTip("" if fits else plain_tip(whole))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.copied.emit()


def _tool(icon: str, words: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon, "secondary"))
    button.setToolTip(words)
    button.setAccessibleName(words)
    return button
