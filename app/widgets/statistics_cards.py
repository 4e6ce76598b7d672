"""The charts of the statistics: lengths, supervised share, status, split, tags and sources. Each bar can be clicked."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app import statistics_words
from app.statistics_charts import Charts
from app.theme import SPACE
from app.widgets.bar_list import BarList
from app.widgets.card import Card
from app.widgets.histogram import Histogram

_PLACES = {  # row, column, columns of six
    "whole": (0, 0, 4),
    "share": (0, 4, 2),
    "instruction": (1, 0, 2),
    "input": (1, 2, 2),
    "output": (1, 4, 2),
    "system": (2, 0, 3),
    "history": (2, 3, 3),
}
_OPTIONAL = ("system", "history")
_LISTS = {"status": "Status", "split": "Split", "tags": "Tags", "sources": "Sources"}


class StatisticsCards(QWidget):
    """It is told everything; it knows no session."""

    show_wanted = Signal(object, str)
    """(ids, words): show these examples in the table, and what they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "scrolled")
        self._charts: Charts | None = None
        self.cards: dict[str, Card] = {}
        self.histograms: dict[str, Histogram] = {}
        self.lists: dict[str, BarList] = {}
        self._remarks: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE.GAP)
        for column in range(6):
            self._grid.setColumnStretch(column, 1)
            self._grid.setColumnMinimumWidth(column, 80)
        for key, title in _LISTS.items():
            self._add_list(key, title)
        self._place_lists()
        self._waiting = [*statistics_words.FIELDS, "share"]
        self._make_next()

    @property
    def busy(self) -> bool:
        """Whether charts are still being made."""
        return bool(self._waiting)

    def _make_next(self) -> None:
        """Make one chart a turn of the event loop: each takes a moment, and nothing else should wait for all."""
        key = self._waiting.pop(0)
        if key == "share":
            name = "Supervised share: how much of each example is learnt"
            self._add_histogram(key, "Supervised share", "Per cent of an example's tokens", name)
        else:
            title = statistics_words.FIELDS[key]
            self._add_histogram(key, title, "Tokens", f"{title}: how many examples have how many tokens")
        if self._waiting:
            QTimer.singleShot(0, self, self._make_next)

    def _add_histogram(self, key: str, title: str, unit: str, name: str) -> None:
        card = self.cards[key] = Card(title)
        chart = self.histograms[key] = Histogram(name, unit)
        chart.chosen.connect(lambda index: self._choose(key, index))
        card.body.addWidget(chart)
        row, column, width = _PLACES[key]
        self._grid.addWidget(card, row, column, 1, width)
        card.hide()
        if self._charts is not None:
            self._show_histogram(key, self._charts)
            self._widen_single()

    def _add_list(self, key: str, title: str) -> None:
        card = self.cards[key] = Card(title)
        rows = self.lists[key] = BarList(title)
        rows.chosen.connect(lambda index: self._choose(key, index))
        remark = self._remarks[key] = QLabel()
        remark.setProperty("kind", "secondary")
        remark.setTextFormat(Qt.TextFormat.PlainText)
        remark.setWordWrap(True)
        card.body.addWidget(rows)
        card.body.addWidget(remark)
        card.body.addStretch(1)

    def _place_lists(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(SPACE.GAP)
        left.addWidget(self.cards["status"])
        left.addWidget(self.cards["split"], 1)
        self._grid.addLayout(left, 3, 0, 1, 2)
        self._grid.addWidget(self.cards["tags"], 3, 2, 1, 2)
        self._grid.addWidget(self.cards["sources"], 3, 4, 1, 2)
        self._grid.setRowStretch(4, 1)

    def show_charts(self, charts: Charts) -> None:
        """Show these."""
        self._charts = charts
        for key in self.histograms:
            self._show_histogram(key, charts)
        self._widen_single()
        for key, rows in self.lists.items():
            found = charts.lists[key]
            rows.show_shares(found.shares)
            self._remarks[key].setText(found.remark)
            self._remarks[key].setVisible(bool(found.remark))

    def _show_histogram(self, key: str, charts: Charts) -> None:
        data = charts.histograms.get(key)
        self.cards[key].setVisible(data is not None and (key not in _OPTIONAL or bool(data.columns)))
        if data is not None:
            self.histograms[key].show_columns(data.columns, summary=data.summary, limit=data.limit)

    def _widen_single(self) -> None:
        """Of the two that are rarely there, one alone takes the whole row."""
        there = [key for key in _OPTIONAL if key in self.cards and not self.cards[key].isHidden()]
        for key in there:
            row, column, width = _PLACES[key] if len(there) > 1 else (_PLACES[key][0], 0, 6)
            self._grid.addWidget(self.cards[key], row, column, 1, width)

    def _choose(self, key: str, index: int) -> None:
        if self._charts is not None:
            ids, words = self._charts.examples(key, index)
            if ids:
                self.show_wanted.emit(ids, words)
