"""What a run's checkpoints belong to, and what has changed since the last one: always noticed, never passed over."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from functools import cached_property
from importlib.metadata import version

from core.base_models.identity import content_hash
from core.errors import RunError
from core.runs.bundle import base_folder
from core.runs.event_file import EventWriter
from core.runs.events import Notice
from core.runs.folder import RunFolder
from core.worker.checkpoint import Fingerprint, Saved, hash_file
from core.worker.ranks import Ranks

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")


class RunChanged(RunError):  # noqa: N818 - a state, about which the user is asked
    """Something the run depends on has changed since its last checkpoint; the user has to say whether it goes on."""


class Origin:
    """What a run is made from. The base model is hashed in a thread, as its weights can be many gigabytes."""

    def __init__(self, run: RunFolder, ranks: Ranks) -> None:
        self.agreed = bool(ranks.agree(int(ranks.is_first and run.take_consent()))[0])
        self.processes = ranks.count
        self.versions = {name: version(name) for name in _LIBRARIES}
        self._run = run
        self._base: Future[str] = Future()
        # Not a pool's thread: the interpreter waits for those, and a run that fails early would not end for minutes.
        threading.Thread(target=self._hash_base, name="hash of the base model", daemon=True).start()

    def _hash_base(self) -> None:
        try:
            self._base.set_result(content_hash(base_folder(self._run)))
        except BaseException as error:  # noqa: BLE001 - whatever it was is raised where the hash is asked for
            self._base.set_exception(error)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """All of it; waits for the hash of the base model.

        Raises:
            OSError: a file cannot be read.
            ModelError: there is no such base model.
        """
        run = self._run
        return Fingerprint(
            data="".join(hash_file(file) for file in (run.train_file, run.heldout_file, *run.start_files)),
            recipe=hash_file(run.recipe_file),
            versions=self.versions,
            processes=self.processes,
            base=self._base.result(),
        )

    def compare(self, saved: Saved, events: EventWriter) -> None:
        """Ask the user when a checkpoint belongs to something else; one who has agreed already is only told.

        Raises:
            RunChanged: something has changed.
        """
        before = saved.fingerprint.processes
        if before != self.processes:
            change = f"{before} processes trained this run until here, {self.processes} do now"
            events.write(Notice(message=f"{change}: the losses agree, but not to the last digit."))
        changed = differences(saved.fingerprint, self.fingerprint)
        if not changed:
            return
        listed = f"{', '.join(changed[:-1])} and {changed[-1]}" if len(changed) > 1 else changed[0]
        if not self.agreed:
            raise RunChanged(
                "The run is not what it was at its last checkpoint.",
                reason=f"Changed since then: {listed}.",
                hint="Undo the change, start a new run, or resume anyway: then the result differs from that of a run "
                "in one piece.",
            )
        events.write(Notice(message=f"Resumed although something had changed: {listed}. The result differs by that."))


def differences(before: Fingerprint, now: Fingerprint) -> list[str]:
    """What has changed, each in a few words."""
    found = []
    if before.data != now.data:
        found.append("the examples of the run")
    if before.recipe != now.recipe:
        found.append("its settings")
    if before.base and before.base != now.base:  # checkpoints of earlier versions do not know theirs
        found.append("the base model")
    for name in sorted(set(before.versions) | set(now.versions)):
        old, new = before.versions.get(name), now.versions.get(name)
        if old != new:
            found.append(f"{name} ({old or 'none'} → {new or 'none'})")
    return found
