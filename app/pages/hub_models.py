"""Finding models on the hub: starting points that suit this machine, what a search found, and the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from app import format, hub_offers
from app.background_job import BackgroundJob
from app.hub_access import HubAccess
from app.hub_offers import Offer
from app.models_here import Here, named
from app.widgets.hub_card import HubCard
from app.widgets.hub_finder import HubFinder, is_id
from app.widgets.model_list import ModelRow
from core.base_models.hub.jobs import SearchJob
from core.base_models.hub.model import FoundModel, endpoint, page_of
from core.base_models.starting_points import for_memory, without_card
from core.errors import UserError


class HubModels(QObject):
    """Joins the finder and the card of the chosen model to the hub; it speaks with the hub only when asked to."""

    download_wanted = Signal(str)
    """(repo)"""
    show_wanted = Signal(str)
    """(base): one that is on this machine already."""
    failed = Signal(object)
    """(UserError)"""

    def __init__(self, access: HubAccess, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._access = access
        self._here: Here | None = None
        self._offers: list[Offer] = []
        self._found: list[FoundModel] = []
        self._text = ""  # that was searched for; empty while the starting points are shown
        self._busy = False
        self.finder, self.card = HubFinder(urlsplit(endpoint()).netloc), HubCard()
        self.card.hide()
        self.job = BackgroundJob(self)
        self.job.told.connect(self._found_one)
        self.job.ended.connect(self._show_found)
        self.job.failed.connect(self._on_failed)
        self.finder.searched.connect(self.search)
        self.finder.cleared.connect(self._show_points)
        self.finder.list.chosen.connect(lambda _key: self._show_card())
        self.finder.list.opened.connect(lambda _key: self.act())
        self.card.download_wanted.connect(self.act)
        self.card.page_wanted.connect(self.open_page)

    def show(self, here: Here, *, busy: bool) -> None:
        """What is on this machine, and whether something is being downloaded, is another now."""
        self._here, self._busy = here, busy
        if not self._text:
            self._show_points()
        self._show_card()

    def search(self, text: str) -> None:
        """Ask the hub for models."""
        access = self._access
        self._text, self._found = text, []
        self._offers = []
        self.finder.show_searching(text)
        self._show_card()
        self.job.start(lambda: SearchJob(text, token=access.token()))

    def act(self) -> None:
        """Look closer at the chosen model, or show it where it is here already."""
        offer = self.offer
        if offer is None or not self.card.download.isEnabled():
            return
        if self._is_here(offer):
            self.show_wanted.emit(offer.repo)
        else:
            self.download_wanted.emit(offer.repo)

    def open_page(self) -> None:
        """Show the chosen model's page in the browser."""
        if self.offer is not None:
            QDesktopServices.openUrl(QUrl(page_of(self.offer.repo)))

    @property
    def offer(self) -> Offer | None:
        """The chosen one."""
        key = self.finder.list.key
        return next((offer for offer in self._offers if offer.repo == key), None)

    def _is_here(self, offer: Offer) -> bool:
        return self._here is not None and named(self._here.models, offer.repo) is not None

    def _found_one(self, found: FoundModel) -> None:
        self._found.append(found)

    def _show_found(self) -> None:
        here = self._here
        if here is None or not self._text:
            return
        self._offers = [hub_offers.of_found(found, here.memory) for found in self._found]
        if is_id(self._text) and self._text not in {found.repo for found in self._found}:
            self._offers.append(hub_offers.of_id(self._text))
        heading = f"{format.plural(len(self._found), 'model')} found for {self._text}"
        self._show(heading, self._offers, "Try a shorter part of the name.")

    def _show_points(self) -> None:
        here = self._here
        if here is None:
            return
        if self._text:
            self.job.stop()
        self._text = ""
        points = for_memory(here.memory.total) if here.memory.is_gpu else without_card()
        self._offers = [hub_offers.of_point(point, here.memory) for point in points]
        suits = f"for {format.size(here.memory.total)} of memory" if here.memory.is_gpu else "without a graphics card"
        heading = f"Good starting points {suits}" if self._offers else ""
        nothing = "The usual models need more memory than this machine has. The starter trains on any machine."
        self._show(heading, self._offers, nothing)

    def _show(self, heading: str, offers: Sequence[Offer], nothing: str) -> None:
        rows = [ModelRow(offer.repo, offer.title, offer.note) for offer in offers]
        self.finder.show_rows(heading, rows, nothing=nothing)
        if rows and not self.finder.list.key:
            self.finder.list.choose(rows[0].key)
        self._show_card()

    def _show_card(self) -> None:
        offer = self.offer
        self.card.setVisible(offer is not None)
        if offer is not None:
            is_here = self._is_here(offer)
            self.card.show_offer(offer.title, offer.facts, problem=offer.problem, is_here=is_here, busy=self._busy)

    def _on_failed(self, error: UserError) -> None:
        self._text = ""
        self._show_points()
        self.failed.emit(error)
