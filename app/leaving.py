"""Closing a project or the window: asks first where words would be lost that could not be put on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QWidget

from app.pages.page import Page
from app.session import Session
from app.widgets.lose_dialog import LoseDialog


class Leaving:
    """Looks at the pages that were made; each says whether it holds something unsaved."""

    def __init__(self, session: Session, pages: Mapping[str, Page], window: QWidget) -> None:
        self._session, self._pages, self._window = session, pages, window
        self._known = False  # the user knows what is lost

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

    def leave(self, act: Callable[[], object]) -> None:
        """Do ``act``, which closes the project, now or when the user has agreed."""
        if self.allowed(act):
            act()

    def _go_on(self, act: Callable[[], object]) -> None:
        self._known = True
        act()
        self._known = False
