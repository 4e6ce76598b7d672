"""Everything can be read and told apart in both themes, and a change of theme reaches what is on the screen."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app import theme
from core import paths

TEXT_ON = {
    "text": ["window", "sidebar", "card", "field", "popup", "hover", "pressed", "selection"],
    "secondary": ["window", "sidebar", "card", "field", "popup"],
    "accent": ["window", "card"],
    "on_accent": ["accent", "accent_hover", "accent_pressed"],
    "good": ["window", "card", "good_soft"],
    "warn": ["window", "card", "warn_soft"],
    "bad": ["window", "card", "bad_soft"],
    "information": ["window", "card", "information_soft"],
    "window": ["text"],
}
SOFT = ["good_soft", "warn_soft", "bad_soft", "information_soft"]
GRAPHICS_ON = {"border": ["window", "card", "field"], "accent": ["window", "sidebar", "card", "field"]}


def luminance(value: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(value[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("front", "back"), [*((f, b) for f, backs in TEXT_ON.items() for b in backs), *(("text", s) for s in SOFT)]
)
def test_text_has_a_contrast_of_at_least_4_5(front: str, back: str, dark: bool) -> None:
    assert contrast(theme.COLOURS[front][dark], theme.COLOURS[back][dark]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("front", "back"), [(f, b) for f, backs in GRAPHICS_ON.items() for b in backs])
def test_borders_and_graphics_have_at_least_3(front: str, back: str, dark: bool) -> None:
    assert contrast(theme.COLOURS[front][dark], theme.COLOURS[back][dark]) >= 3


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("place", range(len(theme.SERIES)))
def test_chart_series_stand_out_from_the_card(place: int, dark: bool) -> None:
    assert contrast(theme.SERIES[place][dark], theme.COLOURS["card"][dark]) >= 3


def test_the_signs_inside_controls_have_the_colours_of_the_theme() -> None:
    folder = paths.resources() / "icons" / "controls"
    for place, name in enumerate(("light", "dark")):
        for sign, token in {"down": "secondary", "up": "secondary", "right": "secondary", "check": "on_accent"}.items():
            svg = (folder / f"{sign}-{name}.svg").read_text(encoding="utf-8")
            assert re.findall(r'stroke="(#\w+)"', svg) == [theme.COLOURS[token][place]]


def test_the_theme_can_be_switched_while_it_runs(qtbot: QtBot, qapp: QApplication) -> None:
    with qtbot.waitSignal(theme.Theme.current.theme_changed):
        theme.apply(qapp, dark=True)
    assert theme.colour("window") == QColor("#1C1917")
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() < 64
    assert qapp.palette().color(QPalette.ColorRole.WindowText).lightness() > 192
    theme.apply(qapp, dark=False)
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() > 192


def test_an_icon_follows_the_theme_without_being_made_again(qtbot: QtBot, qapp: QApplication) -> None:
    icon = theme.icon("home")
    assert ink(icon) == theme.COLOURS["text"][0]
    theme.apply(qapp, dark=True)
    assert ink(icon) == theme.COLOURS["text"][1]
    assert ink(icon, QIcon.Mode.Disabled) == theme.COLOURS["disabled"][1]
    assert ink(icon, QIcon.Mode.Normal, QIcon.State.On) == theme.COLOURS["accent"][1]


def ink(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off) -> str:
    image = icon.pixmap(QSize(80, 80), mode, state).toImage()
    solid = [
        image.pixelColor(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    ]
    assert solid
    return solid[0].name().upper()


def test_every_icon_can_be_drawn(qtbot: QtBot) -> None:
    for path in (paths.resources() / "icons").glob("*.svg"):
        if path.stem != "tunesmith":
            assert ink(theme.icon(path.stem)) == theme.COLOURS["text"][theme.Theme.current.dark]


def test_what_follows_the_theme_stops_when_the_widget_is_gone(qtbot: QtBot, qapp: QApplication) -> None:
    seen: list[bool] = []
    button = QPushButton()
    theme.on_change(button, lambda: seen.append(theme.Theme.current.dark))
    theme.apply(qapp, dark=True)
    assert seen == [False, True]
    gone: list[int] = []
    button.destroyed.connect(lambda: gone.append(1))
    button.deleteLater()
    qtbot.waitUntil(lambda: gone == [1])
    theme.apply(qapp, dark=False)
    assert seen == [False, True]


def test_a_kind_can_be_changed_later(qtbot: QtBot) -> None:
    button = QPushButton("Train")
    qtbot.addWidget(button)
    height = button.sizeHint().height()
    theme.set_kind(button, "primary")
    assert button.sizeHint().height() > height
