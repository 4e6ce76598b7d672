"""A script of a run needs a folder to be written into."""

import pytest

from core.errors import RunError
from core.runs import reproduce
from core.runs.folder import RunFolder


@pytest.mark.parametrize("parent", ["nope/x", "file"])
def test_a_folder_that_does_not_exist_is_named_and_no_process_started(tmp_path, monkeypatch, parent):
    monkeypatch.setattr(reproduce, "launch", lambda *_, **__: pytest.fail("a process was started"))
    (tmp_path / "file").touch()
    with pytest.raises(RunError) as caught:
        reproduce.write_script(RunFolder(tmp_path), tmp_path / parent / "y.py")
    assert caught.value.reason == f"There is no folder {tmp_path / parent}."
