import dataclasses
import re

import pytest
from planted_verdicts import evidence

from core.evaluation import verdict_words as words
from core.evaluation.comparison import Measured
from core.evaluation.evidence import Evidence, Side, deciding, loss_measure, measure
from core.evaluation.verdict import State, Verdict, judge
from core.evaluation.votes import Tally
from core.guidance.purpose import Purpose

FACTS = Purpose(answers={"lacks": ("knowledge",)})


def test_a_clear_win() -> None:
    found = judge(evidence(gain=15))
    assert found.state is State.CLEAR_WIN
    assert found.next[0] == "use_adapter"
    assert words.sentence(found) == "Fine-tuning beat your best prompt, on 40 held-out examples."
    assert words.lines(found)[0].startswith("Closeness to the expected answers (chrF, 0 to 100): ")
    assert "95 % interval +" in words.lines(found)[0]


def test_a_clear_loss() -> None:
    found = judge(evidence(gain=-15))
    assert found.state is State.LOSS
    assert "keep_prompt" in found.next
    assert "use_adapter" not in found.next
    assert words.sentence(found).startswith("Fine-tuning did not help: your best prompt did better")


def test_a_tie() -> None:
    found = judge(evidence(examples=200, spread=12, ours=Side(40, 0.5), theirs=Side(640, 1.1)))
    assert found.state is State.TIE
    assert found.next[0] == "cheaper_prompt"
    assert words.sentence(found).startswith("Fine-tuning did not beat your best prompt: both are equally good")
    assert "saves 600 tokens" in words.advice(found)[0].reason
    assert any("40 tokens with the adapter, 640 with your best prompt" in line for line in words.lines(found))


def test_better_in_loss_only() -> None:
    found = judge(evidence(examples=40, spread=20, loss_gain=0.5))
    assert found.state is State.LOSS_ONLY
    assert {"hold_out_more", "vote"} <= set(found.next)
    assert "not clearly better" in words.sentence(found)


def test_too_few_examples() -> None:
    found = judge(evidence(examples=6, gain=30))
    assert found.state is State.TOO_LITTLE
    assert found.wanted == 20
    assert found.decided_by is None
    assert words.sentence(found) == "There is too little data for a verdict: 6 held-out examples."


def test_too_wide_to_tell() -> None:
    found = judge(evidence(examples=15, spread=25))
    assert found.state is State.TOO_LITTLE
    assert found.wanted is not None
    assert found.wanted > 15
    assert words.sentence(found) == "15 held-out examples are too few to tell fine-tuning from your best prompt."
    assert f"About {found.wanted:,} would settle it." in words.advice(found)[0].reason


def test_without_a_prompt_that_is_what_comes_next() -> None:
    found = judge(evidence(gain=15, rival="base"))
    assert found.next[:2] == ("use_adapter", "measure_prompt")
    assert words.sentence(found).startswith("Fine-tuning beat the base model alone")


def test_answers_that_are_right_or_wrong() -> None:
    found = judge(evidence(examples=60, gain=0.45, decides="exact"))
    assert found.state is State.CLEAR_WIN
    line = words.lines(found)[0]
    assert line.startswith("Exactly the expected answer: ")
    assert "% with your best prompt (+" in line


@pytest.mark.parametrize(
    ("votes", "state"),
    [
        (Tally(9, 1, 0), State.CLEAR_WIN),
        (Tally(1, 9, 0), State.LOSS),
        (Tally(7, 3, 0), State.TIE),  # may be chance: the measure decides
        (Tally(5, 0, 5), State.TIE),
    ],
)
def test_votes_that_cannot_be_chance_decide(votes: Tally, state: State) -> None:
    found = judge(evidence(examples=200, votes=votes))
    assert found.state is state
    assert (found.decided_by == "votes") == (state is not State.TIE)
    line = next(line for line in words.lines(found) if line.startswith("Blind votes"))
    assert ("Chance alone" in line) == (state is not State.TIE)


def test_what_the_curve_says() -> None:
    turned = judge(evidence(gain=-15, curve=[(10, 2.0), (20, 1.5), (30, 1.9)]))
    assert "stop_earlier" in turned.next
    assert "lowest at step 20" in next(a.reason for a in words.advice(turned) if a.kind == "stop_earlier")
    assert "more_epochs" in judge(evidence(gain=-15, curve=[(10, 2.0), (20, 1.5)])).next
    assert not {"more_epochs", "stop_earlier"} & set(judge(evidence(gain=15, curve=[(10, 2.0), (20, 1.5)])).next)


def test_what_the_examples_and_the_purpose_say() -> None:
    found = judge(evidence(gain=-15, suspicious=3, trained_on=40), FACTS)
    assert {"retrieval", "clean_examples", "more_examples"} <= set(found.next)
    reasons = {a.kind: a.reason for a in words.advice(found)}
    assert reasons["clean_examples"].startswith("3 examples look mislabelled")
    assert reasons["more_examples"].startswith("It learnt from 40 examples")
    assert "retrieval" not in judge(evidence(gain=15), FACTS).next


def test_forgetting_is_told_even_of_a_winner() -> None:
    found = judge(evidence(gain=15, neutral=(2.0, 2.6)))
    assert "forgets" in found.next
    assert "it forgot: 30 % higher" in " ".join(words.lines(found))
    assert "forgets" not in judge(evidence(gain=15, neutral=(2.0, 2.1))).next


