"""The earlier turns of a conversation, one field under the other, with what can be done with each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from app import format, theme
from app.theme import SPACE
from app.widgets.find_marks import Searched
from app.widgets.menu_button import add_menu
from app.widgets.plain_editor import PlainEditor
from app.widgets.text_field import TextField
from core.dataset import turns as rules
from core.dataset.turns import History

_AT_ONCE = 20  # fields made at a time; a conversation may have hundreds of turns
_INDENT = 14
_ROLE_WORDS = {rules.USER: "User", rules.ASSISTANT: "Assistant"}


class TurnsEditor(QWidget):
    """Hidden while there are none. Typing is told by ``edited``, everything else by ``rearranged``.

    Signals:
        edited(tuple): the words of a turn changed: all turns.
        rearranged(tuple): turns were added, removed, moved or given to the other side: all turns.
        left, undo_wanted, redo_wanted: as those of :class:`PlainEditor`.
    """

    edited = Signal(tuple)
    rearranged = Signal(tuple)
    left = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turns: History = ()
        self._first = 0  # the earliest turn that has a field
        self._rows: list[_Turn] = []
        self._read_only = False
        self._fold = QToolButton()
        self._fold.setProperty("kind", "fold")
        self._fold.setCheckable(True)
        self._fold.setChecked(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.toggled.connect(self.set_open)
        self._add = QToolButton()
        self._add.setProperty("kind", "quiet")
        self._add.setIcon(theme.icon("add", "secondary"))
        self._add.setToolTip("Add an exchange: a turn of the user and its answer")
        self._add.setAccessibleName("Add an exchange")
        self._add.setIconSize(QSize(16, 16))
        self._add.clicked.connect(lambda: self.add_exchange())
        self._earlier = QPushButton()
        self._earlier.setProperty("kind", "link")
        self._earlier.clicked.connect(self._show_earlier)
        self._remark = QLabel()
        self._remark.setProperty("kind", "secondary")
        self._remark.setWordWrap(True)
        self._body = _Indented()
        self._lay_out()
        self.set_open(True)
        self.load(())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._fold)
        head.addStretch(1)
        head.addWidget(self._add)
        self._fields = QVBoxLayout(self._body)
        self._fields.setContentsMargins(_INDENT, SPACE.HALF, 0, 0)
        self._fields.setSpacing(SPACE.UNIT)
        self._fields.addWidget(self._earlier, 0, Qt.AlignmentFlag.AlignLeft)
        self._fields.addWidget(self._remark)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._body)

    # --- What is shown ----------------------------------------------------------------------------------------------

    def turns(self) -> History:
        """All turns as they stand here."""
        return self._turns

    def load(self, turns: History) -> None:
        """Show the turns of another example."""
        self._turns = turns
        self._first = max(0, len(turns) - _AT_ONCE)
        self._fill(anew=True)

    def replace(self, turns: History) -> None:
        """Show a newer state of the same turns; cursors stay where they can."""
        same = [turn.role for turn in turns] == [turn.role for turn in self._turns]
        self._turns = turns
        self._first = min(self._first, max(0, len(turns) - _AT_ONCE))
        self._fill(anew=not same)

    @property
    def unsaved(self) -> bool:
        """Whether any turn's words differ from what was last loaded or marked as stored."""
        return any(row.editor.unsaved for row in self._rows[: len(self._turns) - self._first])

    def mark_stored(self) -> None:
        """What is written now is stored; from here on, undo is the owner's."""
        for row in self._rows:
            row.editor.mark_stored()

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        self._read_only = read_only
        self._add.setVisible(not read_only)
        for row in self._rows:
            row.set_read_only(read_only)

    @property
    def is_open(self) -> bool:
        """Whether the fields are shown."""
        return self._fold.isChecked()

    def set_open(self, open: bool) -> None:
        """Fold or unfold."""
        self._fold.setChecked(open)
        self._fold.setIcon(theme.icon("chevron-down" if open else "chevron-right", "secondary", "secondary"))
        self._body.setVisible(open)

    def editor(self, index: int) -> PlainEditor:
        """The field of a turn, unfolded and shown."""
        self.set_open(True)
        if index < self._first:
            self._first = index
            self._fill(anew=True)
        return self._rows[index - self._first].editor

    def searched(self) -> list[Searched]:
        """The words of all turns; those without a field yet get it when it is needed."""
        early = self._turns[: self._first]
        found = [Searched(turn.content, None, partial(self.editor, n)) for n, turn in enumerate(early)]
        rows = self._rows[: len(self._turns) - self._first]
        return found + [Searched(row.editor.text(), row.editor) for row in rows]

    def _show_earlier(self) -> None:
        self._first = max(0, self._first - _AT_ONCE)
        self._fill(anew=True)

    def _fill(self, *, anew: bool) -> None:
        count = len(self._turns) - self._first
        if count > len(self._rows) + _AT_ONCE and not self._body.isAncestorOf(self.focusWidget() or self):
            self._body.hide()  # or every new field would be laid out with all the others
        while len(self._rows) < count:
            self._make_row()
        for place, row in enumerate(self._rows):
            if place < count:
                turn = self._turns[self._first + place]
                row.show_turn(_role_words(turn.role), self._first + place + 1, turn.content, anew=anew)
            else:
                row.editor.load("")
            row.setVisible(place < count)
        self._earlier.setText(f"Show {format.plural(min(self._first, _AT_ONCE), 'earlier turn')}")
        self._earlier.setVisible(self._first > 0)
        self._fold.setText(f"Earlier turns: {format.count(len(self._turns))}")
        self._say_remark()
        self._body.setVisible(self.is_open)
        self.setVisible(bool(self._turns))

    def _say_remark(self) -> None:
        writing = any(row.editor.hasFocus() for row in self._rows)
        words = rules.remark(self._turns, writing=writing)
        self._remark.setText(words)
        self._remark.setVisible(bool(words))

    def _make_row(self) -> None:
        place = len(self._rows)
        row = _Turn(self._body)
        self._fields.insertWidget(self._fields.count() - 1, row)
        row.set_read_only(self._read_only)
        row.menu.aboutToShow.connect(lambda: self._fill_menu(row.menu, self._first + place))
        row.editor.edited.connect(lambda: self._typed(self._first + place, row))
        row.editor.left.connect(self.left)
        row.editor.left.connect(self._say_remark)
        row.editor.undo_wanted.connect(self.undo_wanted)
        row.editor.redo_wanted.connect(self.redo_wanted)
        row.follow(self._rows[-1].editor if self._rows else self._earlier)
        self._rows.append(row)

    # --- What the user does -----------------------------------------------------------------------------------------

    def add_exchange(self, place: int | None = None) -> None:
        """Add an empty exchange before a turn, or after all, and put the cursor there."""
        place = len(self._turns) if place is None else place
        self._rearrange(rules.with_exchange(self._turns, place), cursor=place)

    def remove(self, places: range) -> None:
        """Take turns away."""
        self._rearrange(rules.without(self._turns, places), cursor=max(0, places.start - 1))

    def move(self, index: int, *, later: bool) -> None:
        """Move a turn, with its exchange, up or down."""
        places = rules.together(self._turns, index)
        turns = rules.moved(self._turns, places, later=later)
        if turns != self._turns:
            self._rearrange(turns, cursor=index + (len(places) if later else -len(places)))

    def _typed(self, index: int, row: _Turn) -> None:
        self._turns = rules.with_text(self._turns, index, row.editor.text())
        row.set_tokens(None)
        self._say_remark()
        self.edited.emit(self._turns)

    def _rearrange(self, turns: History, *, cursor: int) -> None:
        self.left.emit()  # what was typed before is a step of its own
        self._turns = turns
        self._first = min(self._first, max(0, len(turns) - _AT_ONCE))
        self._fill(anew=True)
        self.rearranged.emit(turns)
        if turns:
            self.editor(min(cursor, len(turns) - 1)).setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._say_remark()

    def _fill_menu(self, menu: QMenu, index: int) -> None:
        menu.clear()
        turns = self._turns
        places = rules.together(turns, index)
        what = "exchange" if len(places) == 2 else "turn"
        other = rules.USER if turns[index].role == rules.ASSISTANT else rules.ASSISTANT
        acts: tuple[tuple[str, Callable[[], object], bool] | None, ...] = (
            (f"Move {what} up", lambda: self.move(index, later=False), places.start > 0),
            (f"Move {what} down", lambda: self.move(index, later=True), places.stop < len(turns)),
            None,
            ("Add an exchange above", lambda: self.add_exchange(places.start), True),
            ("Add an exchange below", lambda: self.add_exchange(places.stop), True),
            (
                f"Make it the {_role_words(other).lower()}'s turn",
                lambda: self._rearrange(rules.with_role(turns, index, other), cursor=index),
                True,
            ),
            None,
            ("Remove turn", lambda: self.remove(range(index, index + 1)), True),
            ("Remove exchange", lambda: self.remove(places), True) if len(places) == 2 else None,
        )
        for act in acts[:-1] if acts[-1] is None else acts:
            if act is None:
                menu.addSeparator()
            else:
                words, done, can = act
                action = menu.addAction(words)
                action.setEnabled(can)
                action.triggered.connect(lambda _checked=False, done=done: done())


