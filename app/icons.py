"""Icons drawn as strokes, tinted at the moment of painting."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

INK = "#1C1917"  # the colour in the files, replaced when painting


class TintedIcon(QIconEngine):
    """Paints one SVG in the colour that the theme gives now, and remembers the last few results."""

    def __init__(self, svg: str, colour: str, checked: str, lookup: Callable[[str], str]) -> None:
        super().__init__()
        self._svg = svg
        self._colour = colour
        self._checked = checked
        self._lookup = lookup
        self._cache: dict[tuple[str, int, int, float], QPixmap] = {}

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paint into ``rect``, keeping the drawing square."""
        side = min(rect.width(), rect.height())
        square = QRectF(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side)
        svg = self._svg.replace(INK, self._tint(mode, state))
        QSvgRenderer(QByteArray(svg.encode())).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """The icon at a size in device pixels."""
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        """The icon at a size in device pixels, for a screen of this scale."""
        if size.isEmpty():  # a button with no room at all
            return QPixmap()
        key = (self._tint(mode, state), size.width(), size.height(), scale)
        if key not in self._cache:
            pixmap = QPixmap(size)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
            painter.end()
            if len(self._cache) > 8:
                self._cache.clear()
            self._cache[key] = pixmap
        return self._cache[key]

    def isNull(self) -> bool:
        """Never: there is always something to draw."""
        return False

    def clone(self) -> QIconEngine:
        """Another engine with the same drawing."""
        return TintedIcon(self._svg, self._colour, self._checked, self._lookup)

    def _tint(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode is QIcon.Mode.Disabled:
            return self._lookup("disabled")
        return self._lookup(self._checked if state is QIcon.State.On else self._colour)
