"""Reading files of examples: good rows come in, bad ones are named, hostile ones do no harm."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest

from core.dataset import files, lines
from core.dataset.example import Example, Split, Status, Turn
from core.dataset.files import ReadResult, Skipped
from core.dataset.importing import opening
from core.errors import ExamplesFileError, UserError


@pytest.fixture
def reading(tmp_path: Path):
    def read(name: str, content: str | bytes, mapping: dict[str, str] | None = None) -> ReadResult:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return files.read(path, mapping)

    return read


def _pairs(result: ReadResult) -> list[tuple[str, str]]:
    return [(example.instruction, example.output) for example in result.examples]


def _row(**fields: object) -> str:
    return json.dumps({"instruction": "i", "output": "o", **fields})


ONE = [("i", "o")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "[" + _row() + "]"),
        ("a.json", "\ufeff  [\n" + _row() + "\n]\n\n"),
        ("a.json", _row()),
        ("a.json", json.dumps({"data": [json.loads(_row())]})),
        ("a.json", json.dumps({"version": 1, "examples": [json.loads(_row())]}, indent=2)),
        ("a.json", json.dumps(json.loads(_row()), indent=2)),
        ("a.jsonl", _row()),
        ("a.jsonl", "\r\n" + _row() + "\r\n\r\n"),
        ("a.ndjson", _row() + "\n"),
        ("a.txt", _row() + "\n"),
        ("a", "[" + _row() + "]"),
        ("a.JSON", "[" + _row() + "]"),
        ("a.csv", "instruction,output\ni,o"),
        ("a.csv", "\ufeffinstruction,output\r\ni,o\r\n"),
        ("a.csv", "Output;Instruction\no;i\n\n;\n"),
        ("a.csv", '"instruction"|"output"\n"i"|"o"'),
        ("a.csv", "instruction\toutput\ri\to\r"),
        ("a.csv", "\n\ninstruction,output\ni,o"),
        ("a.tsv", "instruction\toutput\ni\to"),
        ("a.txt", "instruction,output\ni,o"),
        ("a.json", ("[" + _row() + "]").encode("utf-16")),
        ("a.jsonl", (_row() + "\n").encode("utf-16")),
        ("a.csv", "\ufeffinstruction,output\ni,o".encode("utf-16-be")),
        ("a.csv", "instruction\toutput\r\ni\to".encode("utf-16")),
        ("a.csv", "instruction,output\ni,o".encode("utf-32")),
        ("a.csv", "instruction,output\ni,o".encode("utf-16-le")),
        ("a.csv", "instruction,output\ni,o".encode("utf-16-be")),
        ("a.csv", "sep=;\r\ninstruction;output;a,b\r\ni;o;\r\n"),
        ("a.csv", "'instruction','output'\n'i','o'\n"),
    ],
)
def test_formats_are_told_apart(reading, name: str, content: str | bytes) -> None:
    result = reading(name, content)
    assert _pairs(result) == ONE
    assert result.skipped == []


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "i", "completion": "o"},
        {"Question": "i", "Answer": "o"},
        {"INSTRUCTION": "i", "response": "o", "prompt": "not this one", "id": 4, "extra": {"deep": [1]}},
        {"messages": [{"role": "user", "content": "i"}, {"role": "assistant", "content": "o"}]},
        {"conversations": [{"from": "human", "value": "i"}, {"from": "gpt", "value": "o"}]},
        {"instruction": "i", "output": "o", "input": None, "tags": None, "system": None, "history": None},
    ],
)
def test_usual_names_are_understood(reading, row: dict[str, object]) -> None:
    assert _pairs(reading("a.json", json.dumps([row]))) == ONE


def test_a_name_that_only_contains_a_usual_one_is_not_taken(reading) -> None:
    result = reading("a.jsonl", '{"instructions_given_by": "x", "output": "o"}')
    assert result.skipped == [Skipped(1, "instruction", "is missing")]


def test_a_mapping_goes_before_usual_names(reading) -> None:
    mapping = {"instruction": "Frage", "output": "prompt"}
    assert _pairs(reading("a.jsonl", '{"Frage": "i", "prompt": "o", "output": "no"}', mapping)) == ONE
    assert _pairs(reading("a.csv", "frage,prompt,output\ni,o,no", mapping)) == ONE
    with pytest.raises(ValueError, match="no such field"):
        reading("a.csv", "a,b\n", {"instrution": "a"})


def test_all_fields(reading) -> None:
    full = {
        "instruction": "i",
        "input": "in",
        "output": "o",
        "system": "s",
        "history": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
        "tags": ["x", " x ", "y"],
        "note": "n",
        "status": "Excluded",
        "split": "held-out",
    }
    (found,) = reading("a.json", json.dumps([full])).examples
    turns = (Turn("user", "q"), Turn("assistant", "a"))
    assert found == Example("i", "in", "o", "s", turns, ("x", "y"), "n", Status.EXCLUDED, Split.HELDOUT)
    (pairs,) = reading("a.jsonl", _row(history=[["q", "a"]], tags="x; y", status="published", split=3)).examples
    assert (pairs.history, pairs.tags, pairs.status, pairs.split) == (turns, ("x", "y"), Status.READY, Split.AUTO)


def test_a_conversation_becomes_history_and_a_last_answer(reading) -> None:
    said = [("system", "s"), ("user", "q"), ("assistant", "a"), ("user", "i"), ("assistant", "o")]
    messages = [{"role": role, "content": text} for role, text in said]
    (found,) = reading("a.jsonl", json.dumps({"messages": messages})).examples
    assert found == Example("i", "", "o", "s", (Turn("user", "q"), Turn("assistant", "a")))
    assert [message["content"] for message in found.messages()] == ["s", "q", "a", "i", "o"]
    for wrong in (messages[:2], messages[1:2], [*messages, messages[0]], [], ["x"], [{"role": "tool", "content": "x"}]):
        result = reading("a.jsonl", json.dumps({"messages": wrong}))
        assert [(item.row, item.column) for item in result.skipped] == [(1, "messages")]


BAD = [
    (_row(output=5), "output", "is a number, not text"),
    (_row(output=True), "output", "is true or false, not text"),
    (_row(output=["a"]), "output", "is a list, not text"),
    (_row(input={"a": 1}), "input", "is an object, not text"),
    (_row(instruction=None), "instruction", "is null"),
    (_row(output=None), "output", "is null"),
    ('{"output": "o"}', "instruction", "is missing"),
    ('{"instruction": "i"}', "output", "is missing"),
    ('{"instruction": " ", "input": "", "output": "\\n"}', "", "is empty"),
    ('{"instruction": "i", "output": "o", "output": "p"}', "output", "is there twice"),
    ('{"instruction": "\\ud800", "output": "o"}', "instruction", "contains half a character (a lone surrogate) at 1"),
    (_row(note="a\0"), "note", "contains a NUL character"),
    (_row(tags=[5]), "tags", "is a number, not text"),
    (_row(history=[[1, 2]]), "history", "is a number, not text"),
    (_row(history={"a": 1}), "history", "is an object, not a list of messages"),
    (_row(x=[]).replace("[]", "[" * 100_000 + "]" * 100_000), "", "is nested more than 32 levels deep"),
    (_row(x=5).replace("5", "[" * 50 + "]" * 50), "", "is nested more than 32 levels deep"),
    ("5", "", "is not an object with instruction and output"),
    ('["i", "o"]', "", "is not an object with instruction and output"),
    (_row(x="y" * (1 << 20)), "", "is longer than 1 MiB"),
]


@pytest.mark.parametrize(("bad", "column", "reason"), BAD)
def test_a_bad_row_is_named_and_the_others_kept(reading, bad: str, column: str, reason: str) -> None:
    for name, content in (
        ("a.jsonl", "\n".join((_row(), "", bad, _row()))),
        ("a.json", f"[{_row()},\n{_row()},{bad}, {_row()}]"),
    ):
        result = reading(name, content)
        assert result.skipped == [Skipped(3, column, reason)], name
        assert set(_pairs(result)) == set(ONE)


def test_numbers_of_any_size_cost_nothing(reading) -> None:
    assert _pairs(reading("a.jsonl", _row(x=0).replace("0", "9" * 100_000) + "\n" + _row(y=float("nan")))) == ONE * 2


def test_broken_lines_are_named(reading) -> None:
    result = reading("a.jsonl", f'{_row()}\n{{"instruction": "i", \n{_row()}\n{_row()}{_row()}\nplain words')
    assert [item.row for item in result.skipped] == [2, 4, 5]
    assert all(item.reason.startswith("is not JSON: ") for item in result.skipped)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "character 100001: the file ends in the middle"),
        ('[{"a": ' * 50_000, "the file ends in the middle"),
        (f"[{_row()},\n", "Line 2, character 1: the file ends in the middle"),
        (f"[{_row()}] [", "the file goes on"),
        (f'[{_row()}, {{"a: 1}}]', "never ends"),
        (f"[{_row()}, hello, {_row()}]", "Between rows 1 and 2 stands 'hello'"),
        ('{"a": [1, }', "Line 1"),
        ('{"data": ' + "[" * 90_000 + "]" * 90_000 + "}", "32 levels"),
        ("", "It is empty"),
        ("  \n ", "It is empty"),
        ("hello", "begins neither"),
    ],
)
def test_a_json_file_that_is_broken_as_a_whole_is_refused(reading, content: str, said: str) -> None:
    with pytest.raises(ExamplesFileError) as caught:
        reading("a.json", content)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2", "no column for the instruction. Its first row is taken for the names of the columns: a, b"),
        ("instruction,reply\n1,2", "no column for the output"),
        ("", "It is empty"),
        ("instruction,output,output\n1,2,3", "two columns named output"),
        ('instruction,output\n"' + "x\n" * 600_000, "Row 2 of a.csv is longer than 1 MiB"),
        ("instruction,output\n" + "x" * (1 << 21), "Row 2 of a.csv is longer than 1 MiB"),
        (bytes(range(256)) * 20, "is not text in UTF-8"),
        ("instruction,output\ni,o".encode("utf-16")[:-1], "Byte 45 is no character of UTF-16; the file may be cut off"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(reading, content: str | bytes, said: str) -> None:
    with pytest.raises(ExamplesFileError) as caught:
        reading("a.csv", content)
    assert said in str(caught.value)


def test_rows_of_tables_have_a_spreadsheets_numbers(reading) -> None:
    result = reading(
        "a.csv",
        'instruction;input;output\r\ni;"two\nlines; ""quoted""";o\r\n;;\r\n\r\ni;;o;more\r\n'
        '"a"b;c;d\r\ni;;\r\n;;o\r\ni',
    )
    assert result.examples[0] == Example("i", 'two\nlines; "quoted"', "o")
    assert _pairs(result) == [("i", "o"), ("i", ""), ("", "o")]
    assert [(item.row, item.column) for item in result.skipped] == [(3, ""), (5, ""), (6, ""), (9, "output")]


