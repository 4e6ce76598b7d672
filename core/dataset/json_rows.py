"""The rows of JSON files: a list of objects, or one object a line; no file can make the parser recurse far.

Rows are parsed by orjson, which is fast and lets pass what must not pass: of keys that are there twice it takes the
last. So what it made of a row is compared with the row, and whatever it refuses, or could have got wrong, is parsed
again by the standard library's careful and slow decoder, which also says what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import orjson

from core.dataset.lines import LONGEST_LINE, blocks, bounded_lines
from core.dataset.records import RowError
from core.errors import ExamplesFileError

Row = tuple[int, dict[str, Any] | RowError]
"""A row's number and what it holds, or what is wrong with it."""

_DEEPEST = 32
_TOO_MANY = 1 << 40
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}"]', re.DOTALL)
_LISTS = ("data", "examples", "rows", "train")


def json_lines(file: TextIO) -> Iterator[Row]:
    """The rows of a file with one object a line; empty lines are passed over."""
    for number, line in enumerate(bounded_lines(file), start=1):
        if line is None:
            yield number, RowError("", "is longer than 1 MiB")
        elif text := line.strip(" \t\r\n"):
            yield number, _row(text)


def json_byte_lines(file: BinaryIO) -> Iterator[Row]:
    """The rows of a file in UTF-8 (without a mark) with one object a line; empty lines are passed over."""
    for number, block in blocks(file):
        yield from rows_of_block(number, block)


def rows_of_block(first: int, block: bytes) -> Iterator[Row]:
    """The rows of some whole lines; ``first`` is the number of the first."""
    for number, line in enumerate(block.split(b"\n"), start=first):
        if len(line) > LONGEST_LINE:
            yield number, RowError("", "is longer than 1 MiB")
            continue
        row = _quick(line) if line else None
        if row is not None:
            yield number, row
        elif line := line.strip(b" \t\r\n"):
            yield number, _decoded_row(line)


def json_list(text: str, path: Path, at: list[int]) -> Iterator[Row]:
    """The rows of a list of objects, or of an object that holds such a list under a usual name.

    Args:
        text: of the whole file.
        path: for messages.
        at: its one number is kept at how many characters were read.

    Raises:
        ExamplesFileError: it is not JSON as a whole.
    """
    start = len(text) - len(text.lstrip())
    if text.startswith("{", start):
        yield from _inside(text, path)
        return
    number, end = 0, start + 1
    for first, last in _elements(text, start, path):
        for item in _others(text[end:first], number, path):
            number += 1
            yield number, item
        number += 1
        row = text[first:last]
        yield number, _element(row) if len(row) <= LONGEST_LINE else RowError("", "is longer than 1 MiB")
        at[0] = end = last
    close = text.rfind("]")
    for item in _others(text[end:close], number, path):
        number += 1
        yield number, item


def is_one_object_a_line(text: str) -> bool:
    """Whether the first line is a whole object, and not the first line of one over several lines."""
    row = _row(text.lstrip().split("\n", 1)[0].strip())
    return not isinstance(row, RowError) and not any(isinstance(row.get(name), list) for name in _LISTS)