def test_every_advice_has_words() -> None:
    for gain in (-15, 0, 15):
        for given in (evidence(gain=gain), evidence(gain=gain, rival="base"), evidence(examples=3, gain=gain)):
            found = judge(given, FACTS)
            assert all(a.title and a.reason for a in words.advice(found))
            assert words.sentence(found).endswith(".")


@pytest.mark.parametrize("decides", ["chrf", "exact"])
def test_equal_systems_are_rarely_told_apart(decides: str) -> None:
    states = [judge(evidence(examples=50, seed=seed, decides=decides)).state for seed in range(200)]  # type: ignore[arg-type]
    wrong = states.count(State.CLEAR_WIN) + states.count(State.LOSS)
    assert wrong <= 18, "95 % intervals: about 10 of 200"


def test_a_real_difference_is_found() -> None:
    states = [judge(evidence(examples=50, gain=10, spread=15, seed=seed)).state for seed in range(100)]
    assert states.count(State.CLEAR_WIN) >= 95
    assert State.LOSS not in states


def test_the_number_of_examples_wanted_is_about_right() -> None:
    small = judge(evidence(examples=20, gain=6, spread=20, seed=4))
    assert small.state is State.TOO_LITTLE
    assert small.wanted is not None
    settled = [
        judge(evidence(examples=max(300, small.wanted), gain=6, spread=20, seed=seed)).state for seed in range(20)
    ]
    assert settled.count(State.CLEAR_WIN) >= 18


def test_labels_are_measured_by_exact_match_and_prose_by_closeness() -> None:
    assert deciding(["refund", "delivery", "a longer one that explains itself"]) == "exact"
    assert deciding(["Ahoy, the parcel sails tomorrow at dawn."] * 3) == "chrf"
    assert deciding([]) == "chrf"


def test_only_examples_that_both_have_count() -> None:
    found = measure("chrf", {1: 50.0, 2: 60.0, 3: 70.0, 4: 1.0}, {1: 40.0, 2: 55.0, 3: 61.0, 9: 99.0})
    assert found is not None
    assert (found.ours, found.theirs) == (60.0, pytest.approx(52.0))
    assert found.gain.n == 3
    assert found.gain.difference == pytest.approx(8.0)
    assert measure("chrf", {1: 50.0}, {1: 40.0}) is None


def test_the_loss_counts_each_token_alike_as_the_run_does() -> None:
    def rows(*pairs: tuple[float | None, int]) -> dict[int, Measured]:
        return {
            id: Measured(example=id, system="x", loss=loss, targets=targets) for id, (loss, targets) in enumerate(pairs)
        }

    ours, theirs = rows((10.0, 10), (90.0, 30), (None, 5)), rows((20.0, 10), (120.0, 30), (3.0, 5))
    found = loss_measure(ours, theirs)
    assert found is not None
    assert (found.ours, found.theirs) == (2.5, 3.5)
    assert found.gain.difference == pytest.approx(1.0)
    assert found.gain.n == 2
    assert loss_measure(rows((1.0, 2)), rows((1.0, 2))) is None


def test_a_verdict_is_made_from_evidence_alone() -> None:
    given = evidence(gain=15)
    assert isinstance(given, Evidence)
    assert judge(given) == judge(dataclasses.replace(given))
    assert isinstance(judge(given), Verdict)


def test_letters_that_nobody_has_right_are_counted_as_letters() -> None:
    nothing = dict.fromkeys(range(20), 0.0)
    found = measure("chrf", nothing, nothing)
    assert found is not None
    assert found.gain.high > 10, "of 100, not of 1: twenty examples cannot show that two systems are alike to a letter"
    right = measure("exact", nothing, nothing)
    assert right is not None
    assert right.gain.high < 1


@pytest.mark.parametrize("rival", ["prompt", "base"])
@pytest.mark.parametrize("gain", [-15, -3, 0, 15])
def test_others_who_read_it_are_not_spoken_to(rival: str, gain: int) -> None:
    for examples in (3, 15, 40, 400):
        found = judge(evidence(examples=examples, gain=gain, rival=rival, loss_gain=0.3 if gain == 0 else 0.0))
        said = words.sentence(found, for_others=True)
        assert "you" not in said.lower()
        assert rival == "base" or examples == 3 or "the prompt it was compared with" in said
    for votes in (Tally(0, 30, 0), Tally(30, 0, 0)):
        found = judge(evidence(gain=gain, rival=rival, votes=votes))
        assert found.decided_by == "votes"
        assert words.sentence(found, for_others=True).startswith("In a blind test, ")


def test_negative_differences_have_a_true_minus_sign() -> None:
    (line, *_) = words.lines(judge(evidence(gain=-15)))
    assert re.search(r"\(−\d+\.\d; 95 % interval −\d+\.\d to −\d+\.\d\)", line)


def test_a_few_words_for_every_verdict() -> None:
    assert words.brief(judge(evidence(gain=15))) == "Better than your best prompt"
    assert words.brief(judge(evidence(gain=-15))) == "Worse than your best prompt"
    assert words.brief(judge(evidence(examples=3))) == "Not told apart from your best prompt yet"
    assert words.brief(judge(evidence(examples=400, spread=5))) == "As good as your best prompt"
