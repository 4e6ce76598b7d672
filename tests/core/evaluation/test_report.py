from pathlib import Path

import pytest
from comparison_factory import ADAPTER, add_rows, comparison

from core.evaluation import verdict_words, votes
from core.evaluation.comparison import LeftOut, dump_row
from core.evaluation.job import ComparisonJob
from core.evaluation.report import report
from core.evaluation.results import Results
from core.evaluation.style import StyleRule
from core.evaluation.verdict import State
from core.evaluation.votes import Ballot
from core.guidance.purpose import Purpose


def test_the_report_of_an_adapter_that_says_what_is_expected(tmp_path: Path) -> None:
    found = report(comparison(tmp_path))
    verdict = found.verdicts[ADAPTER]
    assert verdict.state is State.CLEAR_WIN
    assert verdict.evidence.rival == "prompt"
    assert verdict.evidence.examples == 12
    assert verdict.evidence.against_other["chrf"].gain.is_above
    base, prompt, adapter = found.figures
    assert (adapter.chrf, adapter.exact, adapter.rouge_l) == (pytest.approx(100), 1.0, pytest.approx(1))
    assert base.exact == 0
    assert (prompt.prompt_tokens, adapter.prompt_tokens) == (120, 20)
    assert adapter.against["loss"].ours == pytest.approx(adapter.loss)
    assert adapter.perplexity == pytest.approx(2.718281828 ** (adapter.loss or 0))
    assert base.neutral == pytest.approx(2.0)
    assert not base.against


def test_without_a_prompt_the_base_model_is_the_rival(tmp_path: Path) -> None:
    folder = comparison(tmp_path, prompt=False)
    found = report(folder).verdicts[ADAPTER]
    assert (found.evidence.rival, found.evidence.against_other) == ("base", {})
    assert "measure_prompt" in found.next


def test_a_prompt_that_makes_it_worse_is_not_what_has_to_be_beaten(tmp_path: Path) -> None:
    folder = comparison(tmp_path, rows=False)
    add_rows(folder, prompt="Never mind.")
    found = report(folder)
    verdict = found.verdicts[ADAPTER]
    assert (found.rival, verdict.evidence.rival, verdict.evidence.prompt_tried) == ("base", "base", True)
    assert verdict_words.sentence(verdict) == (
        "Fine-tuning beat the base model alone, which does better than your best prompt, on 12 held-out examples."
    )
    assert "better_prompt" in verdict.next
    assert "measure_prompt" not in verdict.next
    assert any("better than those of your best prompt" in line for line in verdict_words.lines(verdict))


def test_a_prompt_alone_has_no_verdict(tmp_path: Path) -> None:
    found = report(comparison(tmp_path, adapter=False, train=0))
    assert found.verdicts == {}
    assert [figures.system.key for figures in found.figures] == ["base", "prompt"]


def test_nothing_found_yet(tmp_path: Path) -> None:
    found = report(comparison(tmp_path, rows=False))
    assert found.verdicts[ADAPTER].state is State.TOO_LITTLE
    assert all(figures.chrf is None and figures.loss is None for figures in found.figures)


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    folder = comparison(tmp_path)
    with open(folder.rows_file, "ab") as file:
        file.write(dump_row(LeftOut(example=1, system="prompt", what="answer", reason="It is too long.")))
    found = report(folder).verdicts[ADAPTER]
    assert found.evidence.left_out == 1
    assert "1 example could not be answered" in " ".join(verdict_words.lines(found))


def test_only_what_both_have_answered_counts(tmp_path: Path) -> None:
    folder = comparison(tmp_path, rows=False)
    add_rows(folder, answers=4)
    found = report(folder).verdicts[ADAPTER]
    assert (found.state, found.evidence.examples) == (State.TOO_LITTLE, 4)


def test_the_style_rule_is_one_more_measure(tmp_path: Path) -> None:
    folder = comparison(tmp_path)
    found = report(folder, rule=StyleRule(kind="words", text="Ahoy, matey"))
    assert [figures.style for figures in found.figures] == [0, 0, 1]
    assert found.verdicts[ADAPTER].evidence.measures["style"].gain.is_above


def test_a_rule_that_cannot_be_used_spoils_nothing_else(tmp_path: Path) -> None:
    found = report(comparison(tmp_path), rule=StyleRule(kind="pattern", text="(("))
    assert found.style_problem is not None
    assert found.verdicts[ADAPTER].state is State.CLEAR_WIN
    assert found.figures[0].style is None


def test_the_votes_count(tmp_path: Path) -> None:
    folder = comparison(tmp_path)
    for id in range(1, 9):
        votes.cast(folder.votes_file, Ballot(id, "prompt", ADAPTER), "left")
    found = report(folder).verdicts[ADAPTER]
    assert (found.state, found.decided_by) == (State.LOSS, "votes")
    assert found.evidence.votes is not None
    assert found.evidence.votes.losses == 8


def test_the_purpose_bears_on_what_to_do_next(tmp_path: Path) -> None:
    folder = comparison(tmp_path, rows=False)
    facts = Purpose(answers={"lacks": ("knowledge",)})
    assert "retrieval" in report(folder, purpose=facts).verdicts[ADAPTER].next


def test_one_that_is_complete_is_shown_again_without_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = comparison(tmp_path)  # its adapter is not even there any more

    def start(_job: ComparisonJob) -> None:
        raise AssertionError("there is nothing to compute")

    monkeypatch.setattr(ComparisonJob, "_start", start)
    (told,) = ComparisonJob(folder).messages()
    assert (told.words, told.share) == ("Done", 1.0)
    assert len(told.rows) == Results(folder).work().total
