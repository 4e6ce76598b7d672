"""The shapes that files of examples come in: what is found, what is proposed, and what it becomes."""

from __future__ import annotations

import json
import time

import pytest

from core.dataset.columns import Columns, missing
from core.dataset.example import Example, Turn
from core.dataset.importing import remembered
from core.dataset.importing.source import Source, looks_like_a_table
from core.errors import ExamplesFileError

QUESTION, ANSWER = {"role": "user", "content": "i"}, {"role": "assistant", "content": "o"}


@pytest.mark.parametrize(
    ("row", "example"),
    [
        pytest.param({"instruction": "i", "input": "c", "output": "o"}, Example("i", "c", "o"), id="alpaca"),
        pytest.param(
            {
                "conversations": [
                    {"from": "system", "value": "s"},
                    {"from": "human", "value": "i"},
                    {"from": "gpt", "value": "o"},
                ]
            },
            Example("i", "", "o", "s"),
            id="sharegpt",
        ),
        pytest.param(
            {"messages": [{"role": "developer", "content": "s"}, QUESTION, ANSWER, QUESTION, ANSWER], "weight": 1},
            Example("i", "", "o", "s", (Turn("user", "i"), Turn("assistant", "o"))),
            id="messages",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "i"}]}, ANSWER]},
            Example("i", "", "o"),
            id="parts",
        ),
        pytest.param({"prompt": "i", "completion": "o"}, Example("i", "", "o"), id="prompt and completion"),
        pytest.param({"prompt": [QUESTION], "completion": [ANSWER]}, Example("i", "", "o"), id="conversational"),
        pytest.param({"prompt": [QUESTION], "completion": "o"}, Example("i", "", "o"), id="half conversational"),
        pytest.param(
            {"instruction": "i", "context": "c", "response": "o", "category": "closed_qa"},
            Example("i", "c", "o", tags=("closed_qa",)),
            id="dolly",
        ),
        pytest.param(
            {"instruction": "i", "input": "", "output": "o", "system": "s", "history": [["q", "a"]]},
            Example("i", "", "o", "s", (Turn("user", "q"), Turn("assistant", "a"))),
            id="alpaca with history",
        ),
        pytest.param({"Customer question": "i", "Model-Answer": "o", "x": 1}, Example("i", "", "o"), id="longer names"),
    ],
)
def test_usual_shapes(take, row: dict[str, object], example: Example) -> None:
    for name, content in (("a.jsonl", json.dumps(row)), ("a.json", json.dumps([row], indent=1))):
        found = take(name, content)
        assert found.skipped == []
        assert found.examples == [example]


@pytest.mark.parametrize(
    ("names", "used"),
    [
        (("Question", "Answer"), {"instruction": "Question", "output": "Answer"}),
        (("instructions", "outputs"), {}),
        (("prompting", "responsetime"), {}),
        (
            ("question_id", "Question text", "response time", "final response"),
            {"instruction": "Question text", "output": "final response"},
        ),
        (("first question", "second question", "answer"), {"output": "answer"}),
        (("system_prompt", "output"), {"system": "system_prompt", "output": "output"}),
        (
            ("system_prompt", "the prompt", "output"),
            {"system": "system_prompt", "instruction": "the prompt", "output": "output"},
        ),
        (("question", "my question", "answer"), {"instruction": "question", "output": "answer"}),
    ],
)
def test_columns_are_found_by_whole_words(names: tuple[str, ...], used: dict[str, str]) -> None:
    assert Columns().of(names) == used
    assert missing(used) == tuple(field for field in ("instruction", "output") if field not in used)


def test_a_mapping_may_leave_a_field_empty_and_name_an_unusual_column(take) -> None:
    content = json.dumps({"text": "i", "label": "o", "input": "no", "note": "n"})
    mapping = {"instruction": "text", "output": "label", "input": ""}
    assert take("a.jsonl", content, mapping).examples == [Example("i", "", "o", note="n")]
    chats = json.dumps({"dialog": [QUESTION, ANSWER], "output": "no"})
    found = take("a.jsonl", chats, {"messages": "dialog", "output": ""})
    assert found.examples == [Example("i", "", "o")]
    assert found.shape["mapping"] == {"messages": "dialog"}


