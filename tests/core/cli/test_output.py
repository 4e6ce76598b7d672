"""How the command line writes: bars, times, command lines, a line written over."""

import io
import os
import sys

import pytest

from core.cli import output


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [
        (0, 10, "[>                       ]   0 %"),
        (5, 10, "[============>           ]  50 %"),
        (199, 200, "[=======================>]  99 %"),
        (10, 10, "[========================] 100 %"),
        (12, 10, "[========================] 100 %"),
        (0, 0, "[>                       ]   0 %"),
    ],
)
def test_bars(done, total, text):
    assert output.bar(done, total) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.4, "0 s"), (59.6, "1 min"), (160, "2 min 40 s"), (7325, "2 h 2 min"), (3630, "1 h")],
)
def test_times(seconds, text):
    assert output.duration(seconds) == text


def test_columns_of_figures_are_set_to_the_right_and_words_to_the_left():
    rows = [("a", "First one", "12", "–"), ("letters", "2nd", "3 of 4", "+0.5")]
    assert output.table(("Key", "Name", "Steps", "Gain"), rows).splitlines() == [
        "Key      Name        Steps  Gain",
        "a        First one      12     –",
        "letters  2nd        3 of 4  +0.5",
    ]


def test_command_lines_can_be_copied(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my letters").mkdir()
    assert output.command("runs", tmp_path / "my letters") == "tunesmith runs 'my letters'"
    assert output.command("generate", tmp_path.parent, "--prompt", "It's") == (
        f"tunesmith generate {tmp_path.parent} --prompt 'It'\"'\"'s'"
    )


def test_without_an_installed_program_the_hints_name_what_is_there(monkeypatch, tmp_path):
    monkeypatch.setattr(output.shutil, "which", lambda _name: None)
    monkeypatch.setattr(output.os, "name", "posix")
    monkeypatch.setattr(output.paths, "package_root", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert output.command("runs", "p") == f"{output.shlex.quote(output.sys.executable)} -m core runs p"
    (tmp_path / "run.py").touch()
    assert output.command("runs", "p") == "python3 run.py runs p"


def test_a_line_is_written_over_and_never_wraps(monkeypatch):
    monkeypatch.setattr(output.shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((20, 24)))
    terminal = Terminal()
    line = output.ProgressLine(terminal)
    line.show("a" * 40)
    line.show("bb")
    line.clear()
    line.clear()
    assert terminal.getvalue() == f"\r{'a' * 19}\rbb{' ' * 17}\r  \r"


def test_in_a_file_a_line_comes_now_and_then():
    file = io.StringIO()
    line = output.ProgressLine(file, interval=3600)
    for text in ("first", "second"):
        line.show(text)
    line.clear()
    assert file.getvalue() == "first\n"


def test_numbers_that_are_not_finite_are_no_json():
    with pytest.raises(ValueError, match="JSON"):
        output.emit({"loss": float("nan")})


def test_a_minus_sign_stays_one_where_the_encoding_lacks_it(monkeypatch):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    output.use_any_text()
    stream.write("\N{MINUS SIGN}7.9 \u732b")
    stream.flush()
    assert raw.getvalue() == b"-7.9 ?"
