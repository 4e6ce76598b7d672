"""What the user says of a run: title, note, star."""

import json

import pytest

from core.errors import RunError
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.notes import Notes
from core.runs.record import Record


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "0003-harbour-letters"
    path.mkdir()
    return RunFolder(path)


def test_nothing_was_said_yet(run):
    assert notes.read(run) == Notes()
    assert notes.title(run, Notes()) == "Run 3 · Harbour letters"


def test_a_run_without_a_name_has_its_number(tmp_path):
    run = RunFolder(tmp_path / "0007-run")
    assert (notes.title(run, Notes()), notes.name(run, Notes())) == ("Run 7", "")


def test_what_was_said_comes_back_and_is_the_run_s_title(run):
    said = Notes(title="Größe 数据", note="Rank 32 was too much.\nNext: 8.", starred=True)
    assert notes.write(run, said) == said
    assert notes.read(run) == said
    assert notes.title(run, said) == "Run 3 · Größe 数据"
    assert Record.load(run).notes == said


def test_a_title_is_one_line_of_bounded_length(run):
    kept = notes.write(run, Notes(title="  two\nlines " + "x" * 500, note="n" * 50_000))
    assert kept.title.startswith("two lines x")
    assert len(kept.title) == notes.LONGEST_TITLE
    assert len(kept.note) == notes.LONGEST_NOTE
    assert notes.read(run) == kept


@pytest.mark.parametrize("text", ["", "[]", "{", '{"title": 7, "starred": true}', '{"note": null}', "\x00"])
def test_a_damaged_file_says_nothing(run, text):
    (run.path / notes.FILE).write_text(text, encoding="utf-8")
    found = notes.read(run)
    assert (found.title, found.note) == ("", "")


def test_an_empty_title_gives_the_folder_s_name_back(run):
    notes.write(run, Notes(title="Another"))
    notes.write(run, Notes(title="   "))
    assert notes.title(run, notes.read(run)) == "Run 3 · Harbour letters"
    assert json.loads((run.path / notes.FILE).read_text(encoding="utf-8"))["title"] == ""


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(RunError, match="could not be kept"):
        notes.write(RunFolder(tmp_path / "gone" / "0001-run"), Notes(starred=True))
