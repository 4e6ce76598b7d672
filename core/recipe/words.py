"""Settings in words: a value as the form shows it, and what differs between two recipes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.recipe.recipe import differences
from core.recipe.reference import SettingInfo, setting_named
from core.recipe.schema import Recipe


def value(info: SettingInfo, content: Any) -> str:
    """A setting's value as a person reads it: "4-bit (NF4)", "on", "2e-4", "q_proj, v_proj"."""
    if isinstance(content, bool):
        return "on" if content else "off"
    if info.empty and not content:
        return info.empty[0].lower() + info.empty[1:]
    if isinstance(content, list | tuple):
        return ", ".join(str(item) for item in content)
    if isinstance(content, str):
        return info.choices.get(content, content)
    if isinstance(content, float):
        return _number(content)
    return str(content)


def changed(changes: Mapping[str, Any]) -> str:
    """Settings and their new values: "Rank 8, alpha 16"."""
    parts = [f"{setting_named(name).title} {value(setting_named(name), content)}" for name, content in changes.items()]
    return ", ".join([*parts[:1], *(f"{part[:1].lower()}{part[1:]}" for part in parts[1:])])


def difference(before: Recipe, after: Recipe) -> list[str]:
    """What is different in ``after``, a setting each: ["Rank 8", "Learning rate 1e-3"]."""
    found = []
    for name, (_, new) in differences(before, after).items():
        info = setting_named(name)
        found.append(f"{info.title} {value(info, new)}")
    return found


def _number(content: float) -> str:
    if content and abs(content) < 1e-3:
        mantissa, exponent = f"{content:e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{content:g}"
