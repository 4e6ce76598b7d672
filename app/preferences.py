"""What the window remembers between starts: its size, its last page, the look. Not settings of training."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QHeaderView, QSplitter

from core import paths

LOOKS = ("system", "light", "dark")


class Preferences:
    """A small file ``window.ini`` in the user's data folder."""

    def __init__(self) -> None:
        self._file = QSettings(str(paths.user_data() / "window.ini"), QSettings.Format.IniFormat)

    @property
    def look(self) -> str:
        """One of "system", "light" and "dark"."""
        value = str(self._file.value("look", "system"))
        return value if value in LOOKS else "system"

    @look.setter
    def look(self, value: str) -> None:
        self._file.setValue("look", value)

    @property
    def dark(self) -> bool | None:
        """The look as :func:`app.theme.apply` takes it."""
        return {"light": False, "dark": True}.get(self.look)

    @property
    def notify(self) -> bool:
        """Whether the desktop is to tell when a run has ended."""
        return str(self._file.value("notify", "true")) != "false"

    @notify.setter
    def notify(self, value: bool) -> None:
        self._file.setValue("notify", "true" if value else "false")

    @property
    def page(self) -> str:
        """The id of the last page shown."""
        return str(self._file.value("page", "home"))

    @page.setter
    def page(self, value: str) -> None:
        self._file.setValue("page", value)

    @property
    def project(self) -> str:
        """The folder of the project that was open last; empty when none was."""
        return str(self._file.value("project", ""))

    @project.setter
    def project(self, value: str) -> None:
        self._file.setValue("project", value)

    def geometry(self, name: str) -> QByteArray | None:
        """A geometry or splitter state that was kept under a name."""
        value = self._file.value(f"geometry/{name}")
        return value if isinstance(value, QByteArray) else None

    def keep_geometry(self, name: str, value: QByteArray) -> None:
        """Keep a geometry or splitter state."""
        self._file.setValue(f"geometry/{name}", value)

    def sync(self) -> None:
        """Write the file now."""
        self._file.sync()


def remember(widget: QSplitter | QHeaderView, name: str) -> None:
    """Bring back where a splitter's or a table's columns were moved to, and keep it from now on."""
    preferences = Preferences()
    state = preferences.geometry(name)
    if state is not None:
        widget.restoreState(state)
    moved = widget.splitterMoved if isinstance(widget, QSplitter) else widget.sectionResized
    moved.connect(lambda *_: preferences.keep_geometry(name, widget.saveState()))
