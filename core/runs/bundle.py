"""A run packed for another machine: its folder, the program's core, and how to train it there."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template

import core
from core import paths
from core.base_models import catalogue
from core.errors import RunError
from core.export import archive
from core.recipe.schema import STARTER
from core.runs import notes
from core.runs.folder import RunFolder

ABOUT = "bundle.json"
MODEL = "model"
# Which process works on it, what it is asked for and what its user agreed to belong to this machine.
LEFT_HERE = frozenset({"worker.json", "command.json", "heartbeat.json", "consent.json", "log.txt"})
_TEXTS = ("README.md", "train.slurm", "sky.yaml")
_RESOURCES = ("templates", "scripts")
# What the core needs to train; the window, imports and reviews of examples stay behind.
_LIBRARIES = (
    *("torch", "transformers", "peft", "bitsandbytes", "accelerate", "safetensors", "tokenizers", "numpy"),
    *("pydantic", "tomlkit", "platformdirs", "filelock", "psutil", "jinja2", "wakepy", "nvidia-ml-py"),
)


@dataclass(frozen=True, slots=True)
class About:
    """What ``bundle.json`` says: the run and hashes of what it must still be when it comes back."""

    run: str
    version: str
    base: str
    revision: str
    recipe: str
    train: str
    heldout: str

    @classmethod
    def of(cls, run: RunFolder) -> About:
        """A run as it is now."""
        base = run.recipe().model.base
        hashes = {"recipe": run.recipe_file, "train": run.train_file, "heldout": run.heldout_file}
        return cls(
            run=run.name,
            version=core.__version__,
            base=catalogue.display_name(base) if base != STARTER else STARTER,
            revision=catalogue.revision(base),
            **{name: file_hash(file) for name, file in hashes.items()},
        )


def base_folder(run: RunFolder) -> Path:
    """The folder of a run's base model; in an unpacked bundle, the one beside the run where there is one.

    Raises:
        ModelError: it is not on this machine.
    """
    beside = run.path.resolve().parent / MODEL
    if (beside / "config.json").is_file() and (beside.parent / ABOUT).is_file():
        return beside
    return catalogue.resolve(run.recipe().model.base)


def pack(run: RunFolder, file: Path, *, with_model: bool = False, advance: archive.Advance = lambda _: None) -> int:
    """Write a run and all that is needed to train it elsewhere into a new zip file.

    Args:
        run: not being trained at the moment.
        file: the zip; must not exist.
        with_model: take the base model along; else the bundle says how to get it there.
        advance: told the bytes of each piece that was read; may raise to end the work.

    Returns:
        The size of the zip in bytes.

    Raises:
        RunError: the run is being trained.
        ModelError: the base model is to come along and is not on this machine.
        OSError: the file exists or cannot be written; nothing is left of it then.
    """
    if run.worker_is_alive():
        raise RunError(f"{run.name} is being trained.", hint="Pause it first; then all that it knows can be packed.")
    if file.exists():
        raise FileExistsError(17, "There is such a file already", str(file))
    members = list(_members(run, base_folder(run) if with_model else None))
    aside = file.with_name(f".tmp-{secrets.token_hex(6)}")
    try:
        archive.pack_members(members, aside, advance=advance)
        os.replace(aside, file)
    except BaseException:  # a full disk, Ctrl-C: nothing half packed stays
        aside.unlink(missing_ok=True)
        raise
    return file.stat().st_size


def run_files(run: Path) -> Iterator[Path]:
    """The files of a run folder that go along with it."""
    for path in sorted(run.rglob("*")):
        inside = path.relative_to(run)
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if path.is_file() and not path.is_symlink() and not is_hidden and str(inside) not in LEFT_HERE:
            yield path


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, empty when there is none."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _members(run: RunFolder, model: Path | None) -> Iterator[tuple[str, Path | bytes]]:
    about = About.of(run)
    for name, text in _texts(run, about, model is not None).items():
        yield name, text.encode()
    yield ABOUT, json.dumps(asdict(about), indent=1, ensure_ascii=False).encode()
    yield "requirements.txt", "".join(f"{line}\n" for line in _requirements()).encode()
    for path in run_files(run.path):
        yield f"{run.name}/{path.relative_to(run.path).as_posix()}", path
    root = paths.package_root()
    for path in sorted((root / "core").rglob("*.py")):
        yield path.relative_to(root).as_posix(), path
    resources = [*_RESOURCES, *([paths.starter_model().name] if about.base == STARTER and model is None else [])]
    for folder in resources:
        for path in sorted((paths.resources() / folder).rglob("*")):
            if path.is_file():
                yield f"resources/{path.relative_to(paths.resources()).as_posix()}", path
    if model is not None:
        # A hub download is a folder of links to files: what they point to is taken.
        for path in sorted(path for path in model.iterdir() if path.is_file() and not path.name.startswith(".")):
            yield f"{MODEL}/{path.name}", path


def _texts(run: RunFolder, about: About, has_model: bool) -> dict[str, str]:
    command = ""
    words = f"{about.base}, which lies beside the run in `{MODEL}`."
    if about.base == STARTER and not has_model:
        words = "the starter model, which comes along in `resources`."
    elif not has_model and about.revision:
        words = f"{about.base}, as it was at revision {about.revision}; the command below downloads it."
        command = f"hf download {about.base} --revision {about.revision} --local-dir {MODEL}"
    elif not has_model:
        words = f"{about.base}, which did not come along: copy its folder beside the run, as `{MODEL}`."
    values = {
        "title": notes.title(run, notes.read(run)),
        "version": about.version,
        "run": run.name,
        "python": ".".join(str(part) for part in sys.version_info[:2]),
        "model_words": words,
    }
    found = {}
    for name in _TEXTS:
        text = (paths.resources() / "bundle" / name).read_text(encoding="utf-8")
        if not command:
            text = text.replace("$model_command\n", "").replace("  $sky_model_command\n", "")
        found[name] = Template(text).substitute(values, model_command=command, sky_model_command=command)
    return found


def _requirements() -> Iterator[str]:
    """The libraries in the very versions of this machine, without marks of how they were built."""
    for name in _LIBRARIES:
        try:
            yield f"{name}=={version(name).partition('+')[0]}"
        except PackageNotFoundError:
            continue  # an optional one
