"""What a review of the examples tells: findings, gathered by the rule that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "hint"]
"""``error``: spoils what is learnt or must not get out; ``warning``: look at it; ``hint``: may well be as it should."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for.

    Attributes:
        id: its name in files and on the command line.
        title: what is wrong, in a few words.
        explanation: why it matters and what to do, in a sentence or two.
        severity: how much.
        fix: the words of the button that mends all findings; empty where only a person can.
        can_ignore: whether the user may say that it is as it should be.
    """

    id: str
    title: str
    explanation: str
    severity: Severity
    fix: str = ""
    can_ignore: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        rule: the id of its rule.
        severity: the rule's.
        examples: the examples it is about; of duplicates, the one to keep comes first.
        message: what is wrong here, in a sentence.
        field: where; empty when it is about whole examples.
        start, end: which characters of the field; -1 when it is about all of it. Of ``history``, they are those of all
            earlier turns, joined by line ends.
    """

    rule: str
    severity: Severity
    examples: tuple[int, ...]
    message: str
    field: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule, by the number of the first example, and all examples that they are about."""

    rule: Rule
    findings: tuple[Finding, ...]
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a review has found.

    Attributes:
        groups: those of rules that found something, in the order of ``RULES``.
        examples: how many examples were looked at; excluded ones are not.
        revision: of the store when they were read.
        flagged: how many different examples the findings are about.
        ignored: how many findings the user does not want to see.
        problem: why something could not be looked at (the base model's tokens); empty when all was.
    """

    groups: tuple[Group, ...]
    examples: int
    revision: int
    flagged: int
    ignored: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` examples have been read."""

    done: int
    total: int
