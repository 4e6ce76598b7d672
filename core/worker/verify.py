"""The check of an exported adapter: loaded with plain PEFT on the base model as it was trained, and compared.

It runs in a process of its own that has seen nothing of the training, and leaves its findings as a JSON file.
"""

from __future__ import annotations

import json
import traceback
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import logging as transformers_logging

from core.base_models import catalogue
from core.errors import ModelError, UserError
from core.export import adapter_config, sums
from core.files import write_atomically
from core.runs.folder import RunFolder
from core.worker import device
from core.worker.model import load_base
from core.worker.reference import compare

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


def verify(run: RunFolder, folder: Path, report: Path) -> int:
    """Compare the adapter in ``folder`` with the trained model of a run.

    Args:
        run: the run; its recipe says how the base model is held, its reference file what the trained model says.
        folder: a PEFT folder.
        report: where the findings go; ``{"problem": …}`` when the comparison could not be made.

    Returns:
        The exit code: 0 when the adapter is that of the run.
    """
    transformers_logging.set_verbosity_error()
    try:
        findings = _compare(run, folder)
    except UserError as error:
        traceback.print_exc()
        problem = {"title": error.title, "reason": error.reason, "hint": error.hint, "details": error.details}
        findings = {"verified": False, "problem": problem}
    write_atomically(report, (json.dumps(findings, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())
    return 0 if findings["verified"] else 1


def _compare(run: RunFolder, folder: Path) -> dict[str, Any]:
    adapter_config.read(folder)
    files = sums.check(folder)
    settings = run.recipe().model
    place = device.choose()
    device.prepare(place)
    base = load_base(catalogue.resolve(settings.base), settings, place)
    try:
        model = PeftModel.from_pretrained(base, folder)
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise ModelError(
            "The exported adapter cannot be loaded.",
            reason=f"{type(error).__name__}: {error}".splitlines()[0][:300],
            hint="Export it again; if that does not help, resume the run, which writes the adapter anew.",
            details=traceback.format_exc(),
        ) from error
    comparison = compare(model, run.reference_file)
    name, revision = adapter_config.public_base(settings.base)
    return {
        "verified": comparison.holds,
        **{key: _finite(value) for key, value in asdict(comparison).items()},
        "base_model": name,
        "revision": revision or None,
        "quantization": settings.quantization,
        "device": place.kind,
        "versions": {library: version(library) for library in _LIBRARIES},
        "sha256": files,
    }


def _finite(value: Any) -> Any:
    return None if value in (float("inf"), float("-inf")) else value
