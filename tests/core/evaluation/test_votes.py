import json
from pathlib import Path

import pytest

from core.dataset.example import Example
from core.errors import RunError
from core.evaluation import votes
from core.evaluation.votes import Ballot, Tally, Vote

ANSWERS = {id: (f"adapter {id}", f"prompt {id}") for id in range(1, 41)}


def test_sides_and_order_are_random_and_fair() -> None:
    found = votes.ballots(ANSWERS, first="0001-a", second="prompt", seed="0001")
    assert sorted(ballot.example for ballot in found) == sorted(ANSWERS)
    assert [ballot.example for ballot in found] != sorted(ANSWERS)
    left = [ballot.left for ballot in found]
    assert left.count("0001-a") == left.count("prompt") == 20
    assert left[:20].count("prompt") not in (0, 20)
    assert all({ballot.left, ballot.right} == {"0001-a", "prompt"} for ballot in found)


def test_the_same_seed_goes_on_where_it_was_left() -> None:
    first = votes.ballots(ANSWERS, first="a", second="b", seed="0001")
    assert first == votes.ballots(dict(reversed(ANSWERS.items())), first="a", second="b", seed="0001")
    assert first != votes.ballots(ANSWERS, first="a", second="b", seed="0002")


def test_answers_that_are_the_same_are_not_voted_on() -> None:
    found = votes.ballots({1: ("yes", " yes\n"), 2: ("yes", "no")}, first="a", second="b", seed="")
    assert [ballot.example for ballot in found] == [2]


def test_votes_are_kept_changed_and_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    assert votes.read(path) == []
    one, two, three = Ballot(1, "a", "b"), Ballot(2, "b", "a"), Ballot(3, "a", "b")
    votes.cast(path, one, "left")
    votes.cast(path, two, "left")
    votes.cast(path, three, "tie")
    assert votes.tally(votes.read(path), first="a", second="b") == Tally(wins=1, losses=1, ties=1)
    votes.cast(path, Ballot(2, "a", "b"), "left")  # the same pair, sides changed
    votes.cast(path, three, "none")
    kept = votes.read(path)
    assert votes.tally(kept, first="a", second="b") == Tally(2, 0, 0)
    assert votes.tally(kept, first="b", second="a") == Tally(0, 2, 0)
    assert votes.tally(kept, first="a", second="c") == Tally(0, 0, 0)
    assert len(path.read_text().splitlines()) == 5, "nothing is ever overwritten"


def test_half_a_line_costs_one_vote_at_most(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    votes.cast(path, Ballot(1, "a", "b"), "left")
    with open(path, "ab") as file:
        file.write(b'{"example": 2, "le')
    votes.cast(path, Ballot(3, "a", "b"), "right")
    assert [(vote.example, vote.winner) for vote in votes.read(path)] == [(1, "a"), (3, "b")]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="could not be kept"):
        votes.cast(tmp_path / "none" / "votes.jsonl", Ballot(1, "a", "b"), "left")
    with pytest.raises(RunError, match="could not be written"):
        votes.write_pairs(tmp_path / "none" / "pairs.jsonl", [])


def test_the_tally_says_what_chance_does() -> None:
    assert Tally(9, 1, 5).probability == pytest.approx(0.0215, abs=1e-4)
    assert Tally(9, 1, 5).voted == 15
    assert Tally(0, 0, 3).probability == 1


@pytest.mark.parametrize(
    ("tally", "decisive"),
    [
        (Tally(6, 0, 4), False),
        (Tally(7, 0, 0), True),
        (Tally(1, 9, 0), True),
        (Tally(8, 2, 0), False),
        (Tally(16, 4, 0), False),  # p = 0.01, but it was looked at twenty times
        (Tally(17, 3, 9), True),
    ],
)
def test_votes_that_decide(tally: Tally, *, decisive: bool) -> None:
    assert tally.is_decisive is decisive


def test_who_stops_at_any_vote_is_wrong_in_one_of_twenty_cases() -> None:
    """Exact, of two systems that are equally good: after each of up to 100 votes the tally may be looked at."""
    open_, wrong = {0: 1.0}, 0.0
    for n in range(1, 101):
        after: dict[int, float] = {}
        for wins, probability in open_.items():
            for more in (0, 1):
                after[wins + more] = after.get(wins + more, 0.0) + probability / 2
        wrong += sum(after.pop(wins) for wins in list(after) if Tally(wins, n - wins, 0).is_decisive)
        open_ = after
    assert wrong == pytest.approx(0.0503, abs=0.0001)


def test_preference_pairs(tmp_path: Path) -> None:
    examples = {1: Example("Greet", "Ann", "Ahoy", system="Be a pirate", id=1), 2: Example("Bye", id=2)}
    answers = {(1, "a"): "Ahoy Ann", (1, "b"): "Hello", (2, "a"): "x", (2, "b"): "y"}
    cast = [
        Vote(example=1, left="b", right="a", choice="right"),
        Vote(example=2, left="a", right="b", choice="tie"),
        Vote(example=7, left="a", right="b", choice="left"),
    ]
    pairs = votes.preference_pairs(cast, examples, answers)
    votes.write_pairs(tmp_path / "pairs.jsonl", pairs)
    (line,) = (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "prompt": [{"role": "system", "content": "Be a pirate"}, {"role": "user", "content": "Greet\n\nAnn"}],
        "chosen": [{"role": "assistant", "content": "Ahoy Ann"}],
        "rejected": [{"role": "assistant", "content": "Hello"}],
    }