def test_rows_that_say_the_same_are_counted_and_kept(reading) -> None:
    result = reading("a.jsonl", "\n".join([_row(), _row(note="other note"), _row(input="x"), _row()]))
    assert (len(result.examples), result.duplicates) == (4, 2)


def test_what_is_no_file_of_examples_ends_soon(reading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ExamplesFileError, match=r"holds no examples.*first 10,000 rows"):
        reading("a.jsonl", '{"a": 1}\n' * 20_000)
    monkeypatch.setattr(files, "MOST_ROWS", 10)
    monkeypatch.setattr(opening, "MOST_ROWS", 10)
    with pytest.raises(ExamplesFileError, match="more than 10 rows"):
        reading("a.jsonl", (_row() + "\n") * 11)
    monkeypatch.setattr(lines, "LARGEST_FILE", 100)
    with pytest.raises(ExamplesFileError, match="too large"):
        reading("a.jsonl", (_row() + "\n") * 11)
    for path in (tmp_path, tmp_path / "nothing.json", Path("/dev/null"), tmp_path / ("x" * 300)):
        with pytest.raises(ExamplesFileError):
            files.read(path)


def test_reading_works_in_a_thread_with_a_small_stack(reading) -> None:
    before = threading.stack_size(256 * 1024)
    results: list[object] = []

    def work() -> None:
        results.append(reading("a.jsonl", _row(x=0).replace("0", "[" * 300_000) + "\n" + _row()))

    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert isinstance(results[0], ReadResult)
    assert _pairs(results[0]) == ONE


