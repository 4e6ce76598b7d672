"""Colours, measures, type and icons: the one place that decides how everything looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from string import Template
from typing import ClassVar

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QWidget

from app.icons import TintedIcon
from core import paths

# The light and the dark value of every colour; a test computes their contrast.
COLOURS: dict[str, tuple[str, str]] = {
    "window": ("#FAFAF9", "#1C1917"),
    "sidebar": ("#F5F3F1", "#171412"),
    "card": ("#FFFFFF", "#292524"),
    "field": ("#FFFFFF", "#211E1C"),
    "popup": ("#FFFFFF", "#322E2C"),
    "line": ("#E7E5E4", "#44403C"),
    "border": ("#8A827C", "#857D77"),
    "text": ("#1C1917", "#F5F5F4"),
    "secondary": ("#57534E", "#A8A29E"),
    "disabled": ("#A8A29E", "#78716C"),
    "hover": ("#F0EEEC", "#35302E"),
    "pressed": ("#E7E3E0", "#403A37"),
    "track": ("#E7E5E4", "#44403C"),
    "handle": ("#CFCAC6", "#57514D"),
    "accent": ("#C2410C", "#FB923C"),
    "accent_hover": ("#A9380A", "#FDA55C"),
    "accent_pressed": ("#8F2F08", "#F08327"),
    "on_accent": ("#FFFFFF", "#1C1917"),
    "selection": ("#FCE9DD", "#4A3020"),
    "good": ("#15803D", "#4ADE80"),
    "warn": ("#A16207", "#FACC15"),
    "bad": ("#B91C1C", "#F87171"),
    "information": ("#1D4ED8", "#93C5FD"),
    "good_soft": ("#EEF8F1", "#1E2E24"),
    "warn_soft": ("#FDF8E7", "#322B18"),
    "bad_soft": ("#FDF1F0", "#38211F"),
    "information_soft": ("#EFF4FE", "#20293A"),
}

# Okabe-Ito order, darkened on white and lightened on dark until every line has 3:1.
SERIES: tuple[tuple[str, str], ...] = (
    ("#0072B2", "#56B4E9"),
    ("#B27500", "#E69F00"),
    ("#00805E", "#2EC4A0"),
    ("#B8578F", "#DD93BC"),
    ("#CC5200", "#F58A4B"),
    ("#7D7600", "#F0E442"),
    ("#2B8ABF", "#8CCBF0"),
    ("#57534E", "#D6D3D1"),
)

RADIUS_CARD, RADIUS_CONTROL = 8, 6
CONTROL_HEIGHT, PRIMARY_HEIGHT = 32, 36
TEXT_COLUMN = 960
MOTION_MS = 150
ICON_SIZE = QSize(20, 20)
_SIZES = {"title": 22, "heading": 15, "body": 13, "small": 12, "editor": 14}
_GENERIC_FAMILIES = {"", "sans", "sans serif", "dejavu sans", "bitstream vera sans"}
_NICER_FAMILIES = ("Inter", "Cantarell", "Ubuntu", "Noto Sans", "Segoe UI", "Helvetica Neue")


class SPACE:
    """Distances in pixels: a grid of 8, with 4 inside controls."""

    HALF = 4
    LABEL = 4
    UNIT = 8
    FIELD = 12
    CARD = 16
    GAP = 16
    PAGE = 24


class Theme(QObject):
    """The theme in force; ``Theme.current`` tells when it changes."""

    theme_changed = Signal()
    current: ClassVar[Theme]

    def __init__(self) -> None:
        super().__init__()
        self.dark = False
        self.scale = 1.0
        self._follows_system = False

    def use(self, app: QApplication, dark: bool) -> None:
        """Put the light or the dark theme on everything."""
        self.dark = dark
        self.scale = _text_scale()
        app.setFont(_base_font(self.px("body")))
        app.setPalette(_palette())
        app.setStyleSheet(_style_sheet())
        self.theme_changed.emit()

    def follow(self, app: QApplication) -> None:
        """Use what the system asks for, now and whenever it changes."""
        hints = app.styleHints()
        if not self._follows_system:
            self._follows_system = True
            hints.colorSchemeChanged.connect(lambda scheme: self._on_scheme(app, scheme))
        self.use(app, hints.colorScheme() == Qt.ColorScheme.Dark)

    def px(self, size: str) -> int:
        """The height of a type size ("title", "heading", "body", "small", "editor") in pixels."""
        return round(_SIZES[size] * self.scale)

    def stop_following(self) -> None:
        """Keep what is chosen, whatever the system says."""
        self._follows_system = False

    def _on_scheme(self, app: QApplication, scheme: Qt.ColorScheme) -> None:
        if self._follows_system:
            self.use(app, scheme == Qt.ColorScheme.Dark)


Theme.current = Theme()


def apply(app: QApplication, dark: bool | None = None) -> None:
    """Put the theme on the application; ``None`` follows the system."""
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    if not app.property("ring_follows"):
        app.setProperty("ring_follows", True)
        app.focusChanged.connect(_move_ring)
    if dark is None:
        Theme.current.follow(app)
    else:
        Theme.current.stop_following()
        Theme.current.use(app, dark)


def hex_colour(name: str) -> str:
    """A colour of the theme in force as ``#RRGGBB``."""
    return COLOURS[name][Theme.current.dark]