def _quick(line: bytes) -> dict[str, Any] | None:
    """The object in a line, if there is nothing in it that has to be looked at with care."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if row.__class__ is not dict:
        return None
    quotes = line.count(b'"')
    if b"\\" in line:
        if b"\\u0000" in line:
            return None
        quotes -= line.replace(b"\\\\", b"").count(b'\\"')
    texts = len(row)
    for value in row.values():
        if value.__class__ is str:
            texts += 1
        elif value.__class__ is dict or value.__class__ is list:
            texts += _texts(value, _DEEPEST - 1)
    return row if quotes == 2 * texts else None  # else a key is there twice, and one of the two is lost


def _element(text: str) -> dict[str, Any] | RowError:
    try:
        return _quick(text.encode()) or _row(text)
    except UnicodeEncodeError:
        return _row(text)


def _texts(value: Any, levels: int) -> int:
    """How many texts, keys included, stand inside of a value; more than can be, if it is nested deeper than that."""
    if value.__class__ is str:
        return 1
    if value.__class__ is not dict and value.__class__ is not list:
        return 0
    if levels == 0:
        return _TOO_MANY
    if value.__class__ is dict:
        return len(value) + sum(_texts(inner, levels - 1) for inner in value.values())
    return sum(_texts(inner, levels - 1) for inner in value)


def _decoded_row(line: bytes) -> dict[str, Any] | RowError:
    try:
        return _row(line.decode())
    except UnicodeDecodeError as error:
        return RowError("", f"is not UTF-8 at byte {error.start + 1}: it is in another encoding or damaged")


def _row(text: str) -> dict[str, Any] | RowError:
    if text.count("{") + text.count("[") > _DEEPEST and _depth(text) > _DEEPEST:
        return RowError("", f"is nested more than {_DEEPEST} levels deep")
    try:
        value = _decoder.decode(text)
    except RowError as error:
        return error
    except json.JSONDecodeError as error:
        return RowError("", f"is not JSON: {error.msg} at character {error.pos + 1}")
    return value if isinstance(value, dict) else RowError("", "is not an object with instruction and output")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RowError(twice[:80].encode(errors="replace").decode(), "is there twice")
    return found


def _number(_text: str) -> float:
    return 0.0  # no field is a number; their size is of no interest and shall cost nothing


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_number, parse_float=_number, parse_constant=_number)


def _depth(text: str) -> int:
    """How deep brackets are nested outside of strings."""
    deepest = depth = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in "]}":
            depth -= 1
    return deepest


def _elements(text: str, start: int, path: Path) -> Iterator[tuple[int, int]]:
    """Where the objects and lists directly inside the list at ``start`` are."""
    depth, first = 0, -1
    for match in _TOKEN.finditer(text, start):
        token = match[0]
        if token in "[{":
            depth += 1
            if depth == 2:
                first = match.start()
        elif token in "]}":
            depth -= 1
            if depth == 1:
                yield first, match.end()
            elif depth == 0:
                if token == "}" or text[match.end() :].strip():
                    raise _broken(text, match.start(), path, "the list ends here, but the file goes on")
                return
        elif token == '"':
            raise _broken(text, match.start(), path, "a text that begins here never ends")
    raise _broken(text, len(text), path, "the file ends in the middle of the list")


def _others(between: str, number: int, path: Path) -> list[RowError]:
    """What stands between two objects of a list: a comma, or rows that are no objects."""
    rest = between.strip()
    if rest in ("", ","):
        return []
    rest = rest.removeprefix(",").removesuffix(",").strip()
    try:
        values = _decoder.decode(f"[{rest}]") if len(rest) <= LONGEST_LINE else []
    except (RowError, json.JSONDecodeError) as error:
        raise ExamplesFileError(
            f"{path.name} is not valid JSON.",
            reason=f"Between rows {number} and {number + 1} stands {rest[:40]!r}.",
            hint="Correct it there, or save it as JSON again.",
        ) from error
    return [RowError("", "is not an object with instruction and output") for _ in values]


def _inside(text: str, path: Path) -> Iterator[Row]:
    """The rows of a file that is one object: those of the list in it, or itself."""
    if _depth(text) > _DEEPEST:
        raise ExamplesFileError(f"{path.name} is nested too deep.", reason=f"Up to {_DEEPEST} levels are read.")
    try:
        whole = _decoder.decode(text)
    except RowError as error:
        yield 1, error
        return
    except json.JSONDecodeError as error:
        raise _broken(text, error.pos, path, error.msg) from error
    rows = next((whole[name] for name in _LISTS if isinstance(whole.get(name), list)), [whole])
    for number, row in enumerate(rows, start=1):
        yield number, row if isinstance(row, dict) else RowError("", "is not an object with instruction and output")


def _broken(text: str, position: int, path: Path, what: str) -> ExamplesFileError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return ExamplesFileError(
        f"{path.name} is not valid JSON.",
        reason=f"Line {line}, character {column}: {what}.",
        hint="Correct it there, or save it as JSON again.",
        details=str(path),
    )
