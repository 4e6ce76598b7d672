"""Whether this machine has what Tunesmith needs: each check with what was found and how to mend it.

Plain Python. What needs torch is asked of ``python -m core.worker probe``, a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from core import paths, samples
from core.base_models import catalogue
from core.base_models.facts import ModelFacts
from core.dataset import files
from core.errors import UserError
from core.recipe import presets
from core.recipe.schema import STARTER
from core.runs.process import launch

_PYTHONS = ((3, 11), (3, 14))  # from, up to but not including; as pyproject.toml says
_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets", "tokenizers", "safetensors")
_LARGEST_GRADIENT_ERROR = 1e-3
_PROBE_SECONDS = 180.0
_WINDOW_SECONDS = 60.0
_GB = 1024**3
_LEAST_MEMORY = 2 * _GB  # a training process of the starter and what it needs besides
_LEAST_DISK = _GB
_INSTALL = "Install Tunesmith again: python3 run.py setup, or pip install . in its folder."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. What is not ``essential`` may be amiss and training still works."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    essential: bool = True


def check_all(probe: Callable[[], dict[str, Any]] | None = None) -> Iterator[Check]:
    """Look at everything, one thing after the other; some take seconds.

    Args:
        probe: asks the training libraries; :func:`probe_worker` unless given.
    """
    yield python()
    yield from libraries()
    yield from training(probe or probe_worker)
    yield window()
    yield database()
    yield starter_model()
    yield sample_datasets()
    yield memory()
    yield disk()
    yield models()


def python() -> Check:
    """The interpreter, which also runs the training process."""
    low, high = _PYTHONS
    fits = low <= sys.version_info[:2] < high
    fix = f"Install Python {low[0]}.{low[1]} to {high[0]}.{high[1] - 1} and set Tunesmith up with it."
    return Check("Python", fits, f"{platform.python_version()} ({sys.executable})", "" if fits else fix)


def libraries() -> Iterator[Check]:
    """The versions of the libraries that train."""
    for name in _LIBRARIES:
        try:
            yield Check(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Check(name, False, "not installed", _INSTALL)


def probe_worker() -> dict[str, Any]:
    """What the training libraries say of themselves; see :mod:`core.worker.probe`.

    Raises:
        UserError: they cannot be loaded, or take too long.
    """
    with tempfile.TemporaryFile() as printed:
        process = launch(["probe"], output=printed)
        try:
            code = process.wait(_PROBE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise UserError(f"No answer within {_PROBE_SECONDS:.0f} s.") from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        printed.seek(0)
        lines = printed.read().decode("utf-8", "replace").strip().splitlines()
    if code == 0 and lines:
        try:
            found: dict[str, Any] = json.loads(lines[-1])
        except ValueError as error:
            raise UserError("Its answer is no JSON.", details=lines[-1]) from error
        return found
    if code < 0:
        raise UserError(f"The test process was ended by {_signal_name(-code)}.", details="\n".join(lines))
    raise UserError(lines[-1] if lines else f"The test process ended with exit code {code}.", details="\n".join(lines))


def training(probe: Callable[[], dict[str, Any]]) -> Iterator[Check]:
    """Whether the libraries load, what they compute on, and whether 4-bit layers learn rightly there."""
    try:
        found = probe()
    except UserError as error:
        yield Check("training libraries", False, str(error), f"{_INSTALL} The processor may also be too old for them.")
        return
    yield _accelerator(found)
    yield _nf4(found)


def _accelerator(found: dict[str, Any]) -> Check:
    name = "graphics card"
    if found["device"] == "cpu":
        if shutil.which("nvidia-smi"):
            fix = "Install PyTorch's CUDA build and an NVIDIA driver that is new enough for it."
            return Check(name, False, "an NVIDIA card, but this PyTorch cannot use it", fix, essential=False)
        fix = "Large models need an NVIDIA card; a run's folder can be trained on another machine."
        detail = f"none; the processor trains ({found['device_name']}), which suits the starter and small models"
        return Check(name, False, detail, fix, essential=False)
    detail = str(found["device_name"])
    if found["gpu_total_bytes"]:
        detail += f", {found['gpu_free_bytes'] / _GB:.1f} of {found['gpu_total_bytes'] / _GB:.1f} GB free"
        detail += ", bfloat16" if found["bfloat16"] else ", float16 (no bfloat16)"
    return Check(name, True, detail)


def _nf4(found: dict[str, Any]) -> Check:
    name, error = "4-bit training (NF4)", found["nf4_gradient_error"]
    if error is None:
        detail = "not to be had: bitsandbytes has no 4-bit weights for this device"
        return Check(name, False, detail, "Train with model.quantization=none.", essential=False)
    if not error <= _LARGEST_GRADIENT_ERROR:  # nan is no success either
        detail = f"gradients through 4-bit weights are wrong (error {error:.3f})"
        return Check(name, False, detail, "Train with model.quantization=none, or update bitsandbytes.")
    return Check(name, True, f"works; gradients are right after an evaluation too (error {abs(error):.1e})")


def window() -> Check:
    """Whether Qt is installed and loads; the command line does without."""
    name, fix = "window (PySide6)", "The command line works without. For the window: python3 run.py setup"
    try:
        version = metadata.version("PySide6-Essentials")
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", fix, essential=False)
    command = [sys.executable, "-c", "import PySide6.QtWidgets"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_WINDOW_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check(name, False, f"{version}, cannot be tested: {error}", essential=False)
    if answer.returncode:
        said = answer.stderr.strip().splitlines()[-1:] or [f"exit code {answer.returncode}"]
        fix = "The command line works without. For the window, python3 run.py names the system libraries it lacks."
        return Check(name, False, f"{version}, does not load: {said[0]}", fix, essential=False)
    return Check(name, True, version)


def database() -> Check:
    """SQLite with full-text search, which keeps the examples."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE search USING fts5 (text, tokenize='trigram case_sensitive 1')")
    except sqlite3.Error as error:
        fix = "Use a Python whose SQLite has FTS5 (python.org's has)."
        return Check("SQLite", False, f"{sqlite3.sqlite_version}: {error}", fix)
    finally:
        connection.close()
    return Check("SQLite", True, f"{sqlite3.sqlite_version} with full-text search")


