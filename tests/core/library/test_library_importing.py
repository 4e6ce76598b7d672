"""Adapters from elsewhere: taken where they fit, refused in words where they do not, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from foreign_adapters import CONFIG_FILE, WEIGHTS_FILE, foreign, shapes, starter_facts, write_weights, zipped

from core import paths
from core.base_models.identity import content_hash
from core.errors import ModelError, UserError
from core.export import base_file, sums
from core.library import entries, imported, importing
from core.library.importing import ImportCancelled, Wish, import_adapter, put_right
from core.library.matching import OtherBase
from core.project import Project
from core.recipe.schema import ModelSettings

STARTER = ModelSettings()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "project") as made:
        return made.path


def take(project: Path, source: Path, **wish: object) -> Path:
    return import_adapter(project, Wish(source, STARTER, **wish))


def is_empty(project: Path) -> bool:
    """Nothing was added, nor is anything left half-done."""
    parent = imported.folder_of(project)
    return not parent.exists() or not any(parent.iterdir())


# What is taken


def test_a_folder_becomes_an_adapter_of_the_project(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "Warm Letters")
    (source / "README.md").write_text("<img src=x> written by me", encoding="utf-8")
    (source / "training_args.bin").write_bytes(b"pickle")
    (source / "evil.py").write_text("import os", encoding="utf-8")
    folder = take(project, source)
    assert {path.name for path in folder.iterdir()} == {
        *(CONFIG_FILE, WEIGHTS_FILE, "README.md", sums.SUMS_FILE, imported.ORIGIN_FILE)
    }
    assert set(sums.check(folder)) == {CONFIG_FILE, WEIGHTS_FILE}
    with Project.open(project, read_only=True) as opened:
        (adapter,) = entries.adapters(opened)
    assert (adapter.key, adapter.title, adapter.base) == ("adapters/warm-letters", "Warm Letters", "starter")
    origin = imported.origin(folder)
    assert origin is not None
    assert origin.source == "Warm Letters"
    assert "all its matrices fit" in origin.match


@pytest.mark.parametrize("inside", ["", "my adapter/", "a/b/"])
def test_a_zip_file_is_one_as_well(project: Path, tmp_path: Path, inside: str) -> None:
    source = zipped(foreign(tmp_path / "x"), tmp_path / "From her.zip", inside=inside)
    folder = take(project, source)
    assert imported.origin(folder).title == "From her"
    assert [path.name for path in imported.folder_of(project).iterdir()] == [folder.name]


def test_of_a_run_the_adapter_is_taken_and_not_a_checkpoint(project: Path, tmp_path: Path) -> None:
    foreign(tmp_path / "0001-run" / "adapter", r=8, tensors=shapes(8))
    foreign(tmp_path / "0001-run" / "checkpoints" / "step-00000001")
    folder = take(project, tmp_path / "0001-run")
    assert '"r": 8' in (folder / CONFIG_FILE).read_text(encoding="utf-8")
    assert imported.origin(folder).title == "0001-run"


def test_names_never_meet(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    folders = [take(project, source, name="CON"), take(project, source, name="con"), take(project, source, name="..")]
    assert len({folder.name.casefold() for folder in folders}) == 3
    assert {folder.parent for folder in folders} == {imported.folder_of(project)}
    assert [imported.origin(folder).title for folder in folders] == ["CON", "con", ".."]


def test_the_hubs_cache_links_within_a_model_and_may(project: Path, tmp_path: Path) -> None:
    whole = tmp_path / "models--her--letters"
    source = foreign(whole / "snapshots" / "abc")
    (whole / "blobs").mkdir()
    for number, name in enumerate((CONFIG_FILE, WEIGHTS_FILE)):
        os.rename(source / name, whole / "blobs" / f"{number:040x}")
        (source / name).symlink_to(Path("../../blobs") / f"{number:040x}")
    folder = take(project, whole)
    assert not (folder / WEIGHTS_FILE).is_symlink()


# Which base model


def test_a_path_of_another_machine_or_a_smaller_copy_is_the_same_model(project: Path, tmp_path: Path) -> None:
    for number, name in enumerate(
        ("/home/her/models/tunesmith-starter/", "C:\\models\\Tunesmith-Starter", "someone/tunesmith-starter-bnb-4bit")
    ):
        take(project, foreign(tmp_path / str(number), base_model_name_or_path=name))


def test_one_that_names_no_base_model_is_taken_when_it_fits(project: Path, tmp_path: Path) -> None:
    folder = take(project, foreign(tmp_path / "x", base_model_name_or_path=None))
    assert "does not name its base model" in imported.origin(folder).match


def test_one_that_names_another_model_is_taken_only_anyway(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x", base_model_name_or_path="her/other-model")
    with pytest.raises(OtherBase, match="trained on her/other-model"):
        take(project, source)
    assert is_empty(project)
    folder = take(project, source, anyway=True)
    assert "names her/other-model" in imported.origin(folder).match


def test_another_base_model_of_this_machine_is_found_by_its_name(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "Other-Model"
    shutil.copytree(paths.starter_model(), other)
    source = foreign(tmp_path / "x", base_model_name_or_path="her/other-model")
    folder = take(project, source, known=("nowhere/at-all", str(other)))
    assert imported.origin(folder).model.base == str(other)


def test_the_fingerprint_tells_the_very_model(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    base_file.write(source, "starter", content_hash(paths.starter_model()))
    assert "fingerprints are the same" in imported.origin(take(project, source)).match
    base_file.write(source, "starter", "0" * 64)
    assert "files of that model are others here" in imported.origin(take(project, source)).match


@pytest.mark.parametrize(
    ("tensors", "config", "words"),
    [
        ({name: [4, 7] for name in shapes()}, {}, "has the size 4 by 7"),
        (dict(list(shapes().items())[1:]), {}, "1 of its matrices are missing"),
        ({**shapes(), "base_model.model.model.layers.99.q_proj.lora_A.weight": [4, 4]}, {}, "does not have"),
        ({**shapes(), "base_model.model.model.norm.weight": [4]}, {"modules_to_save": ["norm"]}, "not in this size"),
        ({**shapes(), "base_model.model.model.norm.weight": [64]}, {}, "does not have"),
        (shapes(modules=("q_proj",)), {}, "are missing"),
        (shapes(8), {}, "has the size 8 by"),
        ({}, {}, "no LoRA matrices"),
        (shapes(), {"use_dora": True}, "are missing"),
        (shapes(), {"target_modules": ["nothing_like_it"]}, "does not have"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    project: Path, tmp_path: Path, tensors: dict[str, list[int]], config: dict[str, object], words: str
) -> None:
    for name in ("tunesmith-starter", None, "her/other-model"):
        source = foreign(
            tmp_path / str(name).replace("/", "-"), tensors=tensors, base_model_name_or_path=name, **config
        )
        with pytest.raises(ModelError, match=words):
            take(project, source)
    assert is_empty(project)


def test_a_model_that_is_not_here_is_named(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "y", tensors={name: [4, 9] for name in shapes()}, base_model_name_or_path="her/big")
    with pytest.raises(ModelError, match=r"It was trained on her/big\. .*Add her/big to your models"):
        take(project, source)


def test_patterns_layers_and_whole_parts_are_understood(project: Path, tmp_path: Path) -> None:
    tensors = shapes()
    for name in list(tensors):
        if ".layers.0." not in name:
            del tensors[name]
    first = next(path for path in starter_facts().linear if path.endswith("layers.0.self_attn.v_proj"))
    outputs, inputs = starter_facts().linear[first]
    tensors[f"base_model.model.{first}.lora_A.weight"] = [2, inputs]
    tensors[f"base_model.model.{first}.lora_B.weight"] = [outputs, 2]
    norm = next(path for path in starter_facts().others if path.endswith("norm"))
    tensors[f"base_model.model.{norm}.weight"] = [starter_facts().others[norm]]
    name = norm.rpartition(".")[2]
    config = {"rank_pattern": {"v_proj": 2}, "layers_to_transform": [0], "modules_to_save": [name]}
    take(project, foreign(tmp_path / "x", tensors=tensors, **config))


# What is refused


def test_pickled_weights_are_refused_and_never_read(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    os.rename(source / WEIGHTS_FILE, source / "adapter_model.bin")
    for given in (source, zipped(source, tmp_path / "x.zip")):
        with pytest.raises(ModelError, match="unsafe format"):
            take(project, given)
    assert is_empty(project)


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE, "README.md", sums.SUMS_FILE, "tokenizer.json"])
def test_links_to_other_files_of_this_machine_are_refused(project: Path, tmp_path: Path, name: str) -> None:
    source = foreign(tmp_path / "x")
    secret = tmp_path / "secret"
    secret.write_bytes((source / name).read_bytes() if (source / name).exists() else b"secret")
    (source / name).unlink(missing_ok=True)
    (source / name).symlink_to(secret)
    with pytest.raises(ModelError, match="is a link to a file outside"):
        take(project, source)
    assert is_empty(project)


def hostile(path: Path, *members: tuple[str, bytes], mode: int = 0o644 | stat.S_IFREG, deflate: bool = False) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            archive.writestr(info, data)


@pytest.mark.parametrize(
    ("members", "options"),
    [
        ([("../evil", b"1")], {}),
        ([("a/../../../evil", b"1")], {}),
        ([("/tmp/evil", b"1")], {}),
        ([("C:/evil", b"1")], {}),
        ([("..\\evil", b"1")], {}),
        ([("adapter_config.json", b"/etc/passwd")], {"mode": 0o777 | stat.S_IFLNK}),
        ([("adapter_config.json", b"")], {"mode": 0o666 | stat.S_IFCHR}),
        ([("zeros", bytes(30_000_000))], {"deflate": True}),
        ([("adapter_config.json", b"{}"), ("ADAPTER_CONFIG.json", b"{}")], {}),
        ([("aux.json", b"{}")], {}),
    ],
)
def test_hostile_archives_are_refused_and_leave_nothing(
    project: Path, tmp_path: Path, members: list[tuple[str, bytes]], options: dict[str, object]
) -> None:
    hostile(tmp_path / "x.zip", *members, **options)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match="archive cannot be unpacked"):
        take(project, tmp_path / "x.zip")
    assert is_empty(project)
    assert {path for path in tmp_path.rglob("*") if path.name == "evil"} == set()
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] in ([], [project / "adapters"])


@pytest.mark.parametrize(
    "config",
    [
        {"auto_mapping": {"base_model_class": "X", "parent_library": "evil"}, "peft_type": "LORA"},
        {"megatron_core": "evil", "megatron_config": {"a": 1}},
    ],
)
def test_what_names_code_is_never_acted_on(project: Path, tmp_path: Path, config: dict[str, object]) -> None:
    take(project, foreign(tmp_path / "x", **config))


@pytest.mark.parametrize(
    "config",
    [
        {"peft_type": "PROMPT_TUNING"},
        {"r": 2**30},
        {"target_modules": "(a+)+$"},
        {"target_modules": ["x"] * 100_000},
        {"rank_pattern": {"(a+)+$": 3}},
        {"bias": "all"},
        {"init_lora_weights": "pissa"},
        {"unknown": "x"},
    ],
)
def test_other_kinds_of_adapters_are_refused(project: Path, tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(ModelError, match=r"This adapter cannot be used\."):
        take(project, foreign(tmp_path / "x", **config))
    assert is_empty(project)


def test_a_huge_configuration_is_not_even_read(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    with open(source / CONFIG_FILE, "ab") as file:
        file.truncate(3 << 20)
    with pytest.raises(ModelError, match="larger than 2 MB"):
        take(project, source)


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"\xff" * 100, b"PK\x03\x04" * 100])
def test_weights_that_are_none_are_refused(project: Path, tmp_path: Path, content: bytes) -> None:
    source = foreign(tmp_path / "x")
    (source / WEIGHTS_FILE).write_bytes(content)
    with pytest.raises(ModelError, match="adapter's weights cannot be used"):
        take(project, source)


def test_numbers_that_are_no_weights_are_refused(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    write_weights(source / WEIGHTS_FILE, shapes(), dtype="I64")
    with pytest.raises(ModelError, match="of the type I64"):
        take(project, source)


def test_endless_names_are_refused_at_once(project: Path, tmp_path: Path) -> None:
    names = ".".join("a" for _ in range(400_000))  # looked at part by part, it would take minutes
    source = foreign(tmp_path / "x", tensors={f"base_model.model.{names}.lora_A.weight": [0]})
    with pytest.raises(ModelError, match="is that of no weight"):
        take(project, source)


def test_a_byte_that_changed_is_noticed(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    (source / sums.SUMS_FILE).write_text(sums.dumps(source, [WEIGHTS_FILE]), encoding="utf-8")
    data = bytearray((source / WEIGHTS_FILE).read_bytes())
    data[-1] ^= 1
    (source / WEIGHTS_FILE).write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        take(project, source)


def test_what_holds_no_adapter_says_so(project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    foreign(tmp_path / "two" / "a")
    foreign(tmp_path / "two" / "b")
    for name, words in {"empty": "There is no adapter", "file.txt": "is no adapter", "gone": "not there"}.items():
        with pytest.raises(UserError, match=words):
            take(project, tmp_path / name)
    with pytest.raises(UserError, match="There are 2 adapters in two"):
        take(project, tmp_path / "two")
    assert is_empty(project)


# Endings


def test_it_can_be_cancelled_and_leaves_nothing(project: Path, tmp_path: Path) -> None:
    source = foreign(tmp_path / "x")
    with pytest.raises(ImportCancelled):
        import_adapter(project, Wish(source, STARTER), cancelled=lambda: True)
    assert is_empty(project)


def test_a_wish_to_end_that_comes_last_counts_too(project: Path, tmp_path: Path) -> None:
    whole: list[bool] = []
    with pytest.raises(ImportCancelled):
        import_adapter(
            project,
            Wish(foreign(tmp_path / "x"), STARTER),
            advance=lambda done, total: whole.append(done == total),
            cancelled=lambda: any(whole),
        )
    assert is_empty(project)


def test_it_tells_how_far_it_is(project: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    import_adapter(project, Wish(foreign(tmp_path / "x"), STARTER), advance=lambda *pair: told.append(pair))
    assert told[-1][0] == told[-1][1] > 0


def test_a_full_disk_leaves_nothing(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda _path: usage(10, 10, 0))
    with pytest.raises(UserError, match="not enough space"):
        take(project, foreign(tmp_path / "x"))
    assert is_empty(project)


def test_what_a_kill_left_goes_after_a_day(project: Path) -> None:
    parent = imported.folder_of(project)
    old, new = parent / f"{importing.IMPORTING}old", parent / f"{importing.IMPORTING}new"
    old.mkdir(parents=True)
    new.mkdir()
    os.utime(old, (1, 1))
    put_right(project)
    assert [path.name for path in parent.iterdir()] == [new.name]
