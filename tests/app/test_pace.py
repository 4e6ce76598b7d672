"""How fast a download goes lately."""

from __future__ import annotations

from app.pace import Pace


def test_nobody_knows_at_first() -> None:
    pace = Pace()
    assert pace.per_second is None
    assert pace.seconds_left(100) is None
    pace.tell(0, 0)
    pace.tell(1, 50)
    assert pace.per_second is None


def test_the_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    for second in range(21):
        pace.tell(second, 10 * second)
    assert pace.per_second == 10
    assert pace.seconds_left(300) == 10
    for second in range(21, 41):
        pace.tell(second, 200 + 50 * (second - 20))
    assert pace.per_second == 50


def test_nothing_comes_and_nobody_knows_when_it_ends() -> None:
    pace = Pace()
    pace.tell(0, 70)
    pace.tell(4, 70)
    assert pace.seconds_left(100) is None
