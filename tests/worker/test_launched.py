"""The lookout of a process among several ends it, whatever stands in the way."""

import os

import pytest

from core.runs.folder import RunFolder
from core.worker.launched import LOST, FirstWriter, Lookout, Place


class Left(BaseException):
    """Raised in the place of the end of this process."""


def test_a_process_ends_also_when_its_last_word_finds_no_room(tmp_path, monkeypatch):
    left = []

    def leave(code):
        left.append(code)
        raise Left

    def write(_self, _event):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(FirstWriter, "write", write)
    with FirstWriter(RunFolder(tmp_path), Place()) as events, pytest.raises(Left):
        Lookout(events)._leave(LOST)
    assert left == [1]
