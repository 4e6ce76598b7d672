"""Damage anywhere in an adapter, or in the archive of one, ends in words and leaves nothing."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest
from foreign_adapters import CONFIG, CONFIG_FILE, WEIGHTS_FILE, foreign

from core.errors import UserError
from core.library import imported
from core.library.importing import Wish, import_adapter
from core.recipe.schema import ModelSettings

ROUNDS = 120
PIECES = (b"../", b"\\", b"\0", b"-1", b"999999999999", b"NaN", b"[", b"{", b'"', b"null", b"1e309", b"\xff")


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, put in, taken out or repeated elsewhere."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        at, other = (rng.randrange(max(1, len(content))) for _ in range(2))
        match rng.randrange(4):
            case 0:
                content[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                content[at:at] = rng.choice(PIECES)
            case 2:
                del content[at : at + rng.randrange(1, 20)]
            case _:
                content[at : at + 8] = content[other : other + 8]
    return bytes(content)


@pytest.mark.parametrize("kind", ["archive", "packed archive", "configuration", "weights"])
def test_damage_ends_in_words_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    project = tmp_path / "project"
    project.mkdir()
    source = foreign(tmp_path / "source")
    if "archive" in kind:
        source = tmp_path / "x.zip"
        compression = zipfile.ZIP_DEFLATED if "packed" in kind else zipfile.ZIP_STORED
        with zipfile.ZipFile(source, "w", compression) as archive:
            for name in (CONFIG_FILE, WEIGHTS_FILE):
                archive.write(tmp_path / "source" / name, f"x/{name}")
        target, whole, begin = source, source.read_bytes(), -600  # most of what an archive says is at its end
    elif kind == "configuration":
        target, whole, begin = source / CONFIG_FILE, json.dumps(CONFIG).encode(), 0
    else:
        target, whole, begin = source / WEIGHTS_FILE, (source / WEIGHTS_FILE).read_bytes()[:4000], 0
    refusals: list[UserError] = []
    for _ in range(ROUNDS):
        target.write_bytes(whole[:begin] + damaged(whole[begin:], rng) if begin else damaged(whole, rng))
        try:
            shutil.rmtree(import_adapter(project, Wish(source, ModelSettings())))
        except UserError as error:
            refusals.append(error)
        assert list(imported.folder_of(project).iterdir()) == []
    assert len(refusals) > ROUNDS / 2
    assert all(error.title and len(str(error)) < 1500 for error in refusals)