def test_damaged_files_never_break_the_reader(reading) -> None:
    dice = random.Random(8)
    good = [
        ("a.json", "[" + ",".join(_row(x=[{"y": n}], tags=["a", "ß"]) for n in range(6)) + "]"),
        ("a.jsonl", "\n".join(_row(input="数", history=[["q", "a"]]) for _ in range(6))),
        ("a.csv", 'instruction,input,output\n"a ""b""",c,"d\ne"\nf,"g",h\n' * 2),
    ]
    read = 0
    start = time.process_time()
    for number in range(900):
        name, text = good[number % 3]
        data = bytearray(text.encode("utf-16" if dice.random() < 0.1 else "utf-8"))
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(data))
            match dice.randrange(4):
                case 0:
                    data[at] = dice.randrange(256)
                case 1:
                    del data[at : at + dice.randrange(40)]
                case 2:
                    data[at:at] = dice.choice([b"[", b"]", b'"', b"\\", b"{", b"}", b",", b"\0", b"\xff", b"\n"]) * 3
                case 3:
                    data[at:at] = data[: dice.randrange(len(data))]
            if not data:
                break
        try:
            result = reading(name, bytes(data))
        except ExamplesFileError:
            continue
        read += 1
        assert all(item.row >= 1 and item.reason for item in result.skipped)
        for example in result.examples:
            example.output.encode()
    assert read > 300
    assert time.process_time() - start < 20


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv", "tsv"])
def test_writing_replaces_the_file_in_one_step_or_not_at_all(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out {ending} 数 #1.{ending}"
    assert files.write(path, [Example("a", "", "b")] * 3) == 3
    before = path.read_bytes()

    def failing():
        yield Example("c", "", "d")
        raise UserError("stopped")

    with pytest.raises(UserError, match="stopped"):
        files.write(path, failing())
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert files.write(path, []) == 0


def test_writing_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not say in which format"):
        files.write(tmp_path / "a.docx", [])
    with pytest.raises(UserError, match="could not be written"):
        files.write(tmp_path / "missing" / "a.json", [])


def test_the_seed_format_is_written_plainly(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write(path, [Example("Grüße", "数", "o"), Example("i", "", "o", tags=("t",), status=Status.DRAFT)])
    assert json.loads(path.read_text(encoding="utf-8")) == [
        {"instruction": "Grüße", "input": "数", "output": "o"},
        {"instruction": "i", "input": "", "output": "o", "tags": ["t"], "status": "draft"},
    ]
    assert "Grüße" in path.read_text(encoding="utf-8")
