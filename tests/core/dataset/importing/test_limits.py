"""Rule S6: what no file may do to whoever reads it, each limit by a test; bad rows are named by their line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import paths
from core.dataset import lines
from core.dataset.importing import line_pool, lots, opening, taking
from core.errors import ExamplesFileError

MIB = 1 << 20


def row(**fields: object) -> str:
    return json.dumps({"instruction": "i", "output": "o", **fields})


def test_a_line_has_at_most_one_mib(take) -> None:
    fits = row(note="y" * (MIB - len(row(note=""))))
    assert len(fits) == MIB
    found = take("a.jsonl", f"{row()}\n{fits}\n{row()}\n{fits} \n{row()}")
    assert found.skipped == [(4, "", "is longer than 1 MiB")]
    assert len(found.examples) == 4
    found = take("a.json", f"[{row()}, {row(note='y' * MIB)}, {row()}]")
    assert found.skipped == [(2, "", "is longer than 1 MiB")]
    with pytest.raises(ExamplesFileError, match=r"Row 3 of a\.csv is longer than 1 MiB"):
        take("a.csv", f"instruction,output\ni,o\ni,{'y' * (MIB + 1)}\n")


@pytest.mark.parametrize("length", [MIB + 1, 3 * MIB, 100 * MIB])
def test_a_line_of_any_length_costs_no_memory(take, tmp_path: Path, length: int) -> None:
    resource = pytest.importorskip("resource")
    with open(tmp_path / "a.jsonl", "w", encoding="utf-8") as file:
        file.write(row() + "\n")
        file.write("[" * length + "\n")
        file.write(row() + "\n" + "x" * length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = take("a.jsonl")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert found.skipped == [(2, "", "is longer than 1 MiB"), (4, "", "is longer than 1 MiB")]
    assert [line for line, *_ in found.skipped] == [2, 4]
    assert len(found.examples) == 2
    assert grown < 60 << 10, "kilobytes"


def test_a_row_of_a_table_over_many_lines_is_bounded(take) -> None:
    cells = ",".join(['"x\n"'] * 20)
    with pytest.raises(ExamplesFileError, match=r"Row 2 of a\.csv is longer"):
        take("a.csv", "instruction,output\n" + ",".join([cells] * 60_000 * 4))


def test_a_file_has_at_most_two_gib(take, tmp_path: Path) -> None:
    assert lines.LARGEST_FILE == 2 << 30
    for name in ("a.json", "a.jsonl", "a.csv", "a.xlsx"):
        with open(tmp_path / name, "wb") as file:
            file.truncate(lines.LARGEST_FILE + 1)
        with pytest.raises(ExamplesFileError, match=f"{name} is too large"):
            take(name)


def test_a_row_is_nested_at_most_32_levels_deep(take) -> None:
    def nested(levels: int) -> str:
        return row(x=5).replace("5", "[" * levels + "]" * levels)

    found = take("a.jsonl", "\n".join((nested(31), nested(32), nested(33), nested(100_000), row())))
    assert found.skipped == [(line, "", "is nested more than 32 levels deep") for line in (2, 3, 4)]
    assert len(found.examples) == 2
    found = take("a.json", f"[{nested(31)},\n{nested(32)},{nested(100_000)}, {row()}]")
    assert [line for line, *_ in found.skipped] == [2, 3]


def test_there_are_at_most_five_million_rows(take, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opening.MOST_ROWS == 5_000_000
    for module in (taking, opening):
        monkeypatch.setattr(module, "MOST_ROWS", 300)
    assert len(take("a.jsonl", (row() + "\n") * 300).examples) == 300
    with pytest.raises(ExamplesFileError, match="more than 300 rows"):
        take("a.jsonl", (row() + "\n") * 301)
    with pytest.raises(ExamplesFileError, match="more than 300 rows"):
        take("a.csv", "instruction,output\n" + "i,o\n" * 1000)


def test_json_is_strictly_utf8(take) -> None:
    bad = row(note="?").encode().replace(b"?", b"\xe4")
    found = take("a.jsonl", b"\n".join((row().encode(), bad, row(note="ä数📦").encode())))
    assert found.skipped == [(2, "", "is not UTF-8 at byte 46: it is in another encoding or damaged")]
    assert len(found.examples) == 2
    with pytest.raises(ExamplesFileError, match=r"a\.json is not text in UTF-8\. Line 3, byte 47 is no character"):
        take("a.json", b"[" + row().encode() + b",\n\n " + bad + b"]")
    overlong, surrogate = (
        b'{"instruction": "\xc0\xaf", "output": "o"}',
        b'{"instruction": "\xed\xa0\x80", "output": "o"}',
    )
    assert [line for line, *_ in take("a.jsonl", b"\n".join((overlong, surrogate))).skipped] == [1, 2]


def test_half_characters_are_refused(take) -> None:
    bad = [row(input=text) for text in ("\ud800", "x\udc00", "\udc00\ud800")]
    found = take("a.jsonl", "\n".join((*bad, row(input="\U0001f4e6"))))
    reasons = [f"contains half a character (a lone surrogate) at {place}" for place in (1, 2, 1)]
    assert found.skipped == [(line, "input", reasons[line - 1]) for line in (1, 2, 3)]
    assert [example.input for example in found.examples] == ["📦"]


@pytest.mark.parametrize(
    "twice",
    [
        '{"instruction": "i", "output": "o", "output": "p"}',
        '{"instruction": "i", "output": 5, "output": "p"}',
        '{"instruction": "i", "output": "o", "output": 5}',
        '{"instruction": "i", "output": "o", "outp\\u0075t": "p"}',
        '{"instruction": "i \\" \\\\", "output": "o \\\\\\"", "output": "p"}',
        '{"instruction": "i", "output": "o", "x": {"output": "a", "output": "b"}}',
        '{"instruction": "i", "output": "o", "history": [{"output": 1, "output": 2}]}',
    ],
)
def test_keys_that_are_there_twice_are_refused(take, twice: str) -> None:
    found = take("a.jsonl", f"{row()}\n{twice}\n{row()}")
    assert found.skipped == [(2, "output", "is there twice")]
    assert take("a.json", f"[{row()}, {twice}]").skipped == [(2, "output", "is there twice")]


def test_nul_is_refused(take) -> None:
    found = take("a.jsonl", "\n".join((row(), row(note="a\0b"), row(note="\\u0000"))))
    assert found.skipped == [(2, "note", "contains a NUL character")]
    assert found.examples[1].note == "\\u0000"


def test_what_is_no_file_of_examples_ends_soon(take, tmp_path: Path) -> None:
    with pytest.raises(ExamplesFileError, match=r"None of its first 10,000 rows is one\. Row 1, output: is a number"):
        take("a.jsonl", '{"instruction": "a", "output": 5}\n' * 30_000)
    with pytest.raises(ExamplesFileError, match="It begins neither with"):
        take("a.jsonl", b"\x7fELF" + os.urandom(3000).replace(b"\0", b"x"))
    with pytest.raises(ExamplesFileError, match="NUL bytes"):
        take("a.jsonl", b"{\0" * 300)
    (tmp_path / "folder.jsonl").mkdir()
    for name, said in (("folder.jsonl", "is not a file"), ("none.jsonl", "cannot be read")):
        with pytest.raises(ExamplesFileError, match=said):
            take(name)


@pytest.mark.skipif(sys.platform == "win32", reason="no such file there")
def test_a_device_is_no_file(take) -> None:
    with pytest.raises(ExamplesFileError, match="is not a file"):
        take("/dev/zero")


def test_several_processes_read_what_one_reads(take, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ("5", '{"instruction": "i", "output": "o", "output": 1}', "x" * (MIB + 5), row(note="\ud800"))
    rows = [row(instruction=f"ä {number}", tags=["a"] * (number % 3)) for number in range(20_000)]
    for place, text in enumerate(bad):
        rows[3000 * place + 7] = text
    content = "\ufeff" + "\n".join(rows)
    alone = take("a.jsonl", content)
    monkeypatch.setattr(opening, "LARGE", 1000)
    monkeypatch.setattr(line_pool, "cores", lambda: 4)
    together = take("a.jsonl", content)
    assert together.messages[-1] == alone.messages[-1]
    assert [line for line, *_ in together.skipped] == [8, 3008, 6008, 9008]
    assert together.examples == alone.examples
    assert together.shape == alone.shape


def test_a_process_that_dies_while_reading_is_no_end_of_the_file(take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LARGE", 1000)
    monkeypatch.setattr(line_pool, "cores", lambda: 4)
    started = line_pool._started

    def dying(mapping: object) -> object:
        process = started(mapping)  # type: ignore[arg-type]
        process.kill()
        return process

    monkeypatch.setattr(line_pool, "_started", dying)
    with pytest.raises(ExamplesFileError, match="ended before its work was done"):
        take("a.jsonl", (row() + "\n") * 1000)


def test_the_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    import psutil

    (tmp_path / "a.jsonl").write_text((row(note="x" * 500) + "\n") * 20_000, encoding="utf-8")
    code = (
        "import sys\nfrom core.dataset.importing import line_pool\nline_pool.cores = lambda: 4\n"
        "for lot in line_pool.lots(open(sys.argv[1], 'rb'), {}): print('there', flush=True); sys.stdin.readline()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a.jsonl")], cwd=paths.package_root(), **pipes
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        readers = psutil.Process(process.pid).children()
        process.kill()
    assert len(readers) == 3
    _gone, alive = psutil.wait_procs(readers, timeout=30)
    assert alive == []


def test_rows_of_many_shapes_do_not_fill_the_memory(take) -> None:
    content = "\n".join(row(**{f"x{number}": 1}) for number in range(3000))
    assert len(take("a.jsonl", content).examples) == 3000
    assert lots._MOST < 3000
