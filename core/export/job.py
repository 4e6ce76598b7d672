"""One export from beginning to end: written aside in a process of its own, checked in a fresh one, renamed last.

Nothing that exists is ever written over, and nothing is deleted but what was made here.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.child import Child, Stopped
from core.errors import ModelError, UserError
from core.export import archive, aside, forms
from core.export.form import Facts, Form, Step
from core.export.problems import in_words
from core.export.source import Source
from core.files import sync_file, sync_folder
from core.runs import heavy
from core.runs.folder import RunFolder
from core.runs.process import WORKER_ENVIRONMENT

RECORD_FILE = "verify.json"
_PROCESS = "core.worker.exporting"
_WRITING = 0.65  # of the time, about; the rest is the check
_MARGIN = 64 * 1024 * 1024  # bytes to leave free, and for what the check is compared with
_SOON = 3.0  # seconds before it is known how long the rest will take
_LOOK_AGAIN = 0.5  # seconds between two looks whether the machine is free


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is: what is being done, the share that is behind, and how long the rest may take."""

    words: str
    share: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class ExportResult:
    """A finished export.

    Attributes:
        path: the folder or the file.
        files: the names in it.
        verified: true; an export that could not be verified is an error.
        max_logit_difference: the largest difference of any next-token logit to those of the trained model; None where
            there was no memory to run it, and every weight was compared instead.
        greedy_equal: whether the most likely next token is the same at every place compared.
        record: the file that says what was checked, and how.
        findings: what is in that file.
        next_steps: what to do with it.
    """

    path: Path
    files: tuple[str, ...]
    verified: bool
    max_logit_difference: float | None
    greedy_equal: bool | None
    record: Path
    findings: dict[str, Any] = field(default_factory=dict)
    next_steps: tuple[Step, ...] = ()


class ExportCancelled(UserError):  # noqa: N818 - a wish, not a mistake
    """The user ended an export; nothing of it is left."""

    def __init__(self) -> None:
        super().__init__("The export was cancelled.", reason="Nothing was written.")