def starter_model() -> Check:
    """The embedded base model and its settings."""
    try:
        facts = ModelFacts.read(catalogue.resolve(STARTER))
        presets.base_recipe(STARTER)
    except (UserError, OSError) as error:
        return Check("starter model", False, _what(error), _INSTALL)
    return Check("starter model", True, f"{facts.parameters / 1e6:.1f} million parameters")


def sample_datasets() -> Check:
    """The embedded examples."""
    try:
        counts = [f"{sample.title} ({len(files.read(sample.path).examples):,})" for sample in samples.all_samples()]
    except (UserError, OSError) as error:
        return Check("samples", False, _what(error), _INSTALL)
    return Check("samples", bool(counts), ", ".join(counts), "" if counts else _INSTALL)


def memory() -> Check:
    """The machine's main memory."""
    found = psutil.virtual_memory()
    enough = found.available >= _LEAST_MEMORY
    detail = f"{found.available / _GB:.1f} of {found.total / _GB:.1f} GB free"
    fix = "" if enough else f"Close other programs: training wants {_LEAST_MEMORY / _GB:.0f} GB or more."
    return Check("memory", enough, detail, fix, essential=False)


def disk() -> Check:
    """The space where new projects are proposed."""
    place = next(folder for folder in (paths.documents(), *paths.documents().parents) if folder.is_dir())
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk", False, f"{place}: {error.strerror or error}", essential=False)
    enough = free >= _LEAST_DISK
    fix = "" if enough else "Free some space, or keep projects on another disk: checkpoints need room."
    return Check("disk", enough, f"{free / _GB:.1f} GB free in {_short(place)}", fix, essential=False)


def models() -> Check:
    """The base models that are on this machine already."""
    cache = _short(catalogue.hub_cache())
    found = [model.base for model in catalogue.local_models() if model.base != STARTER]
    if not found:
        return Check("base models", True, f"the starter alone; none in Hugging Face's cache ({cache})")
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return Check("base models", True, f"{', '.join(found[:3])}{more} in {cache}")


def _what(error: UserError | OSError) -> str:
    """What happened and why; what to do is the check's own to say."""
    return f"{error.title} {error.reason}".strip() if isinstance(error, UserError) else str(error)


def _short(path: Path) -> str:
    """A path as a person reads it: from the home folder on where it lies in there."""
    if path == Path.home():
        return "the home folder"
    try:
        return os.path.join("~", path.relative_to(Path.home()))
    except ValueError:
        return str(path)


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
