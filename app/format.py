"""Numbers, sizes, times and dates as the window writes them."""

from __future__ import annotations

import math
import time
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale

NOTHING = "–"
_GB = 1024**3


def count(value: int) -> str:
    """A whole number with the locale's separators."""
    return _locale().toString(value)


def short_count(value: float) -> str:
    """A large count in thousands or millions: "250 k", "1.5 M"."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit * 10 or (value >= limit and unit != "k"):
            return f"{_locale().toString(round(value / limit, 2), 'g', 4)} {unit}"
    return count(int(value))


def loss(value: float | None) -> str:
    """A loss with three decimals."""
    return NOTHING if value is None or not math.isfinite(value) else _locale().toString(float(value), "f", 3)


def number(value: float | None, digits: int = 3) -> str:
    """A number of any size with so many significant digits."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e")
    decimals = 0 if not value else max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return _locale().toString(float(value), "f", decimals)


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals."""
    return _locale().toString(float(value), "f", decimals)


def percent(share: float) -> str:
    """A share of 1 in whole per cent."""
    return f"{round(100 * share)} %"


def duration(seconds: float | None) -> str:
    """A length of time with its two largest units: "2 min 40 s"."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(whole / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def size(value: float) -> str:
    """An amount of bytes: GB with one decimal, smaller ones in MB or KB."""
    for limit, unit in ((_GB, "GB"), (1024**2, "MB"), (1024, "KB")):
        if value >= limit * 0.95:
            return f"{_locale().toString(value / limit, 'f', 1)} {unit}"
    return f"{round(value)} bytes"


def size_of(part: float, whole: float) -> str:
    """A part of an amount of bytes, both in the unit of the whole: "0.9 of 23.5 GB"."""
    number, _, unit = size(whole).rpartition(" ")
    divisor = {"GB": _GB, "MB": 1024**2, "KB": 1024}.get(unit)
    if divisor is None:
        return f"{round(part)} of {size(whole)}"
    return f"{_locale().toString(part / divisor, 'f', 1)} of {number} {unit}"


def ago(at: float, now: float | None = None) -> str:
    """A date relative to now; put :func:`moment` into the tooltip."""
    seconds = (time.time() if now is None else now) - at
    if seconds < 60:
        return "just now"
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            amount = int(seconds // length)
            if unit == "day" and amount == 1:
                return "yesterday"
            if unit == "day" and amount > 30:
                return _locale().toString(QDateTime.fromSecsSinceEpoch(int(at)).date(), QLocale.FormatType.ShortFormat)
            return f"{amount} {unit}{'' if amount == 1 else 's'} ago"
    return ""


def moment(at: float) -> str:
    """The exact date and time."""
    return _locale().toString(QDateTime.fromSecsSinceEpoch(int(at)), QLocale.FormatType.ShortFormat)


def plural(amount: int, singular: str, many: str = "") -> str:
    """An amount with its noun: "1 example", "2,500 examples"."""
    return f"{count(amount)} {singular if amount == 1 else many or singular + 's'}"


def place(path: Path) -> str:
    """A path as a person reads it: from the home folder on where it lies in there."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except ValueError:
        return str(path)


def _locale() -> QLocale:
    """The user's; the bare C locale of servers has no separators, so English stands in for it."""
    locale = QLocale()
    return QLocale(QLocale.Language.English) if locale.language() == QLocale.Language.C else locale
