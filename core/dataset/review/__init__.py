"""Looking through all examples for what spoils a training: findings by rule, and safe fixes.

The public face of this package: callers take everything from here.
"""

from core.dataset.review.findings import Finding, Group, Progress, Report, Rule, Severity
from core.dataset.review.fixes import fix
from core.dataset.review.ignored import ignore, restore_ignored
from core.dataset.review.job import ReviewJob
from core.dataset.review.rules import RULES

__all__ = [
    "RULES",
    "Finding",
    "Group",
    "Progress",
    "Report",
    "ReviewJob",
    "Rule",
    "Severity",
    "fix",
    "ignore",
    "restore_ignored",
]
