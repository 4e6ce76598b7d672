"""The charts of the statistics: lengths, supervised share, status, split, tags and sources. Each bar can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from app import format, statistics_words
from app.theme import SPACE
from app.widgets.bar_list import BarList, Share
from app.widgets.card import Card
from app.widgets.histogram import Histogram
from core.dataset.bars import Bar, bars, share_bars, shares
from core.dataset.example import Status
from core.dataset.statistics import Statistics

_IN = {
    "whole": "",
    "instruction": " in the instruction",
    "input": " in the input",
    "output": " in the output",
    "system": " in the system prompt",
    "history": " in earlier turns",
}
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
_STATUS = {Status.READY: "Ready", Status.DRAFT: "Draft", Status.EXCLUDED: "Excluded"}
Shown = tuple[NDArray[Any], str]  # where in the statistics, and what to call it


class StatisticsCards(QWidget):
    """Shows statistics; knows no session."""

    show_wanted = Signal(object, str)
    """(ids, words): show these examples in the table, and what they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "scrolled")
        self._statistics: Statistics | None = None
        self._scope = np.zeros(0, dtype=np.bool_)
        self._shown: dict[str, list[Callable[[], Shown]]] = {}
        self.histograms: dict[str, Histogram] = {}
        self.lists: dict[str, BarList] = {}
        self._cards: dict[str, Card] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE.GAP)
        for column in range(6):
            self._grid.setColumnStretch(column, 1)
            self._grid.setColumnMinimumWidth(column, 80)
        for field, title in statistics_words.FIELDS.items():
            self._add_histogram(field, title, "Tokens")
        self._add_histogram("share", "Supervised share", "Per cent of an example's tokens")
        self._add_lists()
        self._grid.setRowStretch(4, 1)

    def _add_histogram(self, key: str, title: str, unit: str) -> None:
        card = self._cards[key] = Card(title)
        chart = self.histograms[key] = Histogram(f"{title}: how many examples have how many tokens", unit)
        if key == "share":
            chart.setAccessibleName("Supervised share: how much of each example is learnt")
        chart.chosen.connect(lambda index: self._choose(key, index))
        card.body.addWidget(chart)
        row, column, width = _PLACES[key]
        self._grid.addWidget(card, row, column, 1, width)

    def _add_lists(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(SPACE.GAP)
        for key, title in (("status", "Status"), ("split", "Split"), ("tags", "Tags"), ("sources", "Sources")):
            card = self._cards[key] = Card(title)
            rows = self.lists[key] = BarList(title)
            rows.chosen.connect(lambda index, key=key: self._choose(key, index))
            card.body.addWidget(rows)
            if key in ("status", "split"):
                left.addWidget(card)
        left.addStretch(1)
        self._grid.addLayout(left, 3, 0, 1, 2)
        for key, column in (("tags", 2), ("sources", 4)):
            self._grid.addWidget(self._cards[key], 3, column, 1, 2)
        self._remarks = {key: _remark(self._cards[key]) for key in ("split", "tags")}

    def show_statistics(self, statistics: Statistics, *, ready: bool, longest: int) -> None:
        """Show examples in numbers.

        Args:
            statistics: of all of them.
            ready: leave out those that are not ready for training.
            longest: tokens that an example may have.
        """
        self._statistics = statistics
        self._shown = {}
        everything = np.ones(len(statistics), dtype=np.bool_)
        self._scope = statistics.is_shown(Status.READY) if ready else everything
        counted = statistics.lengths is not None
        for key in self.histograms:
            self._cards[key].setVisible(counted)
        if counted:
            for field in statistics_words.FIELDS:
                self._show_field(field, longest if field == "whole" else None)
            self._show_shares()
            self._widen_single()
        self._show_status()
        self._show_split()
        self._show_groups("tags", statistics.facts.tags, "tagged")
        self._show_groups("sources", statistics.facts.sources, "from")
        self._remarks["tags"].setText("" if statistics.facts.tags else "No example has a tag yet.")
        self._remarks["tags"].setVisible(not statistics.facts.tags)

    # --- Histograms -------------------------------------------------------------------------------------------------

    def _show_field(self, field: str, longest: int | None) -> None:
        statistics = self._of()
        values = statistics.column(field)
        there = self._scope & (values > 0)
        found = bars(values[there], keep=longest or 0)
        chart = self.histograms[field]
        of = 0 if field == "whole" else int(self._scope.sum())
        summary = statistics_words.spread(values[there], of=of) or "No example has one."
        if field in _OPTIONAL:
            self._cards[field].setVisible(bool(found))
        limit = None if longest is None else (longest + 1, f"Maximum length {format.count(longest)}")
        chart.show_columns(statistics_words.columns(found, unit="tokens", limit=longest), summary=summary, limit=limit)
        self._shown[field] = [self._in_bar(bar, values, there, _IN[field]) for bar in found]

    def _widen_single(self) -> None:
        """Of the two that are rarely there, one alone takes the whole row."""
        there = [key for key in _OPTIONAL if not self._cards[key].isHidden()]
        for key in there:
            row, column, width = _PLACES[key] if len(there) > 1 else (_PLACES[key][0], 0, 6)
            self._grid.addWidget(self._cards[key], row, column, 1, width)

    def _show_shares(self) -> None:
        statistics = self._of()
        whole = statistics.column("whole")
        there = self._scope & (whole > 0)
        percents = shares(statistics.column("supervised"), whole)
        found = share_bars(percents[there])
        summary = f"Half have up to {int(np.median(percents[there]))} %. Only answers are learnt." if len(found) else ""
        self.histograms["share"].show_columns(statistics_words.columns(found, unit="%"), summary=summary)
        self._shown["share"] = [self._in_bar(bar, percents, there, " supervised", "%") for bar in found]

    def _in_bar(
        self, bar: Bar, values: NDArray[np.int64], there: NDArray[np.bool_], place: str, unit: str = "tokens"
    ) -> Callable[[], Shown]:
        return lambda: (there & bar.holds(values), f"with {statistics_words.span(bar, unit)}{place}")

    # --- Lists ------------------------------------------------------------------------------------------------------

    def _show_status(self) -> None:
        statistics = self._of()
        masks = {status: statistics.is_shown(status) for status in _STATUS}
        total = len(statistics)
        self.lists["status"].show_shares(
            [Share(_STATUS[status], int(mask.sum()), total) for status, mask in masks.items()]
        )
        words = {Status.READY: "ready", Status.DRAFT: "draft", Status.EXCLUDED: "excluded"}
        self._shown["status"] = [_fixed(mask, f"marked {words[status]}") for status, mask in masks.items()]

    def _show_split(self) -> None:
        statistics = self._of()
        ready = statistics.is_shown(Status.READY)
        heldout = statistics.facts.heldout & ready
        masks = {"Training": ready & ~heldout, "Held-out": heldout}
        total = int(ready.sum())
        self.lists["split"].show_shares([Share(name, int(mask.sum()), total) for name, mask in masks.items()])
        self._shown["split"] = [
            _fixed(masks["Training"], "in training"),
            _fixed(masks["Held-out"], "held out of training"),
        ]
        rest = len(statistics) - total
        words = f"{format.plural(rest, 'example')} not ready: on neither side."
        self._remarks["split"].setText(words)
        self._remarks["split"].setVisible(rest > 0)

    def _show_groups(self, key: str, groups: dict[str, NDArray[np.int64]], words: str) -> None:
        total = int(self._scope.sum())
        inside = {name: places[self._scope[places]] for name, places in groups.items()}
        found = sorted(((name, places) for name, places in inside.items() if len(places)), key=_most_first)
        self.lists[key].show_shares([Share(name, len(places), total) for name, places in found])
        self._shown[key] = [_fixed(places, f"{words} {name}") for name, places in found]

    # --- Choosing ---------------------------------------------------------------------------------------------------

    def _choose(self, key: str, index: int) -> None:
        where, words = self._shown[key][index]()
        ids = self._of().ids(where)
        if ids:
            self.show_wanted.emit(ids, f"{format.count(len(ids))} {words}")

    def _of(self) -> Statistics:
        assert self._statistics is not None
        return self._statistics


def _fixed(where: NDArray[Any], words: str) -> Callable[[], Shown]:
    return lambda: (where, words)


def _most_first(group: tuple[str, Sequence[int] | NDArray[np.int64]]) -> tuple[int, str]:
    return -len(group[1]), group[0].casefold()


def _remark(card: Card) -> QLabel:
    label = QLabel()
    label.setProperty("kind", "secondary")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.hide()
    card.body.addWidget(label)
    return label
