"""Undo and redo of the examples from anywhere: what they are called now, and a word where nobody sees the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app import actions
from app.actions import Verb
from app.session import Session
from app.widgets.toast import offered_undo, show_toast


class Steps(QObject):
    """The history belongs to the examples, so the page that shows them needs no word."""

    def __init__(
        self, session: Session, verbs: Mapping[Verb, QAction], in_sight: Callable[[], bool], window: QWidget
    ) -> None:
        """``in_sight`` says whether the page of the examples is shown."""
        super().__init__(window)
        self._session, self._window, self._in_sight = session, window, in_sight
        self._actions = {verb: verbs[verb] for verb in (actions.UNDO, actions.REDO)}
        self._labels: dict[Verb, str | None] = {}
        self._actions[actions.UNDO].triggered.connect(self.undo)
        self._actions[actions.REDO].triggered.connect(self.redo)

    def undo(self) -> None:
        """Take back the last step, or what a message in sight offers to take back: that is nearer."""
        nearer = offered_undo(self._window)
        if nearer is not None:
            nearer.click()
            return
        self._say("Undone", self._labels.get(actions.UNDO))
        self._session.undo()

    def redo(self) -> None:
        """Do again what was taken back."""
        self._say("Done again", self._labels.get(actions.REDO))
        self._session.redo()

    def show(self, *, undo: str | None, redo: str | None) -> None:
        """Name the two actions after what they would do."""
        self._labels = {actions.UNDO: undo, actions.REDO: redo}
        project = self._session.project
        writable = project is not None and not project.read_only
        for verb, label in self._labels.items():
            self._actions[verb].setText(f"{verb.words} {_lower(label)}" if label else verb.words)
            self._actions[verb].setEnabled(label is not None and writable)

    def _say(self, what: str, label: str | None) -> None:
        if label and not self._in_sight():
            show_toast(self._window, f"{what}: {_lower(label)}")


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]
