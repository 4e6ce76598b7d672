"""Writing a run down as one plain Python file; the work is done by a worker process (``core/worker/reproduce.py``)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.process import launch

_TAIL = 20_000


def write_script(run: RunFolder, file: Path) -> Path:
    """Write the script that trains the adapter of ``run`` with transformers and peft alone (takes some seconds).

    An older file of this name is replaced.

    Returns:
        The file.

    Raises:
        RunError: the run has made no step yet, its base model is gone, or the file cannot be written.
    """
    if not file.absolute().parent.is_dir():
        raise RunError(
            "The script could not be written.",
            reason=f"There is no folder {file.absolute().parent}.",
            hint="Make it first, or choose another place.",
        )
    with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
        report, log = Path(folder) / "report.json", Path(folder) / "log.txt"
        with open(log, "xb") as output:
            process = launch(["reproduce", str(run.path.resolve()), str(file.absolute()), str(report)], output=output)
        code = process.wait()
        printed = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        try:
            problem: dict[str, str] = json.loads(report.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            problem = {
                "title": "The script could not be written.",
                "reason": f"The process that writes it ended with exit code {code}.",
                "hint": "Check that the folder can be written and has space.",
                "details": printed,
            }
    if problem:
        raise RunError(problem["title"], **{key: problem[key] for key in ("reason", "hint", "details")})
    return file
