"""A line of a text around a place in it, for lists that show where something is."""

from __future__ import annotations

from dataclasses import dataclass

_BEFORE, _MARKED, _AFTER = 32, 80, 100  # characters
_VISIBLE = {" ": "·", "\u00a0": "⍽", "\t": "→", "\n": "↵", "\r": "␍"}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line in three parts, of which the middle one is marked."""

    before: str
    marked: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.marked}{self.after}"


def excerpt(text: str, start: int = -1, end: int = -1) -> Excerpt:
    """The text around ``start`` to ``end``; without a place its beginning, with nothing marked.

    Line ends and other white space are spaces; a mark of nothing but white space shows it as signs.
    """
    if start < 0 or start >= len(text) or end <= start:
        line = _one_line(text[: _BEFORE + _MARKED + _AFTER])
        return Excerpt(line + ("…" if len(text) > _BEFORE + _MARKED + _AFTER else ""), "", "")
    end = min(end, len(text))
    before, marked, after = text[max(0, start - _BEFORE) : start], text[start:end], text[end : end + _AFTER]
    shown = marked[:_MARKED]
    shown = "".join(_VISIBLE.get(sign, sign) for sign in shown) if not marked.strip() else _one_line(shown)
    return Excerpt(
        ("…" if start > _BEFORE else "") + _one_line(before),
        shown + ("…" if len(marked) > _MARKED else ""),
        _one_line(after) + ("…" if end + _AFTER < len(text) else ""),
    )


def _one_line(text: str) -> str:
    return "".join(" " if sign.isspace() else sign for sign in text)
