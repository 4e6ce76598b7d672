"""Exporting the adapter of a run to a folder or a zip file: written aside, checked in a fresh process, renamed last.

Nothing that exists is ever written over, and nothing is deleted but what was made here.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError, UserError
from core.export import adapter_config, archive, sums
from core.export.base_file import BASE_FILE
from core.files import sync_folder
from core.runs.folder import RunFolder
from core.runs.process import launch

RECORD_FILE = "verify.json"
# What an adapter folder consists of; anything else that lies in it stays where it is.
FILES = (
    *(adapter_config.WEIGHTS_FILE, adapter_config.CONFIG_FILE, "tokenizer.json", "tokenizer_config.json"),
    *("chat_template.jinja", "README.md", BASE_FILE, sums.SUMS_FILE),
)

Progress = Callable[[int, int], object]
Cancelled = Callable[[], bool]
_MARGIN = 16 * 1024 * 1024  # bytes to leave free
_LOOK_AGAIN = 0.1  # seconds between two looks whether the check is still wanted
_USUAL_CHECK = 5.0  # seconds that the check of a small model takes
_TAIL = 20_000


@dataclass(frozen=True, slots=True)
class ExportResult:
    """A finished export.

    Attributes:
        path: the folder or the zip file.
        files: the names in it.
        verified: true; an export that could not be verified is an error.
        max_logit_difference: the largest difference of any next-token logit to those of the trained model.
        greedy_equal: whether the most likely next token is the same at every place compared.
        record: the file that says what was checked, and how.
    """

    path: Path
    files: tuple[str, ...]
    verified: bool
    max_logit_difference: float
    greedy_equal: bool
    record: Path


class ExportCancelled(UserError):  # noqa: N818 - a wish, not a mistake
    """The user ended an export; nothing of it is left."""

    def __init__(self) -> None:
        super().__init__("The export was cancelled.", reason="Nothing was written.")


def export_adapter(
    run: RunFolder, target: Path, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> ExportResult:
    """Export a run's adapter as a standard PEFT folder, and compare it with the trained model.

    Args:
        run: a run with an adapter.
        target: a folder that does not exist yet, or a ``.zip`` file that does not.
        progress: told (done, total) now and then.
        cancelled: asked now and then whether to end.

    Raises:
        ExportCancelled: as asked.
        ModelError: there is no adapter, it is damaged, or what was written is not what was trained.
        UserError: something is in the way, or the disk is full.
    """
    work = _Export(run, target.absolute(), progress or (lambda _done, _total: None), cancelled or (lambda: False))
    try:
        return work.result()
    except OSError as error:
        raise UserError(
            "The adapter could not be exported.",
            reason=f"{error.strerror or error} ({error.filename or target}).",
            hint="Check that the place can be written and has space, or choose another.",
            details=repr(error),
        ) from error


class _Export:
    """One export, step by step."""

    def __init__(self, run: RunFolder, target: Path, progress: Progress, cancelled: Cancelled) -> None:
        self.run = run
        self.target = target
        self.is_zip = target.suffix.lower() == ".zip"
        self.record = target.with_suffix(f".{RECORD_FILE}") if self.is_zip else target / RECORD_FILE
        self.cancelled = cancelled
        self._progress = progress
        self._done = self._total = 0

    def result(self) -> ExportResult:
        """See :func:`export_adapter`."""
        self._refuse_what_exists()
        sources = self._sources()
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._check_space(sources)
        aside = self.target.parent / f".{self.target.name[:100]}.{secrets.token_hex(4)}.tmp"
        aside.mkdir()
        try:
            made, findings = self._make(sources, aside)
            self._put_in_place(made, aside / RECORD_FILE)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        names = [source.name for source in sources] + ([] if self.is_zip else [RECORD_FILE])
        self._progress(self._total, self._total)
        return ExportResult(
            path=self.target,
            files=tuple(sorted(names)),
            verified=True,
            max_logit_difference=float(findings["max_logit_difference"]),
            greedy_equal=bool(findings["greedy_equal"]),
            record=self.record,
        )

    def _refuse_what_exists(self) -> None:
        for path in (self.target, self.record):
            if os.path.lexists(path):
                raise UserError(
                    f"{path.name} is there already.",
                    reason="An export never writes over anything.",
                    hint="Choose another name, or move the old one away.",
                    details=str(path),
                )

    def _sources(self) -> list[Path]:
        """The adapter's files, unharmed."""
        folder = self.run.adapter
        if not folder.is_dir():
            raise ModelError(
                f"{self.run.name} has no adapter.",
                reason="A run has one when it has finished or was stopped.",
                hint="Let the run finish, resume it, or export another one.",
            )
        adapter_config.read(folder)
        sums.check(folder)
        if not self.run.reference_file.is_file():
            raise ModelError(
                "The export could not be verified.",
                reason=f"The run has no {self.run.reference_file.name} to compare it with.",
                hint="Resume the run, which writes it anew; its adapter folder can also be copied as it is.",
            )
        return [folder / name for name in FILES if (folder / name).is_file()]

    def _check_space(self, sources: list[Path]) -> None:
        size = sum(source.stat().st_size for source in sources)
        written = size * (2 if self.is_zip else 1)
        self._total = 2 * written  # the second half is the check
        needed = written + _MARGIN
        free = shutil.disk_usage(self.target.parent).free
        if free < needed:
            raise UserError(
                "There is not enough space for the export.",
                reason=f"It needs {needed / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free there.",
                hint="Free some space, or choose another place.",
            )

    def _make(self, sources: list[Path], aside: Path) -> tuple[Path, dict[str, Any]]:
        """Write and check; what was made, and the findings."""
        folder = aside / "adapter"
        made = folder
        if self.is_zip:
            made = aside / "adapter.zip"
            archive.pack(sources, made, inside=archive.folder_name(self.target.stem), advance=self._advance)
            size = sum(source.stat().st_size for source in sources)
            files = archive.unpack(made, folder, most_bytes=size)
            self._advance(size)
            folder = files[0].parent
            _sync(made)
        else:
            folder.mkdir()
            for source in sources:
                with open(source, "rb") as read, open(folder / source.name, "xb") as write:
                    archive.copy(read, write, self._advance)
                _sync(folder / source.name)
        findings = self._verify(folder, aside)
        record = aside / RECORD_FILE if self.is_zip else folder / RECORD_FILE
        record.write_text(json.dumps(findings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        _sync(record)
        sync_folder(record.parent)
        return made, findings

    def _verify(self, folder: Path, aside: Path) -> dict[str, Any]:
        """Have a fresh process load and compare it."""
        report, log = aside / "report.json", aside / "log.txt"
        with open(log, "xb") as output:
            process = launch(["verify", str(self.run.path.resolve()), str(folder), str(report)], output=output)
        began = time.monotonic()
        try:
            while process.poll() is None:
                # How long it takes is not known: the bar goes on, slower and slower.
                share = 1 - math.exp((began - time.monotonic()) / _USUAL_CHECK)
                self._advance(max(0, round(self._total / 2 * (1 + 0.95 * share)) - self._done))
                try:
                    process.wait(_LOOK_AGAIN)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        printed = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        try:
            findings: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                "The export could not be verified.",
                reason=f"The process that loads it again ended with exit code {process.returncode}.",
                hint="Close other programs if the memory is full, then export again.",
                details=printed,
            ) from error
        if "problem" in findings:
            raise ModelError(**findings["problem"])
        if not findings["verified"]:
            raise _differs(findings, printed)
        return {"run": self.run.name, **findings}

    def _put_in_place(self, made: Path, record: Path) -> None:
        self._advance(0)
        self._refuse_what_exists()
        if self.is_zip:
            _rename_file(made, self.target)
            _rename_file(record, self.record)
        else:
            os.rename(made, self.target)
        sync_folder(self.target.parent)

    def _advance(self, size: int) -> None:
        if self.cancelled():
            raise ExportCancelled
        self._done = min(self._total, self._done + size)
        self._progress(self._done, self._total)


def _rename_file(source: Path, target: Path) -> None:
    """Give a file its name, unless that is taken (a rename would write over it)."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links here
        with open(target, "xb"):
            pass
        os.replace(source, target)


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _differs(findings: dict[str, Any], printed: str) -> ModelError:
    difference = findings["max_logit_difference"]
    size = "not a number" if difference is None else f"{difference:.3g}"
    return ModelError(
        "The exported adapter is not the one that was trained.",
        reason=f"Its next-token logits differ by up to {size}; {findings['tolerance']:.3g} is accepted.",
        hint="Nothing was exported. Resume the run, which writes the adapter anew, then export again.",
        details=printed,
    )
