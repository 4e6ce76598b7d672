"""The texts of an example in the order of the conversation, one under the other or with the output beside."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.theme import SPACE
from app.widgets.example_details import ExampleDetails
from app.widgets.find_marks import Searched
from app.widgets.plain_editor import PlainEditor
from app.widgets.text_field import TextField
from app.widgets.turns_editor import TurnsEditor

GUTTER = 12  # room at the right for a scroll bar, so that fields keep their width when it comes
WIDE_ENOUGH = 520  # for two columns; below it, lines get too short to read


class ExampleFields(QWidget):
    """Only shows; the form joins the fields.

    Signals:
        roomy(bool): there is room for two columns now, or no longer.
    """

    roomy = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.details = ExampleDetails()
        self.turns = TurnsEditor()
        self.texts: dict[str, TextField] = {
            "instruction": TextField("Instruction", placeholder="What should the model do?", lines=(2, 10)),
            "input": TextField(
                "Input", placeholder="The text it works on, if there is one", lines=(2, 10), optional=True
            ),
            "output": TextField("Output", placeholder="The answer you wish it would give", lines=(4, 24)),
            "system": TextField("System prompt", placeholder="How the model should behave", lines=(1, 8)),
            "note": self.details.note,
            "rejected": self.details.rejected,
        }
        self.add_system = _add_button("System prompt", "Tell the model how to behave in this example")
        self.add_turns = _add_button("Earlier turns", "What user and assistant said before the instruction")
        self.add_system.clicked.connect(self.open_system)
        self.add_turns.clicked.connect(lambda: self.turns.add_exchange())
        self._side_by_side = self._roomy = self._read_only = self._system_open = False
        self._lay_out()
        self._arrange()
        self.show_what_is_there(anew=True)

    def _lay_out(self) -> None:
        self._adds = QWidget()
        adds = QHBoxLayout(self._adds)
        adds.setContentsMargins(0, 0, 0, 0)
        adds.setSpacing(SPACE.UNIT)
        adds.addWidget(self.add_system)
        adds.addWidget(self.add_turns)
        adds.addStretch(1)
        self._answer = QWidget()
        answer = QVBoxLayout(self._answer)
        answer.setContentsMargins(0, 0, 0, 0)
        answer.setSpacing(SPACE.UNIT)
        answer.addWidget(self.texts["output"], 1)
        inside = QWidget()
        inside.setProperty("kind", "scrolled")
        self._left = QVBoxLayout(inside)
        self._left.setSpacing(SPACE.FIELD)
        for widget in (self._adds, self.texts["system"], self.turns, self.texts["instruction"], self.texts["input"]):
            self._left.addWidget(widget)
        self._left.addWidget(self.details)
        self._left.addStretch(0)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(inside)
        self._scroll.verticalScrollBar().rangeChanged.connect(lambda _low, high: self._leave_gutter(high))
        self._leave_gutter(0)
        self._columns = QHBoxLayout(self)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(SPACE.HALF)
        self._columns.addWidget(self._scroll, 1)

    def _leave_gutter(self, scrolls: int) -> None:
        self._left.setContentsMargins(0, 0, 0 if scrolls else GUTTER, 0)

    # --- Layout -----------------------------------------------------------------------------------------------------

    @property
    def side_by_side(self) -> bool:
        """Whether the output is wanted beside the rest; it is shown so where there is room."""
        return self._side_by_side

    def set_side_by_side(self, wanted: bool) -> None:
        """Want the output beside the rest, or under it."""
        self._side_by_side = wanted
        self._arrange()

    def place_under_output(self, widget: QWidget) -> None:
        """Give a widget the place directly under the output."""
        self._answer.layout().addWidget(widget)

    def _arrange(self) -> None:
        beside = self._side_by_side and self._roomy
        focused = self.focusWidget()
        writing = focused is not None and focused.hasFocus()
        self._left.removeWidget(self._answer)
        self._columns.removeWidget(self._answer)
        self.texts["output"].editor.set_lines(4, 6 if beside else 24)  # beside, it takes all the height there is
        self._answer.setContentsMargins(0, 0, GUTTER if beside else 0, 0)
        if beside:
            self._columns.addWidget(self._answer, 1)
        else:
            self._left.insertWidget(self._left.indexOf(self.details), self._answer, 1)
        self._left.setStretch(self._left.count() - 1, int(beside))
        QWidget.setTabOrder(self.texts["input"].editor, self.texts["output"].editor)
        self._answer.show()
        if focused is not None and writing:
            focused.setFocus()  # moving to another parent took it away

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See whether two columns fit."""
        super().resizeEvent(event)
        roomy = self.width() >= WIDE_ENOUGH
        if roomy != self._roomy:
            self._roomy = roomy
            if self._side_by_side:
                self._arrange()
            self.roomy.emit(roomy)

    # --- What is there ----------------------------------------------------------------------------------------------

    def show_what_is_there(self, *, anew: bool) -> None:
        """Show the system prompt and the earlier turns where there are any, else a button to add them.

        Args:
            anew: another example is shown; an empty system prompt that was open closes.
        """
        written = bool(self.texts["system"].editor.text())
        self._system_open = written or (self._system_open and not anew)
        self.texts["system"].setVisible(self._system_open)
        self.add_system.setVisible(not self._system_open)
        self.add_turns.setVisible(not self.turns.turns())
        self._adds.setVisible(not self._read_only and (not self._system_open or not self.turns.turns()))

    def open_system(self) -> None:
        """Show the system prompt, with the cursor in it."""
        self._system_open = True
        self.show_what_is_there(anew=False)
        self.texts["system"].editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_read_only(self, read_only: bool) -> None:
        """Look, don't touch."""
        self._read_only = read_only
        for field in self.texts.values():
            field.editor.setReadOnly(read_only)
        self.turns.set_read_only(read_only)
        self.details.set_read_only(read_only)
        self.show_what_is_there(anew=False)

    def searched(self) -> list[Searched]:
        """All texts in reading order, folded ones too."""
        names = ("system", "instruction", "input", "output", "note", "rejected")
        editors = {name: self.texts[name].editor for name in names}
        found = [Searched(editor.text(), editor) for editor in editors.values()]
        return [found[0], *self.turns.searched(), *found[1:]]

    def bring_into_sight(self, editor: PlainEditor) -> None:
        """Unfold and scroll so that the cursor of ``editor`` is in sight."""
        if editor in (self.texts["note"].editor, self.texts["rejected"].editor):
            self.details.set_open(True)
        elif self.turns.isAncestorOf(editor):
            self.turns.set_open(True)
        self._left.activate()
        editor.ensureCursorVisible()
        spot: QRect = editor.cursorRect()
        if self._scroll.isAncestorOf(editor):
            place = editor.viewport().mapTo(self._scroll.widget(), spot.center())
            self._scroll.ensureVisible(place.x(), place.y(), 0, spot.height() + SPACE.PAGE)

    def bring_widget_into_sight(self, widget: QWidget) -> None:
        """Scroll so that a widget among the texts can be seen, as soon as it has got its place and size."""

        def scroll() -> None:
            if self._scroll.isAncestorOf(widget):
                self._left.activate()
                self._scroll.ensureWidgetVisible(widget, 0, SPACE.UNIT)
                if widget.height() > self._scroll.viewport().height():  # its end is where its buttons are
                    end = widget.mapTo(self._scroll.widget(), widget.rect().bottomLeft())
                    self._scroll.ensureVisible(end.x(), end.y(), 0, SPACE.UNIT)

        QTimer.singleShot(0, widget, scroll)

    def scroll_to_top(self) -> None:
        """Show the beginning."""
        self._scroll.verticalScrollBar().setValue(0)


def _add_button(words: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("kind", "add")
    button.setIcon(theme.icon("add", "secondary"))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(16, 16))
    button.setText(words)
    button.setToolTip(tip)
    button.setAccessibleName(f"Add {words.lower()}")
    return button