def test_what_lacks_a_column_is_shown_and_not_read(take) -> None:
    for name, content in (("a.csv", "Frage;Antwort\na;b"), ("a.jsonl", '{"Frage": "a", "Antwort": "b"}')):
        found = take(name, content)
        assert found.shape["missing"] == ("instruction", "output")
        assert [column[0] for column in found.shape["columns"]] == ["Frage", "Antwort"]
        assert (found.summary["examples"], found.summary["skipped"]) == (0, 0)
        assert len(found.messages) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", '{"prompt": "i", "answer": "o"}', "JSON lines"),
        ("a.json", '[{"prompt": "i", "answer": "o"}]', "JSON list"),
        ("a.jsonl", '{"prompt": "i", "answer": "o"}'.encode("utf-16"), "JSON lines, UTF-16"),
        ("a.csv", "prompt,answer\ni,o", "Table, commas"),
        ("a.csv", "prompt;answer\r\ni;o\r\n", "Table, semicolons"),
        ("a.csv", "prompt;answer;note\ni;o;größer als, früher\n".encode("cp1252"), "Table, semicolons, Windows-1252"),
        ("a.tsv", "prompt\tanswer\ni\to".encode("utf-16"), "Table, tabs, UTF-16"),
        ("a.txt", "prompt|answer\ni|o", "Table, bars"),
        ("a.csv", "sep=;\nprompt;answer\ni;o", "Table, semicolons"),
        ("a.csv", "prompt;answer, short\ni;o", "Table, semicolons"),
        ("a.csv", "'prompt','answer'\n'i','o'", "Table, commas"),
        ("a.csv", 'prompt,answer,note\ni,o,"a \\"b\\", c"\n', "Table, commas"),
        ("a.csv", '\n\n"prompt","answer","several\nlines"\ni,o,"x\n,y"\n', "Table, commas"),
    ],
)
def test_formats_are_said_in_words(take, name: str, content: str | bytes, words: str) -> None:
    found = take(name, content)
    assert (found.shape["format"], found.skipped, found.pairs) == (words, [], [("i", "o")])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Schöne Grüße für alle in Österreich – „natürlich“"),
        ("cp1251", "Привет, как дела? Это пример текста на русском языке"),
        ("cp1250", "Zażółć gęślą jaźń, příliš žluťoučký kůň"),
        ("cp1253", "Καλημέρα κόσμε, αυτό είναι ένα παράδειγμα"),
        ("shift_jis", "これは日本語のテキストです。質問と答えがあります。"),
        ("gb18030", "这是一个中文的例子,问题和答案都在这里"),
        ("cp949", "이것은 한국어 예제 텍스트입니다 안녕하세요"),
        ("utf-16-le", "plain words"),
        ("utf-32", "数📦"),
    ],
)
def test_the_encoding_of_a_table_is_detected(take, encoding: str, text: str) -> None:
    content = "instruction;output\r\n" + "".join(f"{text} {number};{text}\r\n" for number in range(5))
    found = take("a.csv", content.encode(encoding))
    assert found.pairs == [(f"{text} {number}", text) for number in range(5)]


def test_long_lines_do_not_slow_the_detection_down(take) -> None:
    start = time.process_time()
    found = take("a.csv", b"instruction,output\n" + b"x" * 900_000 + b",o\n\xe4,o\n")
    assert [example.instruction[:1] for example in found.examples] == ["x", "ä"]
    assert time.process_time() - start < 5, "it took a minute when each byte of the line was a new beginning"


def test_a_table_without_names(take) -> None:
    mapping = {"instruction": "A", "output": "B"}
    found = take("a.csv", "i,o\nj,p,\n", mapping, header=False)
    assert found.pairs == [("i", "o"), ("j", "p")]
    assert [column[0] for column in found.shape["columns"]] == ["A", "B"]
    assert take("a.csv", "i,o\nj\n", mapping, header=False).skipped == [(2, "output", "is missing")]


def test_pasted_text() -> None:
    rows = 'instruction\toutput\r\n"two\nlines"\t"say ""so"""\r\n'
    for text, ending in ((rows, ".tsv"), ('[{"a": 1}]', ".txt"), ("a,b\nc,d", ".txt"), ('{"a\tb": 1}\n', ".txt")):
        source = Source.from_text(text)
        assert source.path is not None
        assert source.path.suffix == ending
        assert source.path.read_text(encoding="utf-8") == text.replace("\r\n", "\n")
        assert source.name == "The pasted text"
        source.path.unlink()
    with pytest.raises(ExamplesFileError, match="no text"):
        Source.from_text("\ufeff \n")
    assert looks_like_a_table(rows)
    assert not looks_like_a_table("Dear all,\nhello\tworld")


def test_a_pasted_table_is_read(take) -> None:
    source = Source.from_text('instruction\toutput\r\n"two\nlines"\t"say ""so"""\r\n')
    assert source.path is not None
    assert take(str(source.path)).pairs == [("two\nlines", 'say "so"')]
    source.path.unlink()


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "a/b/c", "x" * 201, "http://x", "a/..b"])
def test_what_is_no_name_of_a_hub_dataset(name: str) -> None:
    with pytest.raises(ExamplesFileError, match="is not the name of a dataset"):
        Source(hub_id=name)


def test_mappings_are_remembered_by_the_set_of_columns() -> None:
    assert remembered.recall(["a", "b"]) is None
    remembered.remember(["a", "b"], {"instruction": "a", "output": "b", "input": ""})
    assert remembered.recall(["b", "a"]) == {"instruction": "a", "output": "b", "input": ""}
    assert remembered.recall(["a", "b", "c"]) is None
    for number in range(250):
        remembered.remember([str(number)], {"output": str(number)})
    assert remembered.recall(["a", "b"]) is None
    assert remembered.recall(["249"]) == {"output": "249"}
    remembered._path().write_text("[", encoding="utf-8")
    assert remembered.recall(["249"]) is None