def colour(name: str) -> QColor:
    """A colour of the theme in force."""
    return QColor(hex_colour(name))


def series_colours() -> list[QColor]:
    """The colours of chart series in order; the same series has the same place everywhere."""
    return [QColor(pair[Theme.current.dark]) for pair in SERIES]


def mono_font(size: str = "body") -> QFont:
    """The system's monospace font, for numbers and tokens."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(Theme.current.px(size))
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def ui_font(size: str = "body", *, strong: bool = False) -> QFont:
    """The interface font in one of the type sizes."""
    font = QFont(QApplication.font())
    font.setPixelSize(Theme.current.px(size))
    if strong:
        font.setWeight(QFont.Weight.DemiBold)
    return font


@cache
def icon(name: str, colour_name: str = "text", checked: str = "accent") -> QIcon:
    """A drawn icon of ``resources/icons`` that always has the colours of the theme in force.

    Args:
        name: the file's name without ending.
        colour_name: its colour at rest; disabled ones are drawn in "disabled".
        checked: its colour while its button is checked.
    """
    path = paths.resources() / "icons" / f"{name}.svg"
    return QIcon(TintedIcon(path.read_text(encoding="utf-8"), colour_name, checked, hex_colour))


def set_kind(widget: QWidget, kind: str) -> None:
    """Change what a widget looks like ("primary", "card", "secondary" …) after it was made."""
    set_look(widget, kind=kind)


def set_look(widget: QWidget, **properties: object) -> None:
    """Set dynamic properties that the style sheet reads, and repaint."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
    widget.update()


def motion_ms() -> int:
    """How long a movement may take; 0 when the system asks for none."""
    duration = QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
    return min(MOTION_MS, duration)


def on_change(widget: QObject, act: Callable[[], None]) -> None:
    """Call ``act`` now and whenever the theme changes, as long as ``widget`` lives."""
    act()
    connection = Theme.current.theme_changed.connect(act)
    widget.destroyed.connect(lambda: QObject.disconnect(connection))


def _move_ring(old: QWidget | None, new: QWidget | None) -> None:
    """Show the focus ring on buttons only while the keyboard moves the focus."""
    for widget, ring in ((old, False), (new, True)):
        if widget is None or bool(widget.property("ring")) == ring:
            continue
        by_keyboard = widget.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        if not ring or by_keyboard:
            set_look(widget, ring=ring)


def _text_scale() -> float:
    screen = QGuiApplication.primaryScreen()
    if screen is None:
        return 1.0
    normal = 72.0 if QGuiApplication.platformName() == "cocoa" else 96.0
    return min(max(screen.logicalDotsPerInch() / normal, 1.0), 2.0)


def _base_font(pixels: int) -> QFont:
    """The system's interface font; where the system names none, the nicest one that is installed."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if QFontInfo(font).family().lower() in _GENERIC_FAMILIES:
        installed = set(QFontDatabase.families())
        font.setFamilies([family for family in _NICER_FAMILIES if family in installed] or [font.family()])
    font.setPixelSize(pixels)
    return font


def _palette() -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for target, name in {
        role.Window: "window",
        role.WindowText: "text",
        role.Base: "field",
        role.AlternateBase: "window",
        role.Text: "text",
        role.PlaceholderText: "secondary",
        role.Button: "card",
        role.ButtonText: "text",
        role.BrightText: "bad",
        role.ToolTipBase: "text",
        role.ToolTipText: "window",
        role.Highlight: "accent",
        role.HighlightedText: "on_accent",
        role.Accent: "accent",
        role.Link: "accent",
        role.LinkVisited: "accent",
        role.Light: "card",
        role.Midlight: "hover",
        role.Mid: "line",
        role.Dark: "border",
        role.Shadow: "line",
    }.items():
        palette.setColor(target, colour(name))
    for target in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, colour("disabled"))
    return palette


def _style_sheet() -> str:
    template = (paths.resources() / "styles" / "app.qss").read_text(encoding="utf-8")
    values: dict[str, object] = {name: hex_colour(name) for name in COLOURS}
    values |= {f"size_{name}": Theme.current.px(name) for name in _SIZES}
    values["theme"] = "dark" if Theme.current.dark else "light"
    values["controls"] = (paths.resources() / "icons" / "controls").as_posix()
    return Template(template).substitute(values)
