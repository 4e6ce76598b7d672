"""A rehearsal of a run: real steps on its longest batch in a process of their own, in a folder that is removed."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.child import Stopped
from core.dataset.example import Example
from core.dataset.store import ExampleStore
from core.errors import RunError
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import folder, heavy
from core.runs.event_file import EventFollower
from core.runs.events import Failed, Phase
from core.runs.folder import RunFolder
from core.runs.process import launch

RESULT_FILE = "rehearsal.json"
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What was measured.

    Attributes:
        device: where.
        peak_bytes: the largest amount of memory during the steps: of the graphics card, or of the process on a CPU.
        seconds_per_step: of the longest batch, after the first step.
        tokens: of that batch.
        examples: in it.
        changes: settings (name to value) that had to be lowered because the memory was full.
    """

    device: str
    peak_bytes: int
    seconds_per_step: float
    tokens: int
    examples: int
    changes: dict[str, Any] = field(default_factory=dict)

    def seconds_for(self, tokens: float) -> float:
        """How long training on this many tokens would take at this pace."""
        return self.seconds_per_step * tokens / self.tokens if self.tokens else 0.0


class Rehearsal:
    """One rehearsal; ``stop`` may be called from any thread."""

    def __init__(self, examples: Path, recipe: Recipe, largest: Sequence[int]) -> None:
        """Prepare.

        Args:
            examples: the project's ``examples.db``.
            recipe: the settings.
            largest: the numbers of the longest examples that would be trained, the longest first.
        """
        self._examples, self._recipe = examples, recipe
        self._ids = list(largest[: recipe.training.batch_size])
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def messages(self) -> Iterator[Phase | Rehearsed]:
        """How far it is, and what was measured; blocks: for a thread.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            RunError: it did not succeed; the reason is what a run would have met.
            heavy.MachineBusy: a run is being trained on this machine.
        """
        place = Path(tempfile.mkdtemp(prefix=heavy.REHEARSAL))
        try:
            run = self._frozen(place / self._examples.parent.name / "runs")
            process = self._start(run)
            try:
                yield from self._follow(run, process)
            finally:
                process.kill()
                process.wait()
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def stop(self) -> None:
        """End it now."""
        with self._guard:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _frozen(self, runs: Path) -> RunFolder:
        store = ExampleStore(self._examples, read_only=True)
        try:
            batch: list[Example] = store.rows(self._ids)
        finally:
            store.close()
        # What a step takes does not depend on where the adapter begins, nor on the schedule.
        plain = {"lora.start_from": "", "training.schedule": "constant", "heldout.share": 0.0}
        recipe = with_settings(self._recipe, {**plain, "training.batch_size": max(1, len(batch))})
        try:
            return folder.create(runs, name="rehearsal", recipe=recipe, train=batch, heldout=[])
        except OSError as error:
            raise RunError("The rehearsal could not be prepared.", reason=f"{error.strerror or error}.") from error

    def _start(self, run: RunFolder) -> subprocess.Popen[bytes]:
        with heavy.starting(run) as works:
            try:
                with open(run.log_file, "ab") as log, self._guard:
                    if self._stopped:
                        raise Stopped
                    process = self._process = launch(["rehearse", str(run.path.resolve())], output=log)
            except OSError as error:
                raise RunError("The rehearsal could not be started.", reason=str(error)) from error
            works(process.pid)
        return process

    def _follow(self, run: RunFolder, process: subprocess.Popen[bytes]) -> Iterator[Phase | Rehearsed]:
        follower = EventFollower(run.events_file)
        failed: Failed | None = None
        while True:
            over = process.poll() is not None  # asked first: what it wrote before is then read below
            for event in follower.read():
                if isinstance(event, Phase):
                    yield event
                elif isinstance(event, Failed):
                    failed = event
            if over:
                break
            time.sleep(_POLL_SECONDS)
        if self._stopped:
            raise Stopped
        try:
            yield Rehearsed(**json.loads((run.path / RESULT_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise _problem(failed, run, process.returncode) from error


def _problem(failed: Failed | None, run: RunFolder, code: int) -> RunError:
    title = "The rehearsal did not succeed, and a run would not either."
    if failed is not None:
        reason = " ".join(part for part in (failed.message, failed.reason) if part)
        return RunError(title, reason=reason, hint=failed.hint, details=failed.traceback)
    log = run.log_file.read_text(encoding="utf-8", errors="replace")[-4000:] if run.log_file.exists() else ""
    reason = "Its process was ended, most likely because the memory was full." if code < 0 else f"Exit code {code}."
    return RunError(title, reason=reason, hint="Lower the maximum length or the tokens per pass.", details=log)
