"""The views of the Examples page in a row: write, look for what is wrong, see them in numbers, keep versions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.session import Session
from app.theme import SPACE
from app.widgets.segments import Segments

if TYPE_CHECKING:
    from app.pages.quality_view import QualityView
    from app.pages.statistics_view import StatisticsView

WRITE, QUALITY, STATISTICS, VERSIONS = "write", "quality", "statistics", "versions"
NAMES = {WRITE: "Write", QUALITY: "Quality", STATISTICS: "Statistics", VERSIONS: "Versions"}


class ExampleViews(QWidget):
    """The first view is given; the others are made when they are first shown.

    Signals:
        shown(str): another view is in sight, by its id.
        show_wanted(ids, words): a view wants these examples shown in the table.
        counted(int): so many examples need a look.
    """

    shown = Signal(str)
    show_wanted = Signal(object, str)
    counted = Signal(int)

    def __init__(self, session: Session, write: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._made: dict[str, QWidget] = {WRITE: write}
        self.choice = Segments(NAMES, "View")
        self.choice.chosen.connect(self.show_view)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choice)
        row.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.addWidget(write)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.FIELD)
        column.addWidget(self._row)
        column.addWidget(self._stack, 1)

    @property
    def current(self) -> str:
        """The id of the view in sight."""
        return self.choice.value

    def set_choice_visible(self, visible: bool) -> None:
        """Offer the other views; where there is nothing to look at they are only in the way."""
        self._row.setVisible(visible)
        if not visible:
            self.show_view(WRITE)

    def show_view(self, id: str) -> None:
        """Bring a view into sight."""
        view = self.view(id)
        self.choice.set_value(id)
        if self._stack.currentWidget() is not view:
            self._stack.setCurrentWidget(view)
            self.shown.emit(id)

    def view(self, id: str) -> QWidget:
        """The view of an id, made if need be."""
        if id not in self._made:
            self._made[id] = view = self._make(id)
            self._stack.addWidget(view)
        return self._made[id]

    @property
    def quality(self) -> QualityView | None:
        """The view of what was found, once it was shown."""
        found: Any = self._made.get(QUALITY)
        return found

    @property
    def statistics(self) -> StatisticsView | None:
        """The view of the numbers, once it was shown."""
        found: Any = self._made.get(STATISTICS)
        return found

    def _make(self, id: str) -> QWidget:
        module = importlib.import_module(f"app.pages.{id}_view")
        view: Any = getattr(module, f"{NAMES[id]}View")(self._session)
        view.show_wanted.connect(self.show_wanted)
        if id in (QUALITY, STATISTICS):
            self._join_report(view, id)
        return view  # type: ignore[no-any-return]

    def _join_report(self, view: Any, id: str) -> None:
        """What quality finds, the numbers' sentence of advice tells."""
        quality = view if id == QUALITY else self.quality
        numbers = view if id == STATISTICS else self.statistics
        if id == QUALITY:
            view.counted.connect(self.counted)
        if quality is not None and numbers is not None:
            quality.reported.connect(numbers.set_report)
            numbers.set_report(quality.report)
