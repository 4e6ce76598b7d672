"""Our zip files come out as they went in; hostile ones do not come out at all."""

import os
import stat
import warnings
import zipfile

import pytest

from core.errors import ModelError
from core.export.archive import folder_name, pack, unpack


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(os.urandom(3_000_000))
    (folder / "tokenizer.json").write_text('{"größe": "数据"}' * 1000, encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    return sorted(folder.iterdir())


def test_round_trip(files, tmp_path):
    seen = []
    pack(files, tmp_path / "a.zip", inside="Größe 数据", advance=seen.append)
    assert sum(seen) == sum(file.stat().st_size for file in files)
    found = unpack(tmp_path / "a.zip", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in found} == {path.name: path.read_bytes() for path in files}
    assert {path.parent for path in found} == {tmp_path / "out" / "Größe 数据"}


def test_the_same_files_give_the_same_archive(files, tmp_path):
    pack(files, tmp_path / "a.zip", inside="x")
    os.utime(files[0], (1, 1))
    pack(reversed(files), tmp_path / "b.zip", inside="x")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_nothing_is_written_over(files, tmp_path):
    (tmp_path / "a.zip").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        pack(files, tmp_path / "a.zip", inside="x")
    pack(files, tmp_path / "b.zip", inside="x")
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError):
        unpack(tmp_path / "b.zip", tmp_path / "out")
    assert (tmp_path / "a.zip").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("my adapter", "my adapter"),
        ("a/b:c", "a_b_c"),
        ("..", "adapter"),
        ("NUL", "NUL_"),
        ("x. ", "x"),
        ("", "adapter"),
    ],
)
def test_names_for_every_system(words, name):
    assert folder_name(words) == name


def write(path, *members, mode=0, compression=zipfile.ZIP_STORED):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of names that are in it twice
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                info.compress_type = compression
                archive.writestr(info, data)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../evil",
        "a/../../evil",
        "a/./b",
        "/etc/evil",
        "//server/evil",
        "C:/evil",
        "C:evil",
        "a\\..\\evil",
        "a//b",
        "NUL",
        "nul.txt",
        "a/COM1",
        "a/b.",
        "a/b ",
        "a?b",
        "a\nb",
        "x" * 300,
        "/".join("x" * 20),
    ],
)
def test_names_that_leave_the_folder_or_suit_no_system_are_refused(tmp_path, name):
    write(tmp_path / "a.zip", ("fine", b"1"), (name, b"2"))
    with pytest.raises(ModelError):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path, kind):
    write(tmp_path / "a.zip", ("door", b"/etc/passwd"), mode=kind | 0o777)
    with pytest.raises(ModelError, match="cannot be unpacked"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "A")])
def test_names_that_meet_are_refused(tmp_path, names):
    write(tmp_path / "a.zip", *((name, b"x") for name in names))
    with pytest.raises(ModelError):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    write(tmp_path / "ratio.zip", ("zeros", b"\0" * 20_000_000), compression=zipfile.ZIP_DEFLATED)
    write(tmp_path / "many.zip", *((str(number), b"") for number in range(10_001)))
    write(tmp_path / "large.zip", ("bytes", os.urandom(5000)))
    for name, bound in {"ratio.zip": 2 << 30, "many.zip": 2 << 30, "large.zip": 4999}.items():
        with pytest.raises(ModelError):
            unpack(tmp_path / name, tmp_path / "out", most_bytes=bound)
        assert not (tmp_path / "out").exists()


def test_a_member_larger_than_it_says_is_refused(tmp_path):
    write(tmp_path / "a.zip", ("zeros", b"\0" * 3_000_000), compression=zipfile.ZIP_DEFLATED)
    data = (tmp_path / "a.zip").read_bytes()
    size = (3_000_000).to_bytes(4, "little")
    assert data.count(size) == 2
    (tmp_path / "a.zip").write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(ModelError):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damage_is_told_and_leaves_nothing(files, tmp_path):
    pack(files, tmp_path / "a.zip", inside="x")
    data = (tmp_path / "a.zip").read_bytes()
    for at in (40, 1000, 2_000_000, len(data) - 30):
        damaged = bytearray(data)
        damaged[at] ^= 0xFF
        (tmp_path / "b.zip").write_bytes(damaged)
        try:
            found = unpack(tmp_path / "b.zip", tmp_path / "out")
        except ModelError:
            assert not (tmp_path / "out").exists()
        else:  # a byte that means nothing, such as a date
            assert {path.read_bytes() for path in found} == {path.read_bytes() for path in files}
            for path in found:
                path.unlink()
            found[0].parent.rmdir()
            (tmp_path / "out").rmdir()
    (tmp_path / "b.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError):
        unpack(tmp_path / "b.zip", tmp_path / "out")
    (tmp_path / "b.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(ModelError):
        unpack(tmp_path / "b.zip", tmp_path / "out")


def test_what_is_no_zip_file_is_refused_in_whole_sentences(tmp_path):
    (tmp_path / "a.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(ModelError, match=r"It is damaged: File is not a zip file\. Take it again from where"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
