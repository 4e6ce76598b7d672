"""A field for a number of any size, such as 0.0002: plain or scientific, with arrow keys that step sensibly."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.theme import set_look


class NumberField(QLineEdit):
    """Takes ``0.05``, ``0,05`` and ``2e-4``; what cannot be used is marked and not taken.

    Up and Down go along 1, 2, 5, 10 for small bounds such as learning rates, by ``step`` otherwise.
    """

    value_changed = Signal(float)
    """A usable value was confirmed with Enter, by leaving the field, or by an arrow key."""
    problem_changed = Signal(str)
    """Why what is typed cannot be used; empty when it can."""
    put_back = Signal(str, str)
    """(what was typed, why it cannot be used): the field was left, and the last usable value is back."""

    def __init__(
        self,
        name: str,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        step: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._minimum = -math.inf if minimum is None else minimum
        self._maximum = math.inf if maximum is None else maximum
        self._step = step
        self._value = 0.0
        self._problem = ""
        self.textEdited.connect(self._check)
        self.editingFinished.connect(self.confirm)

    @property
    def value(self) -> float:
        """The last usable value."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show a value; what is being typed is left alone when it means the same."""
        self._value = value
        if not (self.hasFocus() and parse(self.text()) == value):
            self.setText(written(value))
        self._tell("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrow keys, leave with Escape as it was."""
        direction = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if direction is not None:
            self._take(self._stepped(direction))
            self.setText(written(self._value))
        elif event.key() == Qt.Key.Key_Escape and self.text() != written(self._value):
            self.setText(written(self._value))
            self._tell("")
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Put back the last usable value where something else was left."""
        super().focusOutEvent(event)
        if self._problem:
            typed, why = self.text(), self._problem
            self.setText(written(self._value))
            self._tell("")
            self.put_back.emit(typed, why)

    def _check(self, text: str) -> None:
        value = parse(text)
        self._tell(self._why_not(value))

    def confirm(self) -> None:
        """Take what is typed now, as Enter does, if it can be used."""
        if self.text() == written(self._value):
            return  # what was shown may have had more digits
        value = parse(self.text())
        if value is not None and not self._why_not(value):
            self._take(value)

    def _take(self, value: float) -> None:
        if value != self._value:
            self._value = value
            self.value_changed.emit(value)
        self._tell("")

    def _why_not(self, value: float | None) -> str:
        if value is None:
            return "This is not a number."
        if not self._minimum <= value <= self._maximum:
            low, high = written(self._minimum), written(self._maximum)
            if math.isinf(self._maximum):
                return f"At least {low}."
            return f"Between {low} and {high}."
        return ""

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            set_look(self, wrong=bool(problem))
            self.problem_changed.emit(problem)

    def _stepped(self, direction: int) -> float:
        if self._step is not None:
            value = round((self._value + direction * self._step) / self._step) * self._step
        else:
            value = ladder(self._value, direction)
        return float(f"{min(max(value, self._minimum), self._maximum):.6g}")


def parse(text: str) -> float | None:
    """The number of a text, with a point or a comma; None when it is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def written(value: float) -> str:
    """A number as short as it can be: 0.0002, 3, 2e-5."""
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        return f"{value:.10f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    return f"{value:.10g}".replace("e-0", "e-").replace("e+0", "e")


def ladder(value: float, direction: int) -> float:
    """The next number on the ladder … 1, 2, 5, 10, 20 … above or below."""
    if value <= 0:
        return 1e-6 if direction > 0 else value
    exponent = math.floor(math.log10(value) + 1e-9)
    rungs = [step * 10.0 ** (exponent + shift) for shift in (-1, 0, 1) for step in (1, 2, 5)]
    if direction > 0:
        return next(rung for rung in rungs if rung > value * (1 + 1e-9))
    return next(rung for rung in reversed(rungs) if rung < value * (1 - 1e-9))
