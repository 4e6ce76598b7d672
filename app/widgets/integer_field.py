"""A field for a whole number; the wheel scrolls the page, not the number."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from app import format
from app.theme import CONTROL_HEIGHT, set_look

_INSET = 10  # a styled spin box puts its text at the very edge


class IntegerField(QSpinBox):
    """A number is taken with Enter, on leaving the field, or by a step.

    One out of bounds can be typed and is refused in words, instead of keys that do nothing.
    """

    value_changed = Signal(int)
    """The user confirmed another number."""
    problem_changed = Signal(str)
    """Why what is typed cannot be used; empty when it can."""
    put_back = Signal(str, str)
    """(what was typed, why it cannot be used): the last usable number is back."""

    def __init__(self, name: str, *, minimum: int, maximum: int, step: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problem = ""
        self._refused: tuple[str, str] | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(True)
        self.lineEdit().setTextMargins(_INSET, 0, 0, 0)
        self.setMaximumHeight(CONTROL_HEIGHT)  # the margins must not make it higher than its neighbours
        self.lineEdit().textChanged.connect(self._check)
        self.editingFinished.connect(self._on_finished)
        self.valueChanged.connect(self._check_shown)
        self.valueChanged.connect(self.value_changed)

    def set_value(self, value: int) -> None:
        """Show a number without a signal; what is being typed is left alone when it means the same."""
        if value != self.value():
            with QSignalBlocker(self):
                self.setValue(value)
            self._check_shown()

    def confirm(self) -> None:
        """Take what is typed now, as Enter does."""
        self.interpretText()
        self._on_finished()

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        """Any digits may be typed; those out of bounds are no value yet."""
        number = self._number(text)
        if number is None:
            state = QValidator.State.Intermediate if not text.strip() else QValidator.State.Invalid
        else:
            within = self.minimum() <= number <= self.maximum()
            state = QValidator.State.Acceptable if within else QValidator.State.Intermediate
        return state, text, place

    def fixup(self, text: str) -> str:
        """Qt is about to put the last usable number back without a word: remember what was there, and why it goes."""
        if self._problem:
            self._refused = (text, self._problem)
        return super().fixup(text)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def _number(self, text: str) -> int | None:
        digits = text.strip().replace(self.locale().groupSeparator(), "")
        return int(digits) if digits.isascii() and digits.isdigit() else None

    def _on_finished(self) -> None:
        self._check_shown()
        refused, self._refused = self._refused, None
        if refused is not None:
            self.put_back.emit(*refused)

    def _check_shown(self) -> None:
        self._check(self.lineEdit().text())

    def _check(self, text: str) -> None:
        number = self._number(text)
        problem = ""
        if number is not None and not self.minimum() <= number <= self.maximum():
            problem = f"Between {format.count(self.minimum())} and {format.count(self.maximum())}."
        if problem != self._problem:
            self._problem = problem
            set_look(self, wrong=bool(problem))
            self.problem_changed.emit(problem)