class _Turn(TextField):
    """One earlier turn: whose it is, its words, and a menu."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", placeholder="", lines=(1, 8), parent=parent)
        self._more = QToolButton()
        self._more.setProperty("kind", "add")
        self._more.setIcon(theme.icon("more", "secondary"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setToolTip("Move, add or remove")
        self._more.setIconSize(QSize(16, 16))
        self._more.setFixedHeight(22)
        self.menu = QMenu(self._more)
        add_menu(self._more, self.menu)
        self.add_act(self._more)

    def follow(self, other: QWidget) -> None:
        """Come after another field when the Tab key moves on; what is made late would come last."""
        QWidget.setTabOrder(other, self._more)
        QWidget.setTabOrder(self._more, self.editor)

    def show_turn(self, role: str, number: int, text: str, *, anew: bool) -> None:
        self.set_label(role, f"Earlier turn {number}, {role.lower()}")
        self._more.setAccessibleName(f"Move, add or remove earlier turn {number}")
        self.editor.setPlaceholderText("What the user wrote" if role == "User" else "What the model answered")
        if anew:
            self.editor.load(text)
        else:
            self.editor.replace(text)
        self.set_tokens(None)

    def set_read_only(self, read_only: bool) -> None:
        self.editor.setReadOnly(read_only)
        self._more.setVisible(not read_only)


class _Indented(QWidget):
    """A line at the side shows what belongs together."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        super().paintEvent(event)
        painter = QPainter(self)
        left = self.width() - 3 if self.isRightToLeft() else 2
        painter.fillRect(left, SPACE.UNIT, 2, self.height() - SPACE.UNIT, theme.colour("line"))


def _role_words(role: str) -> str:
    return _ROLE_WORDS.get(role, role.capitalize())
