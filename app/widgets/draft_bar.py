"""What a model proposes for the output, under the output: the draft as it is written, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.flow_layout import FlowLayout
from app.widgets.plain_editor import PlainEditor


class DraftBar(QFrame):
    """Shows one draft, and how far the others are; it stores nothing. Hidden while there is nothing to say.

    Signals:
        accept_wanted, edit_wanted, reject_wanted: what the user wants of the draft shown.
        stop_wanted: write no more drafts.
        next_wanted: go to another example that has a draft.
    """

    accept_wanted = Signal()
    edit_wanted = Signal()
    reject_wanted = Signal()
    stop_wanted = Signal()
    next_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "well")
        self.setAccessibleName("Draft of the output")
        self._title = ElidedLabel()
        self._title.setFont(theme.ui_font(strong=True))
        self._note = _words("secondary")
        self._warning = _words("secondary")
        self.editor = PlainEditor(placeholder="", lines=(2, 12))
        self.editor.setReadOnly(True)
        self.editor.setProperty("kind", "answer")
        self.editor.setAccessibleName("Draft")
        self._moving = QProgressBar()
        self._moving.setRange(0, 0)
        self._moving.setTextVisible(False)
        self._moving.setFixedWidth(96)
        self.accept = _button("Accept", "check", "Makes the draft the output", self.accept_wanted)
        self.edit = _button("Edit", "edit", "Makes the draft the output, with the cursor in it", self.edit_wanted)
        self.reject = _button("Reject", "close", "Drops the draft; the output stays as it is", self.reject_wanted)
        self._progress = _words("secondary")
        self.stop = _button("Stop", "stop", "Writes no more drafts; those that are there are kept", self.stop_wanted)
        self.next = _button("Next draft", "chevron-right", "Goes to another example with a draft", self.next_wanted)
        self._serious = True
        self._lay_out()
        self._mark_warning()
        theme.on_change(self, self._mark_warning)
        self.show_nothing()
        self.set_progress("", busy=False, others=0)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE.UNIT)
        head.addWidget(self._title, 1)
        head.addWidget(self._moving, 0, Qt.AlignmentFlag.AlignVCenter)
        self._sign = QLabel()
        warning = QHBoxLayout()
        warning.setSpacing(SPACE.UNIT)
        warning.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        warning.addWidget(self._warning, 1)
        self._warned = QWidget()
        warning.setContentsMargins(0, 0, 0, 0)
        self._warned.setLayout(warning)
        self._acts = QWidget()
        acts = FlowLayout(self._acts, spacing=SPACE.UNIT)
        for button in (self.accept, self.edit, self.reject):
            acts.addWidget(button)
        self._rest = QWidget()
        rest = QHBoxLayout(self._rest)
        rest.setContentsMargins(0, 0, 0, 0)
        rest.setSpacing(SPACE.UNIT)
        rest.addWidget(self._progress, 1)
        rest.addWidget(self.next)
        rest.addWidget(self.stop)
        self._one = QWidget()
        one = QVBoxLayout(self._one)
        one.setContentsMargins(0, 0, 0, 0)
        one.setSpacing(SPACE.LABEL)
        one.addLayout(head)
        one.addWidget(self.editor)
        one.addWidget(self._note)
        one.addWidget(self._warned)
        one.addWidget(self._acts)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE.FIELD, SPACE.UNIT, SPACE.FIELD, SPACE.UNIT)
        column.setSpacing(SPACE.UNIT)
        column.addWidget(self._one)
        column.addWidget(self._rest)

    def _mark_warning(self) -> None:
        sign = theme.icon("warning", "warn") if self._serious else theme.icon("information", "information")
        self._sign.setPixmap(sign.pixmap(16, 16))

    # --- The draft of the example shown -----------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The draft as far as it is shown."""
        return self.editor.text()

    def words(self) -> str:
        """All that is said around the draft."""
        labels = (self._title, self._note, self._warning, self._progress)
        return "\n".join(label.text() for label in labels if label.text())

    def show_nothing(self) -> None:
        """The example shown has no draft, and none is on its way."""
        self._one.hide()
        self._title.setText("")
        self._note.setText("")
        self.warn("")
        self.editor.load("")
        self._show_or_hide()

    def show_draft(self, title: str, text: str, note: str, *, moving: bool, complete: bool) -> None:
        """Show a draft, or that it is to come.

        Args:
            title: whose draft it is.
            text: what is written so far.
            note: how far it is, or how it ended.
            moving: the model is at it.
            complete: it can be accepted.
        """
        self._title.setText(title)
        if self.editor.text() != text:
            self.editor.load(text)
        self.editor.setVisible(bool(text) or moving)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self._moving.setVisible(moving)
        self._acts.setVisible(complete or bool(text and not moving))
        self.accept.setVisible(bool(text))
        self.edit.setVisible(bool(text))
        self.reject.setText("Reject" if text else "Close")
        self._one.show()
        self._show_or_hide()

    def add(self, text: str) -> None:
        """Append some more to the draft shown; the end stays in sight unless the reader scrolled up."""
        bar = self.editor.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        cursor = QTextCursor(self.editor.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        if at_end:
            bar.setValue(bar.maximum())

    def warn(self, words: str, *, serious: bool = True) -> None:
        """Say what is to be known before the draft is accepted as it is; "" for nothing."""
        self._serious = serious
        self._mark_warning()
        self._warning.setText(words)
        self._warned.setVisible(bool(words))

    def set_writable(self, writable: bool) -> None:
        """Whether a draft can become the output."""
        self.accept.setEnabled(writable)
        self.edit.setEnabled(writable)

    # --- All drafts -------------------------------------------------------------------------------------------------

    def set_progress(self, words: str, *, busy: bool, others: int) -> None:
        """Say how far the drafts of all examples are; ``others`` of them wait to be looked at elsewhere."""
        self._progress.setText(words)
        self.stop.setVisible(busy)
        self.next.setVisible(others > 0)
        self._rest.setVisible(bool(words) or busy or others > 0)
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        self.setVisible(not (self._one.isHidden() and self._rest.isHidden()))


def _words(kind: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("kind", kind)
    label.setWordWrap(True)
    return label


def _button(words: str, icon: str, tip: str, clicked: object) -> QPushButton:
    button = QPushButton(words)
    button.setIcon(theme.icon(icon))
    button.setToolTip(tip)
    button.clicked.connect(clicked)
    return button
