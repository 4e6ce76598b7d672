"""Closing a project or the window: asks first where words would be lost that could not be put on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QWidget

from app.pages.page import Page
from app.session import Session
from app.widgets.agree_dialog import AgreeDialog
from app.widgets.lose_dialog import LoseDialog


class Leaving:
    """Looks at the pages that were made; each says whether it holds something unsaved."""

    def __init__(self, session: Session, pages: Mapping[str, Page], window: QWidget) -> None:
        self._session, self._pages, self._window = session, pages, window
        self._known = False  # the user knows what is lost
        self._knows_of_pause = False

    def allowed(self, act: Callable[[], object]) -> bool:
        """Whether nothing would be lost; if something would, ask, and do ``act`` when the user goes on."""
        self._session.leaving.emit()
        self._session.wait()
        if self._known or not any(page.unsaved for page in self._pages.values()):
            return True
        dialog = LoseDialog(self._window)
        dialog.lost.connect(lambda: self._go_on(act))
        dialog.open()
        return False

    def may_close(self, act: Callable[[], object]) -> bool:
        """Whether closing the window pauses nothing; if it does, say so, and do ``act`` when the user goes on."""
        paused = next((page.paused_by_closing for page in self._pages.values() if page.paused_by_closing), "")
        if self._knows_of_pause or not paused:
            return True
        text = "Closing Tunesmith pauses it. It goes on from there when you want it to, on the Models page."
        dialog = AgreeDialog(paused, text, self._window, act="Pause it and close", keep="Keep it open")
        dialog.agreed.connect(lambda: self._close(act))
        dialog.open()
        return False

    def _close(self, act: Callable[[], object]) -> None:
        self._knows_of_pause = True
        act()
        self._knows_of_pause = False

    def leave(self, act: Callable[[], object]) -> None:
        """Do ``act``, which closes the project, now or when the user has agreed."""
        if self.allowed(act):
            act()

    def _go_on(self, act: Callable[[], object]) -> None:
        self._known = True
        act()
        self._known = False
