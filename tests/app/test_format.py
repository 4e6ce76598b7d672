"""Numbers and times as the window writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale

from app import format as words


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (160, "2 min 40 s"),
        (3600, "1 h"),
        (3599.7, "1 h"),
        (4000, "1 h 7 min"),
        (200_000, "2 d 8 h"),
        (None, "–"),
        (float("inf"), "–"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert words.duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.23456, "1.235"), (0.0, "0.000"), (None, "–"), (float("nan"), "–")],
)
def test_losses_have_three_decimals(value: float | None, expected: str) -> None:
    assert words.loss(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0002, "0.000200"), (0.00002, "2.00e-5"), (3123.4, "3,123"), (0, "0"), (12.345, "12.3"), (None, "–")],
)
def test_numbers_of_any_size(value: float | None, expected: str) -> None:
    assert words.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12, "12 bytes"), (2048, "2.0 KB"), (5_476_083_302, "5.1 GB"), (5_800_000, "5.5 MB"), (1_050_000_000, "1.0 GB")],
)
def test_sizes(value: float, expected: str) -> None:
    assert words.size(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (90_000, "yesterday"), (300_000, "3 days ago")],
)
def test_dates_are_relative(seconds: float, expected: str) -> None:
    assert words.ago(1_000_000 - seconds, 1_000_000) == expected


def test_old_dates_are_dates() -> None:
    assert words.ago(0, 10_000_000).endswith("/70")
    assert ":" in words.moment(0)


def test_a_part_of_an_amount_has_the_unit_of_the_whole() -> None:
    assert words.size_of(0.92 * 1024**3, 23.5 * 1024**3) == "0.9 of 23.5 GB"
    assert words.size_of(1.7 * 1024**3, 23.5 * 1024**3) == "1.7 of 23.5 GB"
    assert words.size_of(10 * 1024**2, 512 * 1024**2) == "10.0 of 512.0 MB"
    assert words.size_of(3, 9) == "3 of 9 bytes"


def test_amounts_and_places() -> None:
    assert words.plural(1, "example") == "1 example"
    assert words.plural(2500, "example") == "2,500 examples"
    assert words.plural(2, "entry", "entries") == "2 entries"
    assert words.place(Path.home() / "a") == str(Path("~/a"))
    assert words.place(Path("/nowhere/b")) == str(Path("/nowhere/b"))


def test_the_locale_decides_about_separators() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.German))
    assert words.count(1234567) == "1.234.567"
    assert words.loss(1.5) == "1,500"
    QLocale.setDefault(QLocale.c())
    assert words.count(1234567) == "1,234,567"
