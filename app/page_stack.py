"""The pages one behind the other: each is made once, at its first visit or before, while nothing is asked for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget
from shiboken6 import isValid

from app import stations
from app.importing import import_soon
from app.pages.page import Page
from app.session import Session
from app.stations import Station


class PageStack(QStackedWidget):
    """``pages`` are those that were made, by the id of their station."""

    made = Signal(object)
    """(Page): a page was made; the window joins its signals."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.pages: dict[str, Page] = {}

    def page_of(self, station: Station) -> Page:
        """The page of a station, ready to be shown."""
        page = self._page(station)
        self._put(page)
        return page

    def load(self) -> None:
        """Make the other pages one after the other, so that a first visit is quick.

        Their modules are imported in the background. Making a page and giving it its looks are separate turns of the
        event loop, so that nothing the user does meanwhile waits for both.
        """
        waiting = list(stations.STATIONS)

        def load_next() -> None:
            if waiting:
                import_soon(waiting[0].module, done=lambda _: soon(make))

        def make() -> None:
            page = self._page(waiting.pop(0))
            soon(lambda: put(page))

        def put(page: Page) -> None:
            self._put(page)
            soon(load_next)

        def soon(act: Callable[[], None]) -> None:
            if isValid(self):  # the window may have gone while a module was imported
                QTimer.singleShot(0, self, act)

        load_next()

    def _page(self, station: Station) -> Page:
        page = self.pages.get(station.id)
        if page is None:
            page = self.pages[station.id] = station.page_class()(self._session)
            self.made.emit(page)
        return page

    def _put(self, page: Page) -> None:
        if self.indexOf(page) < 0:
            self.addWidget(page)
