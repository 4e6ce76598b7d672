"""What a comparison has found so far, read as it grows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from core.evaluation import neutral
from core.evaluation.comparison import (
    Answered,
    Comparison,
    ComparisonFolder,
    LeftOut,
    Measured,
    Neutral,
    Row,
    Side,
    System,
)

_ROW: TypeAdapter[Row] = TypeAdapter(Row)
_AT_ONCE = 1 << 24  # bytes


@dataclass(frozen=True, slots=True)
class Work:
    """How much of a comparison is done: losses, answers and neutral texts count alike."""

    done: int
    total: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.total


class Results:
    """The rows of a comparison; call :meth:`update` for what has come since.

    Attributes:
        comparison: what is compared.
        answers: by example and system.
        losses: by example and system; of training examples, too.
        neutral: by system and name of the text.
        left_out: what could not be done, by example, system and ``answer`` or ``loss``.
        unreadable: lines that were damaged and passed over.
    """

    def __init__(self, folder: ComparisonFolder, comparison: Comparison | None = None, *, read: bool = True) -> None:
        """Read what is there, or leave all rows to the first :meth:`update`.

        Raises:
            RunError: the comparison cannot be read.
        """
        self.folder = folder
        self.comparison = comparison or folder.read()
        self.answers: dict[tuple[int, str], Answered] = {}
        self.losses: dict[tuple[int, str], Measured] = {}
        self.neutral: dict[tuple[str, str], Neutral] = {}
        self.left_out: dict[tuple[int, str, str], LeftOut] = {}
        self.unreadable = 0
        self._offset = 0
        if read:
            self.update()

    def update(self) -> list[Row]:
        """Take in the rows that have come since the last call, and return them; a line half written waits."""
        found: list[Row] = []
        while data := self._more():
            for line in data.splitlines():
                row = self._decode(line)
                if row is not None:
                    found.append(row)
        self.take(found)
        return found

    def take(self, rows: Iterable[Row]) -> None:
        """Take in rows that somebody else has read; one that is there already is the same again."""
        for row in rows:
            self._take(row)

    def loss(self, system: str, side: Side = "heldout") -> float | None:
        """The mean loss a token of all outputs of a side, each token counting alike; None when nothing was measured."""
        wanted = {case.id for case in self.comparison.cases if case.side == side}
        return _mean(row for (id, key), row in self.losses.items() if key == system and id in wanted)

    def losses_by_example(self, system: str, side: Side = "heldout") -> dict[int, float]:
        """The mean loss a token of each example of a side that was measured, by example."""
        cases = (case.id for case in self.comparison.cases if case.side == side)
        found = ((id, self.losses.get((id, system))) for id in cases)
        return {id: row.mean for id, row in found if row is not None and row.mean is not None}

    def neutral_loss(self, system: str) -> float | None:
        """The mean loss a token of the neutral texts (lower is better; far above the base model's: it forgot)."""
        return _mean(row for (key, _), row in self.neutral.items() if key == system)

    def seconds_per_answer(self, system: str) -> float | None:
        """The mean time of the answers that were written alone."""
        return _average([a.seconds for (_, key), a in self.answers.items() if key == system and a.seconds is not None])

    def prompt_tokens(self, system: str) -> float | None:
        """The mean number of tokens that a question has."""
        return _average([a.prompt_tokens for (_, key), a in self.answers.items() if key == system])

    def work(self, texts: Collection[str] | None = None) -> Work:
        """How much is done.

        Args:
            texts: the names of the neutral texts; those that ship with the app unless given.
        """
        done = total = 0
        names = [] if not self.comparison.neutral else neutral.texts().keys() if texts is None else texts
        for system in self.comparison.systems:
            todo = self._jobs(system)
            total += len(todo) + (len(names) if system.kind != "prompt" else 0)
            done += sum(1 for job in todo if self.is_done(*job))
            done += sum(1 for name in names if (system.key, name) in self.neutral)
        return Work(done, total)

    def is_done(self, example: int, system: str, what: str) -> bool:
        """Whether an ``answer`` or ``loss`` is there, or cannot be had."""
        found: dict[tuple[int, str], Answered] | dict[tuple[int, str], Measured]
        found = self.answers if what == "answer" else self.losses
        return (example, system) in found or (example, system, what) in self.left_out

    def _jobs(self, system: System) -> list[tuple[int, str, str]]:
        measured = [(case.id, system.key, "loss") for case in self.comparison.measured_by(system)]
        return measured + [(case.id, system.key, "answer") for case in self.comparison.answered()]

    def _more(self) -> bytes:
        try:
            with open(self.folder.rows_file, "rb") as file:
                file.seek(self._offset)
                data = file.read(_AT_ONCE)
        except FileNotFoundError:
            return b""
        data = data[: data.rfind(b"\n") + 1]
        self._offset += len(data)
        return data

    def _decode(self, line: bytes) -> Row | None:
        if not line.strip():
            return None
        try:
            return _ROW.validate_json(line)
        except ValidationError:
            self.unreadable += 1
            return None

    def _take(self, row: Row) -> None:
        match row:
            case Answered():
                self.answers[row.example, row.system] = row
            case Measured():
                self.losses[row.example, row.system] = row
            case Neutral():
                self.neutral[row.system, row.text] = row
            case LeftOut():
                self.left_out[row.example, row.system, row.what] = row


def _mean(rows: Iterable[Measured | Neutral]) -> float | None:
    known = [(row.loss, row.targets) for row in rows if row.loss is not None]
    targets = sum(count for _, count in known)
    return sum(loss for loss, _ in known) / targets if targets else None


def _average(numbers: list[float] | list[int]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
