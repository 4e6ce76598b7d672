"""import and export-examples: sources, choices and filters on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.dataset import files
from core.dataset.example import Example, Status
from core.project import Project


def examples_of(path: Path) -> list[Example]:
    with Project.open(path, read_only=True) as project:
        return list(project.store.iterate())


@pytest.fixture
def empty(cli, tmp_path: Path) -> Path:
    cli("new", tmp_path / "empty")
    return tmp_path / "empty"


def test_duplicates_are_left_out_when_asked(cli, project, tmp_path: Path) -> None:
    rows = [{"instruction": f"Question {n}", "input": "ä 🐄", "output": f"Answer {n}"} for n in (1, 1, 70, 70)]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = json.loads(cli("import", project, file, "--leave-out-duplicates", "--json").out)
    assert (result["imported"], result["duplicates"], result["twice"], result["known"]) == (1, 3, 2, 2)
    assert [example.instruction for example in examples_of(project)[61:]] == ["Question 70"]


def test_a_file_is_found_from_the_current_folder(cli, empty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.jsonl").write_text('{"instruction": "a", "output": "b"}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert json.loads(cli("import", empty.name, "rows.jsonl", "--json").out)["imported"] == 1


def test_what_an_import_says_adds_up(cli, project, tmp_path: Path) -> None:
    rows = [{"instruction": f"Question {n}", "input": "ä 🐄", "output": f"Answer {n}"} for n in (1, 1, 70, 70, 70)]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert cli("import", project, file, "--leave-out-duplicates").out.splitlines() == [
        "Imported 1 of 5 examples.",
        "Left out 2 that were in the project already.",
        "Left out 2 that were in the file twice.",
    ]
    assert cli("import", project, file, "--leave-out-duplicates").out.splitlines() == [
        "Imported 0 of 5 examples.",
        "Left out 5 that were in the project already.",
    ]
    rows = [{"instruction": f"Question {n}", "output": "x"} for n in (80, 80)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert cli("import", project, file).out.splitlines() == ["Imported 2 examples.", "1 of them was in the file twice."]


def test_one_is_said_as_one(cli, empty, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('instruction,output\n"i"x,o\ni,o\n', encoding="utf-8")
    said, why = cli("import", empty, file).out.splitlines()
    assert said == "Imported 1 example."
    assert why.startswith("Left out row 2: it is not well-formed: ")
    assert why.endswith(" (line 2 of the file).")
    assert cli("export-examples", empty, tmp_path / "out.jsonl").out.startswith("Wrote 1 example to ")


def test_a_missing_column_is_named_with_what_to_do(cli, empty, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("Frage;Antwort\na;b\n", encoding="utf-8")
    outcome = cli("import", empty, file)
    assert outcome.code == 1
    assert "no column for the instruction. Its columns are Frage, Antwort. Say which one" in outcome.err
    assert "--map instruction=COLUMN" in outcome.err
    outcome = cli("import", empty, file, "--map", "instruction=Frage", "--map", "output=Wort")
    assert "has no column named Wort. Its columns are Frage, Antwort" in outcome.err
    outcome = cli("import", empty, file, "--map", "x=Frage")
    assert (outcome.code, examples_of(empty)) == (2, [])
    assert not list(empty.glob(".staging-*")), "nothing is left behind"


def test_a_table_without_names(cli, empty, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("a\tb\nc\td\n", encoding="utf-8")
    result = cli("import", empty, file, "--no-header", "--map", "instruction=A", "--map", "output=B", "--json")
    assert json.loads(result.out)["imported"] == 2
    assert [(example.instruction, example.output) for example in examples_of(empty)] == [("a", "b"), ("c", "d")]


def test_a_sheet_is_chosen(cli, empty, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Notes"
    book.active.append(["nothing", "here"])
    book.create_sheet("Data")
    book["Data"].append(["question", "answer"])
    book["Data"].append(["q", 5])
    book.save(tmp_path / "a.xlsx")
    assert cli("import", empty, tmp_path / "a.xlsx").code == 1
    assert "It has Notes, Data" in cli("import", empty, tmp_path / "a.xlsx", "--sheet", "data").err
    assert cli("import", empty, tmp_path / "a.xlsx", "--sheet", "Data").code == 0
    assert [(example.instruction, example.output) for example in examples_of(empty)] == [("q", "5")]


def test_a_field_can_be_left_empty(cli, empty, tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text('[{"instruction": "i", "output": "o", "context": "c", "category": "x"}]', encoding="utf-8")
    assert cli("import", empty, file, "--map", "tags=").code == 0
    assert examples_of(empty) == [Example("i", "c", "o")]


def test_some_of_the_examples_are_exported(cli, project, tmp_path: Path) -> None:
    with Project.open(project) as opened:
        opened.store.update_many([3, 4], tags=("kept",))
    file = tmp_path / "out.jsonl"
    for options, count in (
        (["--status", "draft"], 1),
        (["--status", "ready"], 60),
        (["--search", "question 5"], 15),
        (["--tag", "kept"], 2),
        (["--tag", "kept", "--search", "Answer 3"], 1),
    ):
        outcome = cli("export-examples", project, file, *options, "--json")
        assert json.loads(outcome.out)["examples"] == count, options
    assert cli("export-examples", project, file, "--form", "messages", "--status", "ready").code == 0
    assert json.loads(file.read_text(encoding="utf-8").split("\n")[0]) == {
        "messages": [
            {"role": "user", "content": "Question 0\n\nä 🐄"},
            {"role": "assistant", "content": "Answer 0"},
        ]
    }
    assert cli("export-examples", project, tmp_path / "out.csv", "--form", "messages").code == 1


@pytest.mark.parametrize("ending", ["tsv", "xlsx", "parquet"])
def test_tables_come_back(ending: str, cli, project, empty, tmp_path: Path) -> None:
    file = tmp_path / f"out.{ending}"
    assert cli("export-examples", project, file).code == 0
    assert json.loads(cli("import", empty, file, "--json").out)["imported"] == 61
    assert examples_of(empty) == examples_of(project)


def test_formulas_are_defused_unless_asked_otherwise(cli, empty, tmp_path: Path) -> None:
    with Project.open(empty) as opened:
        opened.store.add([Example("=1+1", "", "o", status=Status.READY)])
    file = tmp_path / "out.csv"
    cli("export-examples", empty, file)
    assert "'=1+1" in file.read_text(encoding="utf-8-sig")
    cli("export-examples", empty, file, "--formulas")
    assert "'=1+1" not in file.read_text(encoding="utf-8-sig")
    assert files.read(file).examples == [Example("=1+1", "", "o")]
