"""The light and the dark look: chosen in the menu, kept in the preferences, put on the application."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from app import actions, theme
from app.actions import Verb
from app.preferences import LOOKS, Preferences


class Looks:
    """Keeps the menu's tick at the look in force."""

    def __init__(self, preferences: Preferences, verbs: Mapping[Verb, QAction]) -> None:
        self._preferences = preferences
        self._actions = {look: verbs[verb] for look, verb in zip(LOOKS, actions.COLOURS, strict=True)}
        for look, action in self._actions.items():
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, look=look: self.use(look))
        self._mark()

    def use(self, look: str) -> None:
        """Use the "light" or the "dark" colours, or those that the "system" uses."""
        self._preferences.look = look
        self._mark()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, self._preferences.dark)

    def _mark(self) -> None:
        for look, action in self._actions.items():
            action.setChecked(look == self._preferences.look)