def export(
    source: Source,
    form: str,
    target: Path,
    *,
    chosen: Mapping[str, str] | None = None,
    progress: Callable[[Progress], object] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportResult:
    """Export an adapter and wait for it.

    Args:
        source: what.
        form: the id of one of ``core.export.forms.FORMS``.
        target: a folder or a file that does not exist yet.
        chosen: what was chosen of the form's choices.
        progress: told now and then.
        cancelled: asked now and then whether to end.

    Raises:
        ExportCancelled: as asked.
        ModelError: the adapter or its base model is missing, damaged or not to be had in this form, or what was
            written is not what was trained.
        UserError: something is in the way, or the disk is full.
    """
    job = Export(source, form, target, chosen)
    try:
        for message in job.messages():
            if isinstance(message, ExportResult):
                return message
            progress(message)
            if cancelled():
                job.stop()
    except Stopped:
        raise ExportCancelled from None
    raise AssertionError("an export ends with its result")


class Export:
    """One export; ``stop`` may be called from any thread, and leaves nothing behind."""

    def __init__(self, source: Source, form: str, target: Path, chosen: Mapping[str, str] | None = None) -> None:
        """Prepare; see :func:`export`."""
        self._source = source
        self._form: Form = forms.find(form)
        self._target = target.absolute()
        self._asked = dict(chosen or {})
        self._ending = next((one for one in self._form.endings if one and target.name.lower().endswith(one)), "")
        self._record = self._target.with_suffix(f".{RECORD_FILE}") if self._ending else self._target / RECORD_FILE
        self._guard = threading.Lock()
        self._child: Child | None = None
        self._stopped = False
        self._began = time.monotonic()

    def messages(self) -> Iterator[Progress | ExportResult]:
        """Do it; tells of its progress, and of the result last.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            ModelError, UserError: see :func:`export`.
        """
        self._began = time.monotonic()
        try:
            yield from self._messages()
        except OSError as error:
            raise in_words(error, self._target) from error

    def stop(self) -> None:
        """End it now."""
        with self._guard:
            self._stopped = True
            if self._child is not None:
                self._child.stop()

    def _messages(self) -> Iterator[Progress | ExportResult]:
        self._refuse_what_exists()
        facts = Facts.read(self._source)
        reason = self._form.refusal(facts)
        if reason:
            raise ModelError(f"{self._form.title}: not for this adapter.", reason=reason, hint="Choose another form.")
        chosen = self._form.settle(facts, self._asked)
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._check_space(self._form.size(facts, chosen), self._form.aside(facts, chosen))
        folder = aside.make(self._target)
        try:
            request = {
                "source": self._source.to_json(),
                "form": self._form.id,
                "chosen": chosen,
                "aside": str(folder),
                "inside": archive.folder_name(self._target.stem) if self._ending else "",
            }
            written = yield from self._child_messages({"job": "write", **request}, 0.0, _WRITING)
            checked = yield from self._child_messages({"job": "check", **request, "written": written}, _WRITING, 1.0)
            findings = self._judged({**written["findings"], **checked["findings"]})
            self._put_in_place(folder, findings)
        finally:
            aside.remove(folder)
        files = written["files"] + ([] if self._ending else [RECORD_FILE])
        yield ExportResult(
            path=self._target,
            files=tuple(sorted(files)),
            verified=True,
            max_logit_difference=findings["max_logit_difference"],
            greedy_equal=findings["greedy_equal"],
            record=self._record,
            findings=findings,
            next_steps=self._form.next_steps(self._target, facts),
        )

    def _refuse_what_exists(self) -> None:
        for path in (self._target, self._record):
            if os.path.lexists(path):
                raise UserError(
                    f"{path.name} is there already.",
                    reason="An export never writes over anything.",
                    hint="Choose another name, or move the old one away.",
                    details=str(path),
                )

    def _check_space(self, size: int, besides: int) -> None:
        copies = 3 if self._ending == ".zip" else 1  # of an archive also what goes in, and what comes out
        needed = size * copies + besides + _MARGIN
        free = shutil.disk_usage(self._target.parent).free
        if free < needed:
            raise UserError(
                "There is not enough space for the export.",
                reason=f"It needs {needed / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free there.",
                hint="Free some space, or choose another place.",
            )

    def _child_messages(
        self, request: dict[str, Any], start: float, end: float
    ) -> Generator[Progress, None, dict[str, Any]]:
        """Tell what a process tells of its progress; returns what it found."""
        with self._guard:
            if self._stopped:
                raise Stopped
            child = self._child = Child(_PROCESS, request, megabytes=None, environment=WORKER_ENVIRONMENT)
        found: dict[str, Any] = {}
        messages = child.messages()
        first = yield from self._take_turn(Path(request["aside"]), messages, waits=request["job"] == "check")
        for message in itertools.chain([first], messages):
            if "progress" in message:
                words, share = message["progress"]
                yield self._progress(words, start + (end - start) * share)
            elif "found" in message:
                found = message["found"]
        return found

    def _take_turn(
        self, folder: Path, messages: Iterator[dict[str, Any]], *, waits: bool
    ) -> Generator[Progress, None, dict[str, Any]]:
        """Start the process when nothing else has the machine; what was written already waits for its check.

        Returns:
            The first message of the process.
        """
        while True:
            try:
                with heavy.starting(RunFolder(folder)) as works:
                    first = next(messages, {})
                    if "began" in first:
                        works(first["began"])
                return first
            except heavy.MachineBusy as busy:
                if not waits:
                    raise UserError(
                        busy.title,
                        reason=f"{busy.reason.rstrip('.')}.",
                        hint="Export when it has ended, or pause it.",
                        details=busy.details,
                    ) from busy
                yield self._progress(f"Waiting for {busy.holder.words if busy.holder else 'the machine'}", _WRITING)
                with self._guard:
                    if self._stopped:
                        raise Stopped from None
                time.sleep(_LOOK_AGAIN)

    def _progress(self, words: str, share: float) -> Progress:
        passed = time.monotonic() - self._began
        left = passed * (1 - share) / share if passed > _SOON and share > 0 else None
        return Progress(words, share, left)

    def _judged(self, findings: dict[str, Any]) -> dict[str, Any]:
        if findings["verified"] is not True:
            difference = findings.get("max_logit_difference")
            size = "not a number" if difference is None else f"{difference:.3g}"
            raise ModelError(
                "The export is not what was trained.",
                reason=findings.get("problem")
                or f"Its next-token logits differ by up to {size}; {findings['tolerance']:.3g} is accepted.",
                hint="Nothing was exported. Resume the run, which writes the adapter anew, then export again.",
                details=json.dumps(findings, indent=2),
            )
        return {"form": self._form.id, "run": self._source.name, **findings}

    def _put_in_place(self, folder: Path, findings: dict[str, Any]) -> None:
        made = folder / "made.zip" if self._ending else folder / "made"
        record = (folder if self._ending else made) / RECORD_FILE
        record.write_text(json.dumps(findings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        sync_file(record)
        sync_folder(record.parent)
        with self._guard:
            if self._stopped:
                raise Stopped
            self._refuse_what_exists()
            if self._ending:
                aside.put_file(made, self._target)
                aside.put_file(record, self._record)
            else:
                os.rename(made, self._target)
        sync_folder(self._target.parent)
