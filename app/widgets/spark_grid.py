"""The small charts of a run: every figure but the loss; those that a run does not measure are not there."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.theme import SPACE
from app.widgets.metrics import LOSS, METRICS
from app.widgets.sparkline import Sparkline
from core.runs.series import Series

_NARROWEST = 176  # pixels, for title and value
_PAINT_MS = 60  # while points arrive two are painted each time: never all at once, each some four times a second
_AT_ONCE = 2
_ALWAYS = ("learning_rate", "grad_norm", "tokens_per_second", "memory_bytes")


class SparkGrid(QWidget):
    """As many columns as there is room for."""

    chosen = Signal(str)
    """(key of a metric): it is wanted in the large chart; the loss when the one shown there is clicked again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sparks = {
            key: Sparkline(metric.title, metric.write, metric.tip) for key, metric in METRICS.items() if key != LOSS.key
        }
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE.UNIT)
        self._due: deque[Sparkline] = deque()
        self._paint = QTimer(self, interval=_PAINT_MS)
        self._paint.timeout.connect(self._paint_some)
        self._placed: tuple[int, tuple[str, ...]] = (0, ())
        for key, spark in self.sparks.items():
            spark.setParent(self)
            spark.clicked.connect(lambda key=key: self.chosen.emit(LOSS.key if self.sparks[key].chosen else key))
        self._place()

    def clear(self) -> None:
        """Forget the points."""
        for spark in self.sparks.values():
            spark.clear()
        self._show()

    def sync(self, series: Series, since: int = 0) -> None:
        """Take over the points of a run from step ``since`` on."""
        first = series.since(since)
        for key, spark in self.sparks.items():
            spark.extend(series.steps[first:], series.metrics[key][first:])
        if first == 0:
            self._show()
        elif not self._due:
            self._place()
            self._due.extend(spark for spark in self.sparks.values() if not spark.isHidden())
            self._paint.start()

    def set_chosen(self, key: str) -> None:
        """Show which figure the large chart shows."""
        for name, spark in self.sparks.items():
            spark.set_chosen(name == key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Have as many columns as there is room for."""
        super().resizeEvent(event)
        self._place()

    def _paint_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._due))):
            self._due.popleft().refresh()
        if not self._due:
            self._paint.stop()

    def _show(self) -> None:
        self._place()
        for spark in self.sparks.values():
            spark.refresh()

    def _place(self) -> None:
        keys = tuple(key for key, spark in self.sparks.items() if key in _ALWAYS or spark.has_values)
        columns = self._columns(len(keys))
        if (columns, keys) == self._placed:
            return
        self._placed = (columns, keys)
        for key, spark in self.sparks.items():
            self._grid.removeWidget(spark)
            spark.setVisible(key in keys)
        for number, key in enumerate(keys):
            self._grid.addWidget(self.sparks[key], number // columns, number % columns)
        for column in range(len(self.sparks)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def _columns(self, amount: int) -> int:
        """Rows of the same length where that can be."""
        most = max(1, (self.width() + SPACE.UNIT) // (_NARROWEST + SPACE.UNIT))
        rows = -(-amount // most)
        return -(-amount // rows)
