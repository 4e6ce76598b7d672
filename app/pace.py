"""How fast something long goes lately, and how long the rest takes at that pace."""

from __future__ import annotations

from collections import deque

_SECONDS = 8.0  # that are looked back on
_SURE_SECONDS = 1.5  # before this, a pace is a guess


class Pace:
    """Is told how much is done at which moment (seconds of a clock that only goes forward)."""

    def __init__(self) -> None:
        self._told: deque[tuple[float, float]] = deque()

    def tell(self, at: float, done: float) -> None:
        """At this moment so much is done."""
        self._told.append((at, done))
        while len(self._told) > 2 and self._told[1][0] <= at - _SECONDS:
            self._told.popleft()

    @property
    def per_second(self) -> float | None:
        """None as long as nobody can know."""
        if not self._told:
            return None
        (began, first), (now, last) = self._told[0], self._told[-1]
        spent = now - began
        return (last - first) / spent if spent >= _SURE_SECONDS and last >= first else None

    def seconds_left(self, total: float) -> float | None:
        """Until ``total`` is done; None as long as nobody can know."""
        pace = self.per_second
        return (total - self._told[-1][1]) / pace if pace else None
