"""A run as far as it has told of itself: points, samples, notes and state, kept up to date with each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.runs import notes
from core.runs.event_file import EventFollower
from core.runs.events import FINAL, Adjusted, Evaluation, Event, Notice, Phase, Resumed, Sample, Started, Step
from core.runs.folder import Progress, RunFolder
from core.runs.notes import Notes
from core.runs.series import Series


@dataclass(slots=True)
class Record:
    """What the events of a run add up to. ``count`` is the number of events taken in, from the file's first on."""

    run: RunFolder
    series: Series = field(default_factory=Series)
    progress: Progress = field(default_factory=Progress)
    journal: list[Event] = field(default_factory=list)
    started: Started | None = None
    last_step: Step | None = None
    phase: Phase | None = None
    notes: Notes = field(default_factory=Notes)
    count: int = 0

    @classmethod
    def load(cls, run: RunFolder) -> Record:
        """Read all that a run has told so far (long runs: seconds; not for the drawing thread)."""
        record = cls(run, notes=notes.read(run))
        follower = EventFollower(run.events_file)
        while events := follower.read():
            record.add(events, record.count)
        run.judge(record.progress)
        return record

    def add(self, events: Sequence[Event], first: int) -> Sequence[Event]:
        """Take in a piece of the event file.

        Args:
            events: the piece.
            first: how many events come before it in the file; those already taken in are passed over.

        Returns:
            The events that were new.

        Raises:
            ValueError: events between the last ones and these are missing.
        """
        if first > self.count:
            raise ValueError(f"events {self.count} to {first} are missing")
        new = events[self.count - first :]
        for event in new:
            self._add(event)
        self.count += len(new)
        return new

    @property
    def epoch(self) -> float:
        """How often the examples were seen so far."""
        return self.last_step.epoch if self.last_step else 0.0

    @property
    def can_continue(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return bool(self.series.checkpoints)

    def samples_at(self, step: int) -> list[Sample]:
        """The model's answers after ``step`` steps, in the order of their examples."""
        return sorted(self.series.samples.get(step, []), key=lambda sample: sample.example)

    def _add(self, event: Event) -> None:
        self.series.add(event)
        self.progress.add(event)
        match event:
            case Step():
                self.last_step, self.phase = event, None
            case Started():
                self.started = event
            case Phase():
                self.phase = event
        if isinstance(event, FINAL):
            self.phase = None
        if isinstance(event, (Started, Evaluation, Adjusted, Notice, Resumed, *FINAL)):
            self.journal.append(event)
