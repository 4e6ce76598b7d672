"""How answers are drawn: the presets in a row, and every setting one click behind."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.theme import SPACE
from app.widgets.integer_field import IntegerField
from app.widgets.number_field import NumberField
from app.widgets.segments import Segments
from core.errors import UserError
from core.generation.sampling import EXACT, PRESETS, Sampling, preset_of, with_preset

_MOST_TOKENS, _LARGEST_SEED = 8192, 2**31 - 1
_MOST_TOP_K = 1000
_WIDTH = 92
_STEPS: dict[str, tuple[float, float, float]] = {  # least, most, step
    "temperature": (0, 2, 0.1),
    "top_p": (0.01, 1, 0.05),
    "min_p": (0, 1, 0.01),
    "repetition_penalty": (0.5, 2, 0.05),
}
_WHOLE: dict[str, tuple[int, int, int]] = {
    "max_new_tokens": (1, _MOST_TOKENS, 32),
    "top_k": (0, _MOST_TOP_K, 10),
    "seed": (0, _LARGEST_SEED, 1),
}
_ORDER = ("max_new_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed")


class SamplingPresets(Segments):
    """Exact, Balanced, Lively; none is chosen while the settings are others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__({key: title for key, (title, _, _) in PRESETS.items()}, "How answers are drawn", parent)
        for key, (_, words, _) in PRESETS.items():
            self.button(key).setToolTip(words)


class SamplingFields(QWidget):
    """All settings of an answer, with their words from the schema."""

    changed = Signal(object)
    """(Sampling): the user set this."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sampling = EXACT
        self.fields: dict[str, NumberField | IntegerField] = {}
        self.stop = QLineEdit()
        self.stop.setPlaceholderText("Separated by commas; \\n is a new line")
        self._problem = QLabel()
        self._problem.setProperty("kind", "problem")
        self._problem.hide()
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE.FIELD)
        grid.setVerticalSpacing(SPACE.LABEL)
        for place, name in enumerate(_ORDER):
            self._add(grid, place, name, self._field(name))
        self._add(grid, len(_ORDER), "stop", self.stop)
        grid.setColumnStretch(len(_ORDER), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.LABEL)
        layout.addLayout(grid)
        layout.addWidget(self._problem)
        self.stop.editingFinished.connect(lambda: self._on_value("stop", parse_stops(self.stop.text())))
        self.show_sampling(EXACT)

    def _field(self, name: str) -> QWidget:
        title = Sampling.model_fields[name].title or name
        field: NumberField | IntegerField
        if name in _WHOLE:
            least, most, step = _WHOLE[name]
            field = IntegerField(title, minimum=least, maximum=most, step=step)
        else:
            lowest, highest, by = _STEPS[name]
            field = NumberField(title, minimum=lowest, maximum=highest, step=by)
        field.setFixedWidth(_WIDTH)
        field.value_changed.connect(lambda value: self._on_value(name, value))
        self.fields[name] = field
        return field

    def _add(self, grid: QGridLayout, place: int, name: str, field: QWidget) -> None:
        info = Sampling.model_fields[name]
        label = QLabel(info.title or name)
        label.setProperty("kind", "secondary")
        label.setBuddy(field)
        label.setToolTip(info.description or "")
        field.setToolTip(info.description or "")
        field.setAccessibleName(info.title or name)
        grid.addWidget(label, 0, place, Qt.AlignmentFlag.AlignBottom)
        grid.addWidget(field, 1, place)

    @property
    def sampling(self) -> Sampling:
        """What is set."""
        return self._sampling

    def show_sampling(self, sampling: Sampling) -> None:
        """Show settings without a signal."""
        self._sampling = sampling
        for name, field in self.fields.items():
            field.set_value(getattr(sampling, name))
        with QSignalBlocker(self.stop):
            self.stop.setText(written_stops(sampling.stop))
        self._problem.hide()

    def confirm(self) -> None:
        """Take what is still being typed."""
        for name, field in self.fields.items():
            field.confirm()
            value = field.value() if isinstance(field, IntegerField) else field.value
            self._on_value(name, value)
        self._on_value("stop", parse_stops(self.stop.text()))

    def use_preset(self, key: str) -> None:
        """Draw as a preset says; length, seed and stop words stay."""
        self._take(with_preset(key, self._sampling))
        self.show_sampling(self._sampling)

    @property
    def preset(self) -> str:
        """The preset that draws like this; "" for none."""
        return preset_of(self._sampling)

    def _on_value(self, name: str, value: Any) -> None:
        if value == getattr(self._sampling, name):
            return
        try:
            self._take(self._sampling.with_(**{name: value}))
            self._problem.hide()
        except UserError as error:
            self._problem.setText(f"{error.title} {error.reason}")
            self._problem.show()

    def _take(self, sampling: Sampling) -> None:
        if sampling != self._sampling:
            self._sampling = sampling
            self.changed.emit(sampling)


def parse_stops(text: str) -> tuple[str, ...]:
    """Stop words as they are typed: separated by commas, a backslash and an n for a new line."""
    return tuple(word for part in text.split(",") if (word := part.strip().replace("\\n", "\n")))


def written_stops(stop: tuple[str, ...]) -> str:
    """Stop words as they are typed."""
    return ", ".join(word.replace("\n", "\\n") for word in stop)
