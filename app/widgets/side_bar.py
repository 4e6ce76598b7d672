"""The window's left edge: the project, the stations, and what the machine's memory is doing."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.theme import SPACE
from app.widgets.elided_label import ElidedLabel
from app.widgets.plain_tip import plain_tip

WIDTH = 216
Tone = Literal["", "accent", "good", "warn", "bad", "secondary"]


class SideBar(QFrame):
    """Stations are added with :meth:`add_station`; everything it shows is told to it."""

    chosen = Signal(str)
    """The id of the station that the user asks for."""

    def __init__(self, project_menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "sidebar")
        self.setFixedWidth(WIDTH)
        self._stations: dict[str, StationButton] = {}
        self._group = QButtonGroup(self)
        self._project = ProjectButton(project_menu)
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self._memory = MemoryLine()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.UNIT, SPACE.FIELD, SPACE.UNIT, SPACE.FIELD)
        layout.setSpacing(SPACE.UNIT)
        layout.addWidget(self._project)
        layout.addSpacing(SPACE.HALF)
        layout.addLayout(self._list)
        layout.addStretch(1)
        layout.addWidget(self._memory)
        self._tools = QHBoxLayout()
        self._tools.setContentsMargins(SPACE.HALF, 0, 0, 0)
        self._tools.setSpacing(SPACE.HALF)
        self._tools.addStretch(1)
        layout.addLayout(self._tools)

    def add_station(self, id: str, words: str, icon: str, shortcut: str) -> None:
        """Add a station below the others."""
        button = StationButton(words, icon)
        button.setToolTip(f"{words} ({shortcut})")
        button.clicked.connect(lambda: self.chosen.emit(id))
        self._stations[id] = button
        self._group.addButton(button)
        self._list.addWidget(button)

    def add_tool(self, action: QAction) -> None:
        """Add a small button for an action at the very bottom."""
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(18, 18))
        button.setToolTip(f"{action.iconText()} ({action.shortcut().toString()})")
        button.setAccessibleName(action.iconText())
        self._tools.insertWidget(self._tools.count() - 1, button)

    def station(self, id: str) -> StationButton:
        """The button of a station."""
        return self._stations[id]

    def choose(self, id: str) -> None:
        """Mark a station as the one that is shown, without a signal."""
        self._stations[id].setChecked(True)

    def set_project(self, name: str, note: str) -> None:
        """Show the project's name and, small, a note (its folder)."""
        self._project.set_words(name, note)

    def set_memory(self, words: str, share: float | None, tip: str) -> None:
        """Show how much memory is in use; None hides the bar."""
        self._memory.set_use(words, share, tip)


class StationButton(QPushButton):
    """A station with a count or a state at its right end."""

    def __init__(self, words: str, icon: str) -> None:
        super().__init__(words)
        self.setProperty("kind", "nav")
        self.setCheckable(True)
        self.setIcon(theme.icon(icon, "secondary"))
        self.setIconSize(QSize(18, 18))
        self._words = words
        self._count = QLabel()
        self._count.setProperty("kind", "secondary")
        self._dot = StateDot()
        self._dot.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, SPACE.FIELD, 0)
        row.addStretch(1)
        row.addWidget(self._count)
        row.addWidget(self._dot)
        for child in (self._count, self._dot):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(words)

    @property
    def count_text(self) -> str:
        """What stands at the right end."""
        return self._count.text()

    def set_count(self, text: str) -> None:
        """Show a number at the right end; empty for none."""
        self._count.setText(text)
        self.setAccessibleName(f"{self._words}, {text}" if text else self._words)

    def set_state(self, tone: Tone, words: str = "") -> None:
        """Show a coloured dot whose meaning ``words`` tell; an empty tone hides it."""
        self._dot.set_tone(tone)
        self._dot.setVisible(bool(tone))
        self._count.setText(words)
        self.setAccessibleName(f"{self._words}, {words}" if words else self._words)


class StateDot(QWidget):
    """A small disc."""

    def __init__(self) -> None:
        super().__init__()
        self._tone: Tone = ""
        self.setFixedSize(8, 8)

    def set_tone(self, tone: Tone) -> None:
        """Change its colour."""
        self._tone = tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(self._tone) if self._tone else QColor(0, 0, 0, 0))
        painter.drawEllipse(self.rect())


class ProjectButton(QPushButton):
    """The project's name, with what can be done with projects in a menu."""

    def __init__(self, menu: QMenu) -> None:
        super().__init__()
        self.setProperty("kind", "nav")
        self.setProperty("tall", True)
        self.setAccessibleName("Project")
        self._menu = menu
        self._name = ElidedLabel()
        self._name.setFont(theme.ui_font("heading", strong=True))
        self._note = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._note.setProperty("kind", "secondary")
        self._arrow = QLabel()
        theme.on_change(self, self._draw_arrow)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self._note)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE.UNIT + 2, SPACE.HALF, SPACE.UNIT, SPACE.HALF)
        row.addLayout(words, 1)
        row.addWidget(self._arrow)
        for child in (self._name, self._note, self._arrow):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.clicked.connect(self._open_menu)

    def set_words(self, name: str, note: str) -> None:
        """Show the name and the note."""
        self._name.setText(name)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self.setToolTip(plain_tip(note))
        self.setAccessibleName(f"Project {name}")

    def _open_menu(self) -> None:
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _draw_arrow(self) -> None:
        self._arrow.setPixmap(theme.icon("chevron-down", "secondary").pixmap(16, 16))


class MemoryLine(QWidget):
    """Words such as "GPU 5.1 of 24.0 GB" over a thin bar."""

    def __init__(self) -> None:
        super().__init__()
        self._words = QLabel()
        self._words.setProperty("kind", "secondary")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setProperty("tone", "quiet")
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName("Memory in use")
        self._bar.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.UNIT + 2, 0, SPACE.UNIT + 2, 0)
        layout.setSpacing(SPACE.HALF)
        layout.addWidget(self._words)
        layout.addWidget(self._bar)

    def set_use(self, words: str, share: float | None, tip: str) -> None:
        """Show it."""
        self._words.setText(words)
        self._bar.setVisible(share is not None)
        self._bar.setValue(round(1000 * (share or 0)))
        self.setToolTip(tip)
