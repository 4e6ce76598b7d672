"""SHA256SUMS: every byte counts."""

import pytest

from core.errors import ModelError
from core.export import sums


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    (tmp_path / "größe 数据.json").write_text("{}", encoding="utf-8")
    text = sums.dumps(tmp_path, ["größe 数据.json", "a.bin"])
    (tmp_path / "SHA256SUMS").write_text(text, encoding="utf-8")
    return tmp_path


def test_unharmed_files_pass(folder):
    assert set(sums.check(folder)) == {"a.bin", "größe 数据.json"}
    (folder / "other.txt").write_text("not ours", encoding="utf-8")
    assert "other.txt" not in sums.check(folder)


def test_every_flipped_byte_is_found(folder):
    data = (folder / "a.bin").read_bytes()
    for at in range(0, 256, 17):
        changed = bytearray(data)
        changed[at] ^= 1
        (folder / "a.bin").write_bytes(changed)
        with pytest.raises(ModelError, match="damaged") as caught:
            sums.check(folder)
        assert "a.bin" in caught.value.reason


def test_a_missing_file_is_named(folder):
    (folder / "a.bin").unlink()
    with pytest.raises(ModelError) as caught:
        sums.check(folder)
    assert "a.bin is missing" in caught.value.reason


@pytest.mark.parametrize("line", ["x", "0" * 64, f"{'0' * 64}  ../a.bin", f"{'0' * 64}  a/b", f"{'0' * 64}  .."])
def test_lines_that_are_none_of_ours_are_refused(folder, line):
    with open(folder / "SHA256SUMS", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(ModelError):
        sums.check(folder)


def test_a_folder_without_hashes_has_none(tmp_path):
    assert sums.check(tmp_path) == {}
