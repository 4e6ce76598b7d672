"""Tells on the desktop when a run has ended while nobody looks at the window."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication

from app import format, tasks
from app.preferences import Preferences

if TYPE_CHECKING:
    from app.jobs import TrainingThread
    from app.session import Session
    from core.runs.folder import Progress

Send = Callable[[str, str], bool]
"""Shows a notification with a title and a text, in any thread; False where the desktop cannot."""

_TIMEOUT_SECONDS = 5.0
_SHOWN_MS = 10_000
_APP = "Tunesmith"


class Notifier(QObject):
    """Listens to the session's runs; what the user asked for in this window (a pause, a stop) is not told."""

    def __init__(
        self,
        session: Session,
        preferences: Preferences,
        action: QAction,
        *,
        send: Send | None = None,
        is_looked_at: Callable[[], bool] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """``action`` is the menu's entry that switches this off and on."""
        super().__init__(parent)
        self._session = session
        self._preferences = preferences
        self._send = send or send_to_desktop
        self._is_looked_at = is_looked_at or _has_focus
        self._runs: dict[int, _Followed] = {}  # by thread: one that ends may have a successor already
        action.setCheckable(True)
        action.setChecked(preferences.notify)
        action.toggled.connect(self._switch)
        session.training_changed.connect(self._on_training)

    def _switch(self, on: bool) -> None:
        self._preferences.notify = on

    def _on_training(self) -> None:
        thread = self._session.training
        if thread is None:
            return
        self._runs[id(thread)] = _Followed(thread.progress.state.is_active)
        thread.state_changed.connect(self._on_progress)
        thread.wish_changed.connect(self._on_wish)
        thread.finished.connect(self._on_end)

    def _on_progress(self, progress: Progress) -> None:
        if progress.state.is_active and (followed := self._runs.get(id(self.sender()))) is not None:
            followed.was_active = True

    def _on_wish(self, wish: str | None) -> None:
        if wish is not None and (followed := self._runs.get(id(self.sender()))) is not None:
            followed.asked = True

    def _on_end(self) -> None:
        """The process is gone, or the run is followed no more and goes on."""
        thread = self.sender()
        followed = self._runs.pop(id(thread), None)
        if followed is None or not followed.was_active or followed.asked:
            return
        ended: TrainingThread = thread  # type: ignore[assignment]  # whose signal this is
        if ended.progress.state.is_active or not self._preferences.notify or self._is_looked_at():
            return
        title, text = told(ended, self._session.queue.amount)
        tasks.run(lambda: self._send(title, text), done=lambda sent: sent or _by_tray(self, title, text))


@dataclass(slots=True)
class _Followed:
    """What is known of a run that is followed: whether it was at work, and whether the user asked for its end."""

    was_active: bool
    asked: bool = False


def told(thread: TrainingThread, waiting: int) -> tuple[str, str]:
    """Title and text for a run that has ended; ``waiting`` is how many are in the queue."""
    from core.runs import words
    from core.runs.folder import State

    progress = thread.progress
    parts = []
    if progress.state is State.FINISHED:
        if progress.heldout_loss is not None:
            parts.append(f"Held-out loss {format.loss(progress.heldout_loss)}.")
        elif progress.loss is not None:
            parts.append(f"Loss {format.loss(progress.loss)}.")
        parts.append("The adapter is ready to be tried.")
    elif progress.state is State.PAUSED:
        parts.append("It could not go on for now; the window says why.")
    elif thread.problem is not None:
        parts.append(thread.problem.title)
    if waiting:
        parts.append(f"{format.plural(waiting, 'run')} {'waits' if waiting == 1 else 'wait'} in the queue.")
    return f"{thread.title}: {words.state(progress.state).lower()}", " ".join(parts)


def send_to_desktop(title: str, text: str) -> bool:
    """Show a notification through D-Bus, where there is a desktop that has it (not for the drawing thread)."""
    if sys.platform != "linux" or not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return False
    try:
        return _by_bus(title, text)
    except Exception as error:  # noqa: BLE001 - whatever the desktop answers, a notification is not worth a problem
        print(f"No notification could be shown: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return False


def _by_bus(title: str, text: str) -> bool:
    """The call that the Desktop Notifications Specification 1.2 describes."""
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    name = "org.freedesktop.Notifications"
    address = DBusAddress("/org/freedesktop/Notifications", bus_name=name, interface=name)
    with open_dbus_connection("SESSION") as bus:
        asked = bus.send_and_get_reply(new_method_call(address, "GetCapabilities"), timeout=_TIMEOUT_SECONDS)
        if asked.header.message_type is MessageType.error:
            return False
        body = html.escape(text, quote=False) if "body-markup" in asked.body[0] else text
        hints = {"desktop-entry": ("s", "tunesmith"), "category": ("s", "transfer.complete")}
        values = (_APP, 0, "", title, body, [], hints, -1)
        call = new_method_call(address, "Notify", "susssasa{sv}i", values)
        reply = bus.send_and_get_reply(call, timeout=_TIMEOUT_SECONDS)
        return reply.header.message_type is not MessageType.error


def _by_tray(owner: QObject, title: str, text: str) -> None:
    """A message beside the clock, on Windows, macOS and desktops without the bus."""
    from PySide6.QtWidgets import QSystemTrayIcon

    if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
        return
    icon = QSystemTrayIcon(QGuiApplication.windowIcon(), owner)
    icon.show()
    icon.showMessage(title, text, icon.icon(), _SHOWN_MS)
    QTimer.singleShot(_SHOWN_MS, icon, icon.deleteLater)


def _has_focus() -> bool:
    return QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive
