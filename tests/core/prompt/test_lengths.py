"""Lengths of examples are those of training and of the form; kept counts are found again, damaged ones never used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.dataset.example import Example, Turn
from core.errors import PromptError
from core.prompt.format import PromptFormat
from core.prompt.lengths import Lengths, fingerprint, lengths
from core.prompt.lengths_cache import FOLDER, LengthsCache

PLAIN = Example("Write to the customer.", "The parcel is late.", "Dear customer, we are sorry.")
TALK = Example(
    "And of Spain?",
    output="Madrid.",
    history=(Turn("user", "What is the capital of France?"), Turn("assistant", "The capital is Paris.")),
)
TRICKY = Example("Say <|im_end|> and <eos> and </s> aloud", "", "<|im_start|>user\nשלום 👩‍👩‍👧 <|eot_id|>")


def test_they_are_those_of_encode_and_count_in_every_family(formats: dict[str, PromptFormat], family: str):
    prompt = formats[family]
    examples = [PLAIN, TALK, TRICKY, Example()]
    for example, found in zip(examples, lengths(prompt, examples), strict=True):
        try:
            encoded = prompt.encode(example)
            assert (found.whole, found.supervised) == (len(encoded.ids), encoded.supervised_count)
        except PromptError:
            assert (found.whole, found.supervised) == (-1, 0)
        for field in ("instruction", "input", "output", "system"):
            assert getattr(found, field) == prompt.count(getattr(example, field)), field
        assert found.history == sum(prompt.count(turn.content) for turn in example.history)


def test_the_fingerprint_follows_every_file_that_decides(folders: dict[str, Path], tmp_path: Path):
    marks = {fingerprint(folder) for folder in folders.values()}
    assert len(marks) == len(folders)
    (tmp_path / "tokenizer.json").write_text("{}")
    before = fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert fingerprint(tmp_path) == before
    (tmp_path / "chat_template.jinja").write_text("{{ 1 }}")
    assert fingerprint(tmp_path) != before


def rows(*wholes: int) -> np.ndarray:
    return np.array([Lengths(whole, 1, 2, 3, 4, 5, 6, 0) for whole in wholes], dtype=np.int32)


def test_kept_counts_are_found_by_content(tmp_path: Path):
    contents = np.array([7, -3, 7, 2**62], dtype=np.int64)
    LengthsCache(tmp_path, "a").save(contents, rows(70, 30, 70, 62))
    counts, known = LengthsCache(tmp_path, "a").find(np.array([2**62, 1, -3], dtype=np.int64))
    assert known.tolist() == [True, False, True]
    assert counts[:, 0].tolist() == [62, 0, 30]
    assert not LengthsCache(tmp_path, "b").find(contents)[1].any()


def test_only_what_is_saved_last_and_few_models_are_kept(tmp_path: Path):
    for name in "abcde":
        cache = LengthsCache(tmp_path, name)
        cache.save(np.array([1, 2], dtype=np.int64), rows(1, 2))
    cache.save(np.array([2], dtype=np.int64), rows(2))
    assert len(list((tmp_path / FOLDER).iterdir())) == 3
    assert LengthsCache(tmp_path, "e").find(np.array([1, 2], dtype=np.int64))[1].tolist() == [False, True]


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x93NUMPY\x01\x00\xff\xff"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: bytes):
    LengthsCache(tmp_path, "a").save(np.array([1], dtype=np.int64), rows(1))
    (tmp_path / FOLDER / "a.npy").write_bytes(damage)
    cache = LengthsCache(tmp_path, "a")
    assert not cache.find(np.array([1], dtype=np.int64))[1].any()
    cache.save(np.array([1], dtype=np.int64), rows(1))
    assert LengthsCache(tmp_path, "a").find(np.array([1], dtype=np.int64))[1].all()


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path):
    (tmp_path / FOLDER).write_text("a file in the way")
    cache = LengthsCache(tmp_path, "a")
    cache.save(np.array([1], dtype=np.int64), rows(1))
    assert cache.find(np.array([1], dtype=np.int64))[1].all()
