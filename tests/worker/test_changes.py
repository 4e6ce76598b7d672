"""What a run is made from: the base model is hashed beside everything else, and never keeps the process alive."""

import threading

import pytest

from core.dataset.example import Example
from core.errors import ModelError
from core.recipe.schema import Recipe
from core.runs import folder
from core.worker import changes
from core.worker.changes import Origin
from core.worker.ranks import Ranks


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(changes, "base_folder", lambda _run: tmp_path)
    examples = [Example(id=1, instruction="What?", output="This.")]
    return folder.create(tmp_path / "runs", name="x", recipe=Recipe(), train=examples, heldout=[])


def test_a_process_that_ends_early_does_not_wait_for_the_hash(run, monkeypatch):
    threads, goes_on = [], threading.Event()

    def content_hash(_folder):
        threads.append(threading.current_thread())
        goes_on.wait(10)
        return "its hash"

    monkeypatch.setattr(changes, "content_hash", content_hash)
    origin = Origin(run, Ranks())
    goes_on.set()
    assert origin.fingerprint.base == "its hash"
    assert [thread.daemon for thread in threads] == [True]


def test_a_base_model_that_is_gone_is_told_where_its_hash_is_needed(run, monkeypatch):
    def content_hash(_folder):
        raise ModelError("There is no such model.")

    monkeypatch.setattr(changes, "content_hash", content_hash)
    origin = Origin(run, Ranks())
    with pytest.raises(ModelError, match="no such model"):
        _ = origin.fingerprint
