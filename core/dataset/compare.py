"""What differs between two states of the examples: two versions, a version and today, a run's frozen data and today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.dataset.example import Example

FROZEN = ("instruction", "input", "output", "system", "history")
"""What a run keeps of an example; the rest (tags, note, status, split, rejected) is not part of what was trained."""
ALL = (*FROZEN, "tags", "note", "status", "split", "rejected")


@dataclass(frozen=True, slots=True)
class Differences:
    """Added and removed examples, and changed ones as (before, after); each list ascending by id.

    ``fields`` are those that were compared.
    """

    fields: tuple[str, ...] = ALL
    added: list[Example] = field(default_factory=list)
    removed: list[Example] = field(default_factory=list)
    changed: list[tuple[Example, Example]] = field(default_factory=list)
    same: int = 0

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed or self.changed)

    def changed_fields(self, before: Example, after: Example) -> list[str]:
        """The compared fields in which two examples differ."""
        return [name for name in self.fields if getattr(before, name) != getattr(after, name)]


def differences(old: Iterable[Example], new: Iterable[Example], fields: Sequence[str] = ALL) -> Differences:
    """Compare two states, each ascending by id; what is the same in both is not held in memory."""
    found = Differences(tuple(fields))
    same = 0
    before, after = iter(old), iter(new)
    a, b = next(before, None), next(after, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a.id < b.id):
            assert a is not None
            found.removed.append(a)
            a = next(before, None)
        elif a is None or b.id < a.id:
            found.added.append(b)
            b = next(after, None)
        else:
            if any(getattr(a, name) != getattr(b, name) for name in fields):
                found.changed.append((a, b))
            else:
                same += 1
            a, b = next(before, None), next(after, None)
    return Differences(found.fields, found.added, found.removed, found.changed, same)
