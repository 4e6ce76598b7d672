"""The style rate counts what it says."""

import pytest

from core.errors import UserError
from core.evaluation.style import StyleRule, exact_rate, style_rate


def test_the_share_of_texts_in_which_the_pattern_is_found():
    texts = ["Dear Ana, yours", "dear Bo", "Hi Cy", "Well, Dear Di\nYours"]
    assert style_rate(texts, r"Dear \w+") == 0.5
    assert style_rate(texts, r"(?i)^dear") == 0.5
    assert style_rate(texts, r"(?s)Dear.*Yours$") == 0.25
    assert style_rate(iter(texts), "") == 1.0


def test_no_texts_have_no_style():
    assert style_rate([], "x") == 0.0


def test_a_pattern_that_is_none_is_said():
    with pytest.raises(UserError, match="not a regular expression"):
        style_rate(["a"], "(")


def test_exact_rate():
    assert exact_rate(["a ", "b", "c"], ["a", " b\n", "d"]) == pytest.approx(2 / 3)
    assert exact_rate([], []) == 0.0
    with pytest.raises(ValueError, match="zip"):
        exact_rate(["a"], [])


@pytest.mark.parametrize(
    ("kind", "text", "kept", "broken"),
    [
        ("pattern", r"(?i)^ahoy", "Ahoy, mate", "Well, ahoy"),
        ("pattern", r"\bsir$", "Yes, sir", "Yes, Sir"),
        ("words", "Dear, kind regards", "dear Ann … Kind\n regards", "Dear Ann … regards"),
        ("words", "art", "Art is long", "The party starts"),
        ("words", "C++, 20 €", "c++ costs 20 €", "c costs 20 €"),
        ("words", ", ,", "anything", None),
        ("pattern", "", "anything", None),
    ],
)
def test_a_rule_is_kept_or_broken(kind: str, text: str, kept: str, broken: str | None) -> None:
    rule = StyleRule(kind=kind, text=text)
    assert rule.holds(kept)
    assert rule.is_empty is (broken is None)
    if broken is not None:
        assert not rule.holds(broken)


def test_a_pattern_that_is_none_or_runs_wild_is_told() -> None:
    with pytest.raises(UserError, match="not a regular expression"):
        StyleRule(text="(").check()
    with pytest.raises(UserError, match="takes too long"):
        StyleRule(text="(a|aa)+$").holds("a" * 60 + "b")
