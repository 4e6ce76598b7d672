"""The controls of a run's chart: which metric over what, smoothing, scale, the way back from a zoom, saving."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from app import format as words
from app import theme
from app.theme import CONTROL_HEIGHT, SPACE
from app.widgets.menu_button import add_menu
from app.widgets.metrics import LOSS, METRICS, OVER_WORDS, Over

_WEIGHT_STEPS = 100
_LOG, _LOG_SHORT = "Log scale", "Log"
_NARROWEST = 128  # pixels of the choice of a metric, in a small window
_FIT_TIP = (
    "Show the whole run (double click, or 0).\nTo zoom in, draw a box or turn the wheel; hold Shift to move along."
)


class MetricChoice(QWidget):
    """What the chart shows, as its heading."""

    metric_chosen = Signal(str)
    over_chosen = Signal(object)
    """(Over)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.offered: set[str] = set()
        self.what = _ElidedChoice()
        self.what.setProperty("kind", "heading")
        self.what.setAccessibleName("What the chart shows")
        self.what.activated.connect(lambda index: self.metric_chosen.emit(self.what.itemData(index)))
        self.over = QComboBox()
        self.over.setAccessibleName("What the bottom axis counts")
        for kind, text in OVER_WORDS.items():
            self.over.addItem(text, kind)
        self.over.activated.connect(lambda index: self.over_chosen.emit(Over(self.over.itemData(index))))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.UNIT)
        self.what.setMinimumWidth(_NARROWEST)
        layout.addWidget(self.what, 1)
        layout.addWidget(self.over)
        self.offer({LOSS.key})

    @property
    def over_words(self) -> str:
        """What the bottom axis counts, in words."""
        return self.over.currentText()

    def offer(self, keys: set[str]) -> None:
        """Let the user choose among these metrics."""
        if keys == self.offered:
            return
        self.offered = set(keys)
        chosen = self.what.currentData()
        with QSignalBlocker(self.what):
            self.what.clear()
            for key, metric in METRICS.items():
                if key in keys:
                    self.what.addItem(metric.title, key)
                    self.what.setItemData(self.what.count() - 1, metric.tip, Qt.ItemDataRole.ToolTipRole)
            self.what.setCurrentIndex(max(0, self.what.findData(chosen)))
        self.what.view().setMinimumWidth(self.what.view().sizeHintForColumn(0) + 2 * SPACE.FIELD)

    def show_choice(self, key: str, over: Over) -> None:
        """Show what was chosen."""
        with QSignalBlocker(self.what), QSignalBlocker(self.over):
            self.what.setCurrentIndex(self.what.findData(key))
            self.over.setCurrentIndex(self.over.findData(over))
        self.what.setToolTip(METRICS[key].tip)


class ChartTools(QWidget):
    """A row of small controls."""

    weight_changed = Signal(float)
    image_wanted = Signal()
    table_wanted = Signal()

    def __init__(self, weight: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._smooth, self._compact = True, False
        self._label = QLabel("Smoothing")
        self._label.setProperty("kind", "secondary")
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, _WEIGHT_STEPS - 1)
        self.smoothing.setPageStep(10)
        self.smoothing.setFixedWidth(72)
        self.smoothing.setAccessibleName("Smoothing")
        self.set_weight(weight)
        self.smoothing.valueChanged.connect(lambda value: self.weight_changed.emit(value / _WEIGHT_STEPS))
        self.log = QCheckBox(_LOG)
        self.log.setAccessibleName(_LOG)
        self.log.setToolTip("Draws values on a logarithmic axis")
        self.fit = _tool("fit", "Show the whole run")
        self.fit.setToolTip(_FIT_TIP)
        self.fit.setEnabled(False)
        self.save = _tool("export", "Save the chart")
        menu = QMenu(self.save)
        menu.addAction("Save as picture (PNG)…", self.image_wanted.emit)
        menu.addAction("Save the numbers (CSV)…", self.table_wanted.emit)
        add_menu(self.save, menu)
        self.save.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFixedHeight(CONTROL_HEIGHT)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.UNIT)
        widgets: list[Any] = [self._label, self.smoothing, self.log, self.fit, self.save]
        for widget in widgets:
            layout.addWidget(widget)

    def set_weight(self, weight: float) -> None:
        """Show how strongly the curves are smoothed."""
        with QSignalBlocker(self.smoothing):
            self.smoothing.setValue(round(weight * _WEIGHT_STEPS))
        self.smoothing.setToolTip(f"Smoothing {words.fixed(weight, 2)}")

    def set_smooth(self, smooth: bool) -> None:
        """Whether what is shown has a smoothed curve."""
        self._smooth = smooth
        self.smoothing.setVisible(smooth)
        self._label.setVisible(smooth and not self._compact)

    @property
    def spare(self) -> int:
        """How many pixels can be saved."""
        if self._compact:
            return 0
        usual, short = (self.log.fontMetrics().size(0, text).width() for text in (_LOG, _LOG_SHORT))
        shorter = usual - short
        return shorter + (self._label.sizeHint().width() + SPACE.UNIT if self._label.isVisibleTo(self) else 0)

    def set_compact(self, compact: bool) -> None:
        """Leave out what can be left out, where there is little room; the slider's tip says what it is."""
        self._compact = compact
        self._label.setVisible(self._smooth and not compact)
        self.log.setText(_LOG_SHORT if compact else _LOG)


class _ElidedChoice(QComboBox):
    """Shortens its words with an ellipsis where there is no room for them; the plain one cuts through a letter."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint what fits."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        complex_, parts = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl
        room = self.style().subControlRect(complex_, option, parts.SC_ComboBoxEditField, self)
        arrow = self.style().subControlRect(complex_, option, parts.SC_ComboBoxArrow, self)
        room.setRight(arrow.left() - 1)
        shown = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(theme.colour("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def _tool(icon: str, words_: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon, "secondary"))
    button.setToolTip(words_)
    button.setAccessibleName(words_)
    return button
