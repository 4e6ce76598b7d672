"""The quick ways of reading give what the careful ones give, or hand over to them."""

from __future__ import annotations

import json
from io import BytesIO

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.dataset import json_rows, lines
from core.dataset.columns import Columns
from core.dataset.importing.lots import Maker
from core.dataset.importing.staging import staged
from core.dataset.records import RowError, example_of
from core.dataset.rows import columns_of

_texts = st.text(alphabet='ab"\\{}[]:, \n\t\x00\ud800ä数📦', max_size=12)
_values = st.recursive(
    st.one_of(_texts, st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=6,
)
_names = st.sampled_from(["instruction", "input", "output", "system", "note", "tags", "prompt", "x", 'y"', "z\\"])
_pairs = st.lists(st.tuples(_names, st.one_of(_texts, _texts, _values)), max_size=6)


def _written(pairs: list[tuple[str, object]], ascii: bool) -> bytes:
    inside = ", ".join(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=ascii)}" for name, value in pairs)
    return f"{{{inside}}}".encode("utf-8", "surrogatepass")


@settings(max_examples=600, deadline=None)
@given(pairs=_pairs, ascii=st.booleans())
@example(pairs=[("output", '\\"'), ("output", 5)], ascii=True)
@example(pairs=[("output", 5), ("output", '\\\\"')], ascii=True)
def test_a_row_of_json(pairs: list[tuple[str, object]], ascii: bool) -> None:
    line = _written(pairs, ascii)
    quick, careful = json_rows._quick(line), json_rows._decoded_row(line)
    if quick is not None:
        assert isinstance(careful, dict)
        assert list(quick) == list(careful)
        texts = [(name, value) for name, value in quick.items() if isinstance(value, str)]
        assert texts == [(name, value) for name, value in careful.items() if isinstance(value, str)]
    if len(dict(pairs)) < len(pairs):
        assert quick is None
        assert isinstance(careful, RowError)


@settings(max_examples=400, deadline=None)
@given(pairs=_pairs)
@example(pairs=[("instruction", " "), ("output", "\n")])
@example(pairs=[("instruction", " "), ("output", ""), ("input", "x")])
@example(pairs=[("instruction", " "), ("output", ""), ("note", " ")])
@example(pairs=[("instruction", ""), ("output", "o")])
@example(pairs=[("instruction", "i"), ("output", "o"), ("note", "\0")])
@example(pairs=[("instruction", "i"), ("output", "o"), ("system", "\ud800")])
def test_a_row_as_an_example(pairs: list[tuple[str, object]]) -> None:
    row, columns = dict(pairs), Columns()
    _, taken, skipped = Maker(columns).lot([(7, row)])
    reason = ""
    expected = []
    try:
        expected = [staged(7, columns_of(example_of(row, columns)))]
    except RowError as error:
        reason = error.reason
    assert taken == expected
    assert [(item[0], item[2]) for item in skipped] == ([(7, reason)] if reason else [])


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"bc" * 9, b"d" * 40]), max_size=30), size=st.integers(1, 50)
)
def test_blocks_hold_whole_lines(pieces: list[bytes], size: int) -> None:
    content = b"".join(pieces)
    before = lines.LONGEST_LINE, lines._BLOCK
    lines.LONGEST_LINE, lines._BLOCK = 30, size
    try:
        found = list(lines.blocks(BytesIO(content)))
    finally:
        lines.LONGEST_LINE, lines._BLOCK = before
    shown = [line for _, block in found for line in block.removesuffix(b"\n").split(b"\n")]
    numbers = [first for first, _ in found]
    expected = content.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert [line if len(line) <= 30 else b"long" for line in shown] == [
        line if len(line) <= 30 else b"long" for line in expected
    ]
    assert all(len(line) <= 31 + size for line in shown)
    counted = 1
    for first, block in found:
        assert first == counted
        counted += block.count(b"\n")
    assert numbers == sorted(numbers)
