"""Bringing the result of a run back from another machine: unpacked with suspicion, compared, then put in its place."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError, UserError
from core.export import adapter_config, archive
from core.runs import folder, leftovers, notes
from core.runs.bundle import LEFT_HERE, file_hash, run_files
from core.runs.folder import RunFolder

_MOST_BYTES = 100 << 30
# The events of a long run say the same words again and again.
_HIGHEST_RATIO = 100
_HERE = "There is a run of that name here"


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came of it: the run, whether it took the place of the one that was packed, and why not if so."""

    run: RunFolder
    is_merged: bool
    reason: str = ""


def adopt(runs: Path, source: Path) -> Adopted:
    """Take the result of a run into a project.

    The run that was packed is replaced when settings and examples are the same and nothing happened to it here in the
    meantime; in every other case the result becomes a run of its own.

    Args:
        runs: the project's folder of runs.
        source: a zip file that holds a run folder, or such a folder; may come from anybody.

    Raises:
        RunError: it holds no run, or a damaged one.
        ModelError: the archive is refused, with the reason.
        OSError: it cannot be read, or the project not be written.
    """
    runs.mkdir(exist_ok=True)
    aside = runs / f"{leftovers.ADOPTING}{secrets.token_hex(6)}"
    try:
        if source.is_dir():
            _copy(source, aside)
        else:
            room = shutil.disk_usage(runs).free
            archive.unpack(source, aside, most_bytes=min(_MOST_BYTES, room), highest_ratio=_HIGHEST_RATIO)
        result = _find_run(aside)
        here = RunFolder(runs / result.name)
        _tidy(result)
        reason = _why_apart(here, result) if here.recipe_file.exists() else ""
        if here.recipe_file.exists() and not reason:
            _replace(here, result, aside)
            return Adopted(here, is_merged=True)
        target = folder.new_folder(runs, re.sub(r"^\d+-", "", result.name)).path
        target.rmdir()
        os.replace(result.path, target)
        return Adopted(RunFolder(target), is_merged=False, reason=reason)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _find_run(unpacked: Path) -> RunFolder:
    found = [path.parent for path in unpacked.rglob("recipe.toml") if (path.parent / "train.jsonl").is_file()]
    if len(found) != 1:
        raise RunError(
            "No run can be brought back from this.",
            reason="It holds no run." if not found else f"It holds {len(found)} runs; one at a time is taken.",
            hint="Choose the zip file that was made of the run's folder on the other machine.",
        )
    if found[0] == unpacked:
        raise RunError(
            "No run can be brought back from this.",
            reason="The files of the run are not in a folder of its name.",
            hint="Pack the run's folder itself, not what is in it.",
        )
    run = RunFolder(found[0])
    try:
        run.recipe()
        for examples in (run.train_file, run.heldout_file):
            if examples.exists():
                all(folder.read_examples(examples))
        if run.adapter.exists():
            adapter_config.read(run.adapter)
    except UserError as error:
        raise RunError(
            "The run that came back is damaged.",
            reason=f"{error.title} {error.reason}".strip(),
            hint="Copy it again from the other machine.",
            details=error.details,
        ) from error
    return run


def _tidy(result: RunFolder) -> None:
    """Leave out what belongs to the other machine, and what no run has."""
    kept = set(run_files(result.path))
    for path in sorted(result.path.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept and path.name != "log.txt":
            path.unlink()


def _why_apart(here: RunFolder, result: RunFolder) -> str:
    """Why a result cannot take the place of the run of its name; empty when it can."""
    if here.worker_is_alive():
        return f"{_HERE}, and it is being trained."
    if file_hash(here.recipe_file) != file_hash(result.recipe_file):
        return f"{_HERE} with other settings."
    for mine, its in ((here.train_file, result.train_file), (here.heldout_file, result.heldout_file)):
        if file_hash(mine) != file_hash(its):
            return f"{_HERE} with other examples."
    before = here.events_file.read_bytes() if here.events_file.exists() else b""
    after = result.events_file.read_bytes() if result.events_file.exists() else b""
    if not after.startswith(before):
        return f"{_HERE} that went on after it was packed."
    return ""


def _replace(here: RunFolder, result: RunFolder, aside: Path) -> None:
    if (here.path / notes.FILE).exists():  # what the user said of it here counts
        shutil.copyfile(here.path / notes.FILE, result.path / notes.FILE)
    earlier = leftovers.earlier(here.path)
    shutil.rmtree(earlier, ignore_errors=True)
    os.replace(here.path, earlier)
    try:
        os.replace(result.path, here.path)
    except OSError:
        os.replace(earlier, here.path)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Plain files only; a link could point anywhere."""
    inside = target / source.resolve().name if (source / "recipe.toml").is_file() else target
    target.mkdir()
    for path in source.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name not in LEFT_HERE:
            copy = inside / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
