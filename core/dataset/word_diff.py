"""What changed between two texts, word by word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from re import Pattern

Kind = Literal["same", "gone", "new"]

_MOST_CELLS = 100_000_000  # old words times new words; the exact comparison keeps one bit each (12 MB)
_CUT = " … "
_LONGEST_WORD = 40  # where text is cut at words; a longer one is cut inside


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both texts have, that only the old one has (gone), or only the new one (new)."""

    kind: Kind
    text: str


def prepare() -> None:
    """Load what the first comparison needs, some hundredths of a second: not for the thread that draws."""
    differences("one word", "two words")


def differences(old: str, new: str) -> list[Piece]:
    """The two texts as pieces in reading order; what is gone stands before what took its place.

    The texts of "same" and "gone" joined are ``old``, those of "same" and "new" joined are ``new``. Neighbours are of
    different kinds, no piece is empty. 20,000 words on either side take some hundredths of a second, and a few tenths
    where nearly everything differs.
    """
    if old == new:
        return [Piece("same", old)] if old else []
    old_words, new_words = words(old), words(new)
    start, old_end, new_end = _middle(old_words, new_words)
    changed = _compared(old_words[start:old_end], new_words[start:new_end])
    same: Kind = "same"
    parts = [(same, "".join(old_words[:start])), *_joined_over_spaces(changed), (same, "".join(old_words[old_end:]))]
    return list(_merged(parts))


def shorten(pieces: Sequence[Piece], *, around: int) -> list[Piece]:
    """The changes with about ``around`` characters of what surrounds them; cut at words, "…" where text is left out."""
    short: list[Piece] = []
    for place, piece in enumerate(pieces):
        if piece.kind != "same":
            short.append(piece)
            continue
        before = around if place < len(pieces) - 1 else 0  # kept before the next change
        after = around if place > 0 else 0  # kept after the last change
        if len(piece.text) <= before + after + len(_CUT):
            short.append(piece)
            continue
        head, tail = _first_words(piece.text, after), _last_words(piece.text, before)
        cut = _CUT if head and tail else _CUT.rstrip() if head else _CUT.lstrip()
        short.append(Piece("same", head.rstrip(" ") + cut + tail.lstrip(" ")))
    return short


def words(text: str) -> list[str]:
    """The text in words, spaces, line ends and single other signs; joined they are the text.

    Scripts that are written without spaces (Chinese, Japanese, Thai …) are taken sign by sign.
    """
    return _pattern().findall(text)


@cache
def _pattern() -> Pattern[str]:
    # Imported on first need. `regex` knows scripts, combining marks and signs of several code points (flags, families).
    import regex  # type: ignore[import-untyped]

    alone = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
    pattern: Pattern[str] = regex.compile(
        rf"{alone}\p{{M}}*|(?:(?!{alone})\w)+(?:['’](?:(?!{alone})\w)+)*|\r?\n|[^\S\r\n]+|\X"
    )
    return pattern


def _middle(old: Sequence[str], new: Sequence[str]) -> tuple[int, int, int]:
    """The length of the common start, and where the common end begins in ``old`` and in ``new``."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)
    return start, len(old) - tail, len(new) - tail


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    if not old or not new:
        yield "gone", "".join(old)
        yield "new", "".join(new)
        return
    from rapidfuzz.distance import Indel, Levenshtein

    # The longest common sequence reads best, but its memory grows with the product of the lengths.
    measure = Indel if len(old) * len(new) <= _MOST_CELLS else Levenshtein
    for step in measure.opcodes(old, new):
        if step.tag == "equal":
            yield "same", "".join(old[step.src_start : step.src_end])
        else:
            yield "gone", "".join(old[step.src_start : step.src_end])
            yield "new", "".join(new[step.dest_start : step.dest_end])


def _joined_over_spaces(parts: Iterable[tuple[Kind, str]]) -> Iterator[tuple[Kind, str]]:
    """Make one change of changes that only a space parts: "the quick" -> "a slow" instead of word by word."""
    gone = new = space = ""
    for kind, text in parts:
        if kind == "same":
            if text.isspace() and "\n" not in text and gone and new and not space:
                space = text
                continue
            yield from (("gone", gone), ("new", new), ("same", space), ("same", text))
            gone = new = space = ""
        elif text:
            if space:
                gone, new, space = gone + space, new + space, ""
            gone, new = (gone + text, new) if kind == "gone" else (gone, new + text)
    yield from (("gone", gone), ("new", new), ("same", space))


def _merged(parts: Iterable[tuple[Kind, str]]) -> Iterator[Piece]:
    """Pieces without empty ones, neighbours of one kind joined, gone before new."""
    held: dict[Kind, str] = {"same": "", "gone": "", "new": ""}
    for kind, text in parts:
        if not text:
            continue
        if kind == "same":
            yield from _released(held, "gone", "new")
        else:
            yield from _released(held, "same")
        held[kind] += text
    yield from _released(held, "same", "gone", "new")


def _released(held: dict[Kind, str], *kinds: Kind) -> Iterator[Piece]:
    for kind in kinds:
        if held[kind]:
            yield Piece(kind, held[kind])
            held[kind] = ""


def _first_words(text: str, length: int) -> str:
    return "".join(_taken(words(text[: length + _LONGEST_WORD]), length))


def _last_words(text: str, length: int) -> str:
    taken = list(_taken(reversed(words(text[-length - _LONGEST_WORD :])), length)) if length else []
    return "".join(reversed(taken))


def _taken(parts: Iterable[str], length: int) -> Iterator[str]:
    """As many whole words as fit."""
    for part in parts:
        length -= len(part)
        if length < 0:
            return
        yield part
