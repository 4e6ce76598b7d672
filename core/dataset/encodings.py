"""Which encoding a table is in: UTF-8 where it can be, else what its letters suggest."""

from __future__ import annotations

import codecs
from pathlib import Path

from core.dataset.lines import encoding_of, start_of

_BLOCK = 1 << 20
_LOOKED_THROUGH = 64 << 20  # bytes
_SAMPLE = 1 << 16
_LONGEST = 1 << 12  # bytes of a line that are looked at
_LITTLE = 12  # bytes beyond ASCII from which nothing but the usual can be concluded
_USUAL = "cp1252"
_CANDIDATES = (
    *(f"cp125{digit}" for digit in range(9)),
    *(
        "koi8_r",
        "shift_jis",
        "cp932",
        "euc_jp",
        "gb18030",
        "big5",
        "cp949",
        "iso8859_2",
        "iso8859_15",
        "cp850",
        "cp437",
    ),
)
_WORDS = {
    "shift_jis": "Shift JIS",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp949": "Korean (949)",
    "koi8_r": "KOI8-R",
    "iso8859_2": "ISO 8859-2",
    "iso8859_15": "ISO 8859-15",
    "cp850": "DOS 850",
    "cp437": "DOS 437",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "utf-8": "",
    "utf-8-sig": "",
}


def detected(path: Path) -> str:
    """The encoding of a text file, as Python names it.

    Raises:
        ExamplesFileError: it cannot be read.
    """
    start = start_of(path)
    marked = encoding_of(start)
    if marked != "utf-8":
        return marked
    if b"\0" in start:
        return _wide(start)
    sample = _not_utf8(path)
    if sample is None:
        return "utf-8"
    return _guessed(sample)


def in_words(encoding: str) -> str:
    """An encoding as people know it; empty for UTF-8, which needs no word."""
    if encoding in _WORDS:
        return _WORDS[encoding]
    return f"Windows-{encoding[2:]}" if encoding.startswith("cp125") else encoding


def _wide(start: bytes) -> str:
    """UTF-16 without a mark, where every other byte of plain letters is NUL; else UTF-8, which refuses NUL."""
    pairs = len(start) // 2
    if start[1::2].count(0) > 0.4 * pairs and not start[::2].count(0):
        return "utf-16-le"
    if start[::2].count(0) > 0.4 * pairs and not start[1::2].count(0):
        return "utf-16-be"
    return "utf-8"


def _not_utf8(path: Path) -> bytes | None:
    """Lines of the file with letters beyond ASCII; None if it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with open(path, "rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return None
        file.seek(0)
        found = b""
        for _ in range(_LOOKED_THROUGH // _BLOCK):
            lines = file.read(_BLOCK).splitlines(keepends=True)
            found += b"".join(line[:_LONGEST] for line in lines if not line[:_LONGEST].isascii())
            if not lines or len(found) > _SAMPLE:
                break
    return found[:_SAMPLE]


def _guessed(sample: bytes) -> str:
    beyond = sum(byte > 0x7F for byte in sample)
    if beyond > _LITTLE:
        from charset_normalizer import from_bytes

        best = from_bytes(sample, cp_isolation=list(_CANDIDATES), enable_fallback=False).best()
        if best is not None and best.encoding in _CANDIDATES:
            return _USUAL if _as(sample, _USUAL) == _as(sample, best.encoding) else best.encoding
    try:
        sample.decode(_USUAL)
    except UnicodeDecodeError:
        return "cp850" if beyond <= _LITTLE else "iso8859_15"
    return _USUAL


def _as(sample: bytes, encoding: str) -> str:
    return sample.decode(encoding, "replace")
