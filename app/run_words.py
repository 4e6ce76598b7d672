"""What the head of the Train page says of a run, made from its record and state."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from app import format
from app.widgets.run_head import HeadWords
from core.runs import notes, words
from core.runs.events import Finished
from core.runs.folder import State
from core.runs.notes import Notes

if TYPE_CHECKING:
    from app.jobs import TrainingThread
    from app.run_watch import RunWatch
    from core.runs.folder import Progress, RunFolder
    from core.runs.record import Record

_RESUMABLE = (State.QUEUED, State.PAUSED, State.STOPPED, State.FAILED, State.INTERRUPTED)


def head_of(watch: RunWatch) -> HeadWords:
    """All that the head shows of the watched run; there must be one, with a state."""
    assert watch.run is not None
    assert watch.progress is not None
    words = head(watch.run, watch.record, watch.progress, watch.thread)
    if watch.can_act:
        return words
    return replace(words, can_pause=False, can_stop=False, can_force=False, can_resume=False)


def unread(watch: RunWatch) -> HeadWords:
    """What the head shows of a run that has not been read yet, or cannot be."""
    assert watch.run is not None
    detail = "Reading the run…" if watch.problem is None else ""
    return HeadWords(notes.title(watch.run, Notes()), str(State.QUEUED), "", detail, share=-1)


def head(run: RunFolder, record: Record | None, progress: Progress, thread: TrainingThread | None) -> HeadWords:
    """All that the head shows.

    Args:
        run: the run.
        record: what it told so far; None while that is being read.
        progress: its state.
        thread: the one that follows it, if any.
    """
    state = progress.state
    wish = thread.wish if thread is not None and state.is_active else None
    process_gone = thread is None or thread.isFinished() or not thread.isRunning()
    saved = record is not None and record.can_continue
    said = record.notes if record is not None else Notes()
    return HeadWords(
        name=notes.title(run, said),
        state=str(state),
        state_words={"pause": "Pausing", "stop": "Stopping"}.get(wish or "", words.state(state)),
        detail=_wish_detail(wish) or _detail(record, progress),
        left="" if wish else _left(record, progress),
        share=_share(progress),
        can_pause=state.is_active and wish is None and thread is not None,
        can_stop=state.is_active and wish != "stop" and thread is not None,
        can_force=wish == "stop" and thread is not None and thread.can_force and thread.force_delay() == 0,
        can_resume=state in _RESUMABLE and process_gone and record is not None,
        resume_words="Resume" if saved else "Start" if state is State.QUEUED else "Start again",
        can_use=state in (State.FINISHED, State.STOPPED),
    )


def _wish_detail(wish: str | None) -> str:
    if wish == "pause":
        return "After this step it saves a checkpoint and frees the memory."
    if wish == "stop":
        return "After this step it saves a checkpoint and the adapter. If that takes over 30 s, you can end it."
    return ""


def _detail(record: Record | None, progress: Progress) -> str:
    parts = []
    if record is not None and record.phase is not None and progress.state.is_active:
        phase = words.phase(record.phase)
        parts.append(f"{phase}…" if record.phase.name != "training" else "")
    if progress.steps:
        parts.append(f"Step {format.count(progress.step)} of {format.count(progress.steps)}")
        if record is not None and record.started is not None:
            parts.append(f"epoch {format.fixed(record.epoch, 1)} of {record.started.epochs:g}")
    if progress.loss is not None:
        parts.append(f"loss {format.loss(progress.loss)}")
    if progress.heldout_loss is not None:
        parts.append(f"held-out {format.loss(progress.heldout_loss)}")
    if record is not None and record.journal and isinstance(last := record.journal[-1], Finished) and last.early:
        parts.append("ended early, as the held-out loss no longer fell")
    return "  ·  ".join(part for part in parts if part)


def _left(record: Record | None, progress: Progress) -> str:
    if progress.state.is_active:
        return "" if progress.seconds_left is None else f"{format.duration(progress.seconds_left)} left"
    ended = progress.ended
    if progress.state is State.INTERRUPTED:  # without a last event; an earlier process may have left one
        ended = record.last_step.at if record is not None and record.last_step is not None else 0.0
    return f"{words.state(progress.state)} {format.ago(ended, time.time())}" if ended else ""


def _share(progress: Progress) -> float | None:
    if progress.state is State.FINISHED:
        return 1.0
    if not progress.steps:
        return None if progress.state.is_active else -1
    return progress.step / progress.steps
