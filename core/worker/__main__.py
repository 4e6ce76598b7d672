"""``python -m core.worker JOB ...``: one heavy job in a process of its own.

The environment is set and the priority lowered before torch is imported.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from core.evaluation.comparison import ComparisonFolder
from core.runs.event_file import has_last_word
from core.runs.events import Failed, Phase
from core.runs.folder import RunFolder
from core.runs.heartbeat import was_ended_for_memory
from core.runs.process import WORKER_ENVIRONMENT
from core.runs.words import PROCESS_STARTED
from core.worker.awake import keep_awake
from core.worker.imports import import_lean, uncollected
from core.worker.launched import Place, event_writer, see_one_gpu
from core.worker.pulse import heartbeat


def main(arguments: list[str]) -> int:
    """Run a job; returns the exit code."""
    parent = os.getppid()  # before the slow imports: another process takes over when this one goes meanwhile
    os.environ.update(WORKER_ENVIRONMENT)
    place = Place.of(os.environ)
    see_one_gpu(place.local, os.environ)
    faulthandler.enable()
    if hasattr(os, "nice"):
        os.nice(5)
    job, *rest = arguments or ["help"]
    if job == "train" and len(rest) == 1:
        return _train(RunFolder(Path(rest[0])), place)
    if job == "wait" and not rest:
        from core.worker.wait import wait

        return wait(partial(_train, place=place))
    if job == "probe" and not rest:
        from core.worker.probe import probe

        return probe()
    if job == "chat" and len(rest) == 2:
        from core.worker.chat import chat

        return chat(*rest)
    if job == "compare" and len(rest) == 1:
        with uncollected():
            import_lean()
            from core.worker.compare import compare

        return compare(ComparisonFolder(Path(rest[0])))
    if job == "rehearse" and len(rest) == 1:
        with uncollected():
            import_lean()
            from core.worker.rehearse import rehearse

        return rehearse(RunFolder(Path(rest[0])), parent=parent)
    if job == "reproduce" and len(rest) == 3:
        from core.worker.reproduce import reproduce

        return reproduce(RunFolder(Path(rest[0])), Path(rest[1]), Path(rest[2]))
    print("usage: python -m core.worker train RUN | probe", file=sys.stderr)  # noqa: T201
    return 2


def _train(run: RunFolder, place: Place) -> int:
    """The run says that it is starting before the slow imports, and what is wrong when they fail."""
    # What follows in the log is of this process.
    print(f"{PROCESS_STARTED} {place.launcher}", file=sys.stderr)  # noqa: T201
    # Asked before a heartbeat of this process takes the place of the last one.
    was_full = not has_last_word(run.events_file) and was_ended_for_memory(run)
    if place.is_first:
        run.claim(place.launcher)
    with event_writer(run, place) as events:
        events.write(Phase(name="starting"))
        with heartbeat(run) if place.is_first else nullcontext(), keep_awake(events):
            try:
                with uncollected():
                    import_lean()
                    from core.worker.train import train
            except ImportError as error:
                hint = "Run `tunesmith doctor`; it says what is missing and how to mend it."
                events.write(
                    Failed(kind="libraries", message="A training library is missing.", reason=str(error), hint=hint)
                )
                raise
            return train(run, events, place, memory_was_full=was_full)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
