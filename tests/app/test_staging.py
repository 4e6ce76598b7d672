"""A staging file is cleared away whenever its reading is dropped: before it begins, in its middle, after its end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from example_bench import until
from import_fakes import END, FakeReader
from pytestqt.qtbot import QtBot

from app.staging import Staging, read
from core.child import Stopped
from core.errors import UserError


@pytest.fixture
def reader(tmp_path: Path) -> FakeReader:
    return FakeReader(tmp_path / "staged")


def test_dropped_before_it_begins(reader: FakeReader) -> None:
    staging = Staging(lambda: reader)
    staging.stop()
    with pytest.raises(Stopped):
        next(staging.messages())
    assert not reader.staged.exists()


def test_dropped_while_the_reader_is_made(reader: FakeReader) -> None:
    def make() -> FakeReader:
        staging.stop()
        return reader

    staging = Staging(make)
    with pytest.raises(Stopped):
        next(staging.messages())
    assert reader.closed.is_set()


def test_dropped_in_its_middle(reader: FakeReader) -> None:
    staging = Staging(lambda: reader)
    messages = staging.messages()
    reader.tell(1)
    assert next(messages) == 1
    staging.stop()
    staging.stop()
    with pytest.raises(Stopped):
        next(messages)
    assert reader.closed.is_set()


def test_dropped_after_its_end_never_on_the_calling_thread(qtbot: QtBot, reader: FakeReader) -> None:
    closed_by: list[threading.Thread] = []
    close = reader.close
    reader.close = lambda: (closed_by.append(threading.current_thread()), close())  # type: ignore[method-assign]
    staging = Staging(lambda: reader)
    reader.tell(1, END)
    assert list(staging.messages()) == [1]
    assert staging.staged == reader.staged
    assert reader.staged.exists()
    staging.stop()
    staging.stop()
    until(qtbot, reader.closed.is_set)
    assert len(closed_by) == 1
    assert closed_by != [threading.main_thread()]


def test_a_failure_leaves_nothing(reader: FakeReader) -> None:
    staging = Staging(lambda: reader)
    reader.tell(UserError("Broken."))
    with pytest.raises(UserError, match="Broken"):
        list(staging.messages())
    assert reader.closed.is_set()
    staging.stop()


def test_pasted_text_is_read_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    project = tmp_path / "project"
    project.mkdir()
    reading = read("instruction\toutput\nGreet Anna\tAhoy!\n", None, project)
    last = list(reading.messages())[-1]
    assert last.examples == 1
    assert [*tmp_path.glob("*.tsv")]
    reading.close()
    assert {path.name for path in tmp_path.rglob("*")} == {"project", "home"}
