"""A review of all examples in a child process, followed by its messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.child import Child
from core.dataset.review.findings import Finding, Group, Progress, Report
from core.dataset.review.rules import RULES

_CHILD = "core.review_child"
_MEGABYTES = 4096
_AT_ONCE = 5000  # findings in a message


class ReviewJob:
    """One review of a project's examples; ``stop`` may be called from any thread."""

    def __init__(self, project: Path) -> None:
        """Prepare; ``project`` is its folder."""
        self._child = Child(_CHILD, {"project": str(project)}, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Progress | Report]:
        """How the reading goes, and what was found.

        Blocks: for a thread. What was looked at before, and has not changed, is not looked at again.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: the examples cannot be read.
        """
        found: list[Finding] = []
        for message in self._child.messages():
            if "progress" in message:
                yield Progress(*message["progress"])
            elif "findings" in message:
                found += (_finding(row) for row in message["findings"])
            elif "report" in message:
                yield report(found, **message["report"])

    def stop(self) -> None:
        """End the work; what was looked at so far is kept for the next time."""
        self._child.stop()


def report(findings: list[Finding], *, examples: int, revision: int, ignored: int = 0, problem: str = "") -> Report:
    """The report of these findings; the other arguments are its attributes."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    groups = []
    flagged: set[int] = set()
    for rule in RULES:
        if found := by_rule.get(rule.id):
            found.sort(key=lambda finding: (finding.examples, finding.field, finding.start))
            ids = {id for finding in found for id in finding.examples}
            flagged |= ids
            groups.append(Group(rule, tuple(found), tuple(sorted(ids))))
    return Report(tuple(groups), examples, revision, len(flagged), ignored, problem)


def told(findings: list[Finding]) -> Iterator[dict[str, Any]]:
    """The messages that carry findings out of the child."""
    for start in range(0, len(findings), _AT_ONCE):
        rows = [
            [f.rule, f.severity, f.examples, f.message, f.field, f.start, f.end]
            for f in findings[start : start + _AT_ONCE]
        ]
        yield {"findings": rows}


def _finding(row: list[Any]) -> Finding:
    rule, severity, examples, message, field, start, end = row
    return Finding(rule, severity, tuple(examples), message, field, start, end)
